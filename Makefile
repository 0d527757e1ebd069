# Every target sets up what it needs. Overrides: PYTHON=python3.12, Q="a question", TOKEN=…

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
TRAIN := .venv-train/bin
PIP := pip --disable-pip-version-check install --quiet -c constraints.txt
PARALLEL := -n auto --dist loadfile
DEMO := build/demo
SUITES ?= governance abstain ambiguous permissions injection conversation
Q ?= which datasets contain personal data stored outside the EU?

.PHONY: ask demo test test-slow test-train check fmt docs eval bench security train clean

ask: $(DEMO)/CURRENT ## answer Q over the demo catalog
	@STEWARD_CATALOG=$(DEMO) $(BIN)/steward ask "$(Q)"

demo: $(DEMO)/CURRENT ## build the demo catalog

$(DEMO)/CURRENT: .venv/runtime
	STEWARD_CATALOG=$(DEMO) $(BIN)/steward demo

test: .venv/dev ## the tests; needs no torch
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not train"

test-slow: .venv/dev ## DuckDB's whole SQL corpus through the guard, every gold, accuracy
	$(BIN)/python -m pytest $(PARALLEL) -m slow

test-train: .venv-train/ready ## a few training steps, export, and the exported model reads
	$(TRAIN)/python -m pytest -m train tests/training

check: .venv/dev ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: .venv/dev ## mend what the linter can
	$(BIN)/ruff check --fix .

docs: .venv/runtime ## what is made from declarations and phrase files
	$(BIN)/python -m catalog.describe > docs/views.md
	$(BIN)/python -m nl2sql.corpus.lexicon
	$(BIN)/steward eval schema > eval/suites/schema.json

eval: .venv/runtime ## every suite's development split on the embedded model, and the page about it
	rm -rf build/eval
	$(BIN)/steward eval run $(SUITES) --out build/eval
	$(BIN)/steward eval report build/eval

bench: .venv/runtime ## start-up and question times, a table and build/bench.json
	$(BIN)/python -m eval.bench

security: .venv/dev ## every long security check, build/security.json and docs/security-report.md, half an hour
	$(BIN)/python -m eval.security

train: .venv-train/ready ## the embedded model anew and calibrated, about an hour and a half on two cores
	$(TRAIN)/steward train
	rm -rf build/calibration
	$(TRAIN)/steward eval run governance permissions --always-answer --out build/calibration
	$(TRAIN)/python -m eval.calibrate build/calibration nl2sql/embedded/weights

.venv/runtime: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/$(PIP) -e .
	touch $@

.venv/dev: .venv/runtime
	$(BIN)/$(PIP) -e ".[dev]"
	touch $@

.venv-train/ready: pyproject.toml constraints.txt
	test -x $(TRAIN)/python || $(PYTHON) -m venv .venv-train
	$(TRAIN)/$(PIP) torch==2.13.0
	$(TRAIN)/$(PIP) -e ".[train,dev]"
	touch $@

clean: ## remove what the targets made
	rm -rf build .venv .venv-train .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
