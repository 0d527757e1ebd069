# Every target sets up what it needs. Overrides: PYTHON=python3.12, Q="a question", TOKEN=…

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
TRAIN := .venv-train/bin
VLLM := .venv-vllm/bin
PIP := pip --disable-pip-version-check install --quiet -c constraints.txt
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder
# What tests write lies in memory where there are 2 GB and programs may be started, so that no sync waits for a disk; compiled modules are kept.
SCRATCH := $(shell grep -qs ' /dev/shm .*noexec' /proc/mounts || df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 2000000 { print "TMPDIR=/dev/shm" }')
PYTEST := $(SCRATCH) PYTHONDONTWRITEBYTECODE=
DEMO := build/demo
SUITES ?= governance abstain ambiguous permissions injection conversation strangers
N ?= 20000
Q ?= which datasets contain personal data stored outside the EU?

.PHONY: ask demo test test-slow test-train test-vllm check fmt docs shots eval bench bench-scale security train clean

ask: $(DEMO)/CURRENT ## answer Q over the demo catalog
	@STEWARD_CATALOG=$(DEMO) $(BIN)/steward ask "$(Q)"

demo: $(DEMO)/CURRENT ## build the demo catalog

$(DEMO)/CURRENT: .venv/runtime
	STEWARD_CATALOG=$(DEMO) $(BIN)/steward demo

test: .venv/dev ## the tests; needs no torch
	$(PYTEST) $(BIN)/python -m pytest $(PARALLEL) -m "not slow and not train and not served"

test-slow: .venv/dev ## DuckDB's whole SQL corpus through the guard, every gold, accuracy
	$(PYTEST) $(BIN)/python -m pytest $(PARALLEL) -m slow

test-train: .venv-train/ready ## a few training steps, export, and the exported model reads
	$(PYTEST) $(TRAIN)/python -m pytest -m train tests/training

test-vllm: .venv/dev .venv-vllm/ready ## a real vLLM on the CPU, with a tiny random model, served and in process; 2.1 GB to install, some minutes
	$(PYTEST) STEWARD_TEST_VLLM=$(abspath $(VLLM))/python $(BIN)/python -m pytest -m served tests/served

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

shots: .venv/runtime ## a picture of every screen of steward chat, docs/shots
	$(BIN)/python -m tui.chat.shots docs/shots

eval: .venv/runtime ## every suite's development split on the embedded model, and the page about it
	rm -rf build/eval
	$(BIN)/steward eval run $(SUITES) --out build/eval
	$(BIN)/steward eval report build/eval

bench: .venv/runtime ## start-up and question times, a small synthetic catalog; tables, build/bench.json and build/scale.json
	$(BIN)/python -m eval.bench
	$(BIN)/python -m eval.scale --datasets 2000

bench-scale: .venv/runtime ## a synthetic catalog of N datasets, build/scale.json; a million takes hours
	$(BIN)/python -m eval.scale --datasets $(N) --scratch build

security: .venv/dev ## every long security check, build/security.json and docs/security-report.md, half an hour
	$(BIN)/python -m eval.security

train: .venv-train/ready ## the embedded model further, from what ships, and calibrated: an hour and a half on two cores
	$(TRAIN)/steward train
	rm -rf build/calibration
	$(TRAIN)/steward eval run governance permissions strangers --always-answer --out build/calibration
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

.venv-vllm/ready: tests/served/requirements.txt
	test -x $(VLLM)/python || $(PYTHON) -m venv .venv-vllm
	$(VLLM)/pip --disable-pip-version-check install --quiet --no-compile torch==2.13.0
	$(VLLM)/pip --disable-pip-version-check install --quiet --no-compile --no-deps -r tests/served/requirements.txt
	$(VLLM)/pip --disable-pip-version-check install --quiet --no-deps -e .
	touch $@

clean: ## remove what the targets made
	rm -rf build .venv .venv-train .venv-vllm .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
