"""Loads a Hugging Face causal model to be fine-tuned, and says plainly why it cannot be."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psutil
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from catalog.errors import UsageError
from nl2sql.weights import located

SMALLER = "Choose a smaller model, or train on a machine with more memory."
ROOM = 1.25
"""Memory that training needs beside the weights, as a factor."""
OPTIONS: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""Of everything that is loaded: no network, no code of others."""


def load_tokenizer(model: str) -> Any:
    """The tokenizer of a model. Raises `UsageError` without one that can end a text."""
    with _load_explained(model):
        tokenizer = AutoTokenizer.from_pretrained(located(model), **OPTIONS)
    if tokenizer.eos_token is None:
        raise UsageError(f"The tokenizer of {model} has no end token, so the model could not learn to stop.", "Choose another model.")
    return tokenizer


def load_base(model: str) -> tuple[nn.Module, torch.dtype]:
    """The model on the GPU in bfloat16 where there is one, else on the CPU in float32; and the type its weights are stored in.

    Raises `UsageError` for a model that is not there, is none for text generation, or is bigger than the free memory.
    """
    with _load_explained(model):
        config = AutoConfig.from_pretrained(located(model), **OPTIONS)
        with torch.device("meta"):
            weights = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    free = torch.cuda.mem_get_info()[0] if device == "cuda" else psutil.virtual_memory().available
    needed = int(weights * dtype.itemsize * ROOM)
    if needed > free:
        raise UsageError(f"{model} has {weights / 1e9:.1f} billion weights and needs about {needed / 1e9:.0f} GB; {free / 1e9:.0f} GB are free.", SMALLER)
    with _load_explained(model):
        loaded = AutoModelForCausalLM.from_pretrained(located(model), dtype=dtype, use_safetensors=True, **OPTIONS).to(device)
    if device == "cuda":
        loaded.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    stored = getattr(config, "dtype", None)
    return loaded, stored if isinstance(stored, torch.dtype) else dtype


def device_of(model: nn.Module) -> torch.device:
    """Where a model's weights are."""
    return next(model.parameters()).device


def accepts(model: Any, argument: str) -> bool:
    """Whether the model under the adapter takes a keyword argument."""
    return argument in inspect.signature(model.get_base_model().forward).parameters


@contextmanager
def memory_explained() -> Iterator[None]:
    """Turns an allocation that failed into a `UsageError` with advice."""
    try:
        yield
    except MemoryError as full:
        raise UsageError("The memory is not enough to train this model.", SMALLER) from full
    except RuntimeError as full:  # torch.OutOfMemoryError is one; the CPU's allocator raises the plain kind
        if isinstance(full, torch.OutOfMemoryError) or "allocate memory" in str(full) or "not enough memory" in str(full):
            raise UsageError("The memory is not enough to train this model.", SMALLER) from full
        raise


@contextmanager
def _load_explained(model: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as bad:
        reason = " ".join(str(bad).split())[:300]
        raise UsageError(f"{model} cannot be loaded as a causal language model: {reason}", "It needs config.json, a tokenizer and safetensors.") from bad
