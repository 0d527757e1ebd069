"""Where a model's weights lie on this machine: its folder, or a snapshot in Hugging Face's cache. Fetches nothing.

The layout of the cache is that of huggingface_hub: ``models--ORG--NAME/refs/REVISION`` holds a commit, ``snapshots/COMMIT`` its files.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.errors import UsageError
from nl2sql.plan.language import END, HEADS

NAME = re.compile(r"(?!.*(?:--|\.\.))(?:[A-Za-z0-9_][\w.-]{0,95}/)?[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)
"""Of a model of the hub, as huggingface_hub takes it; such a name leads out of no folder."""
REVISION = re.compile(r"[A-Za-z0-9_][\w.-]{0,127}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
MOST_BYTES = 64_000_000
"""Of a JSON file that is read."""


def is_named(model: str) -> bool:
    """Whether this is how models of the hub are called."""
    return NAME.fullmatch(model) is not None


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Hugging Face's cache, as its own variables say: ``HF_HUB_CACHE``, ``HF_HOME``, ``XDG_CACHE_HOME``."""
    if named := environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE"):
        return Path(named).expanduser()
    home = environment.get("HF_HOME") or Path(environment.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def is_offline(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether Hugging Face's libraries are told to fetch nothing."""
    return any(environment.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def folder_of(model: str, revision: str = "main") -> Path | None:
    """The folder that holds all of a model's weights; None where they are not here, or only in part."""
    folder = Path(model)
    if not folder.is_dir():
        if not (is_named(model) and REVISION.fullmatch(revision)):
            return None
        entry = cache_folder() / f"models--{model.replace('/', '--')}"
        commit = revision if COMMIT.fullmatch(revision) else _text(entry / "refs" / revision).strip()
        if not COMMIT.fullmatch(commit):
            return None
        folder = entry / "snapshots" / commit
    return folder if (folder / "config.json").is_file() and files(folder) and _is_whole(folder) else None


def located(model: str) -> Path:
    """The folder that a model which is loaded here lies in. Raises `UsageError` where there is none: nothing is fetched unasked."""
    folder = Path(model).expanduser()
    if found := folder_of(str(folder) if folder.is_dir() else model):
        return found
    require_name(model)
    raise UsageError(
        f"The weights of {model} are not on this machine, and none are fetched unasked.", f"See how big they are at https://huggingface.co/{model}, then: hf download {model}"
    )


def require_name(model: str) -> None:
    """Raise `UsageError` for what is no folder of weights, not all of one, and no name of a model of the hub either."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        raise UsageError(f"{folder} holds no model, or not all of it.", "A model's folder has config.json, a tokenizer and *.safetensors.")
    if not is_named(model):
        raise UsageError(f"There is no model folder {model}.", "Name a folder with config.json and safetensors, or an id such as Qwen/Qwen3-0.6B.")


def files(folder: Path) -> list[Path]:
    """Files of weights."""
    found = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    return [file for file in found if file.is_file()]


def writes_plans(folder: Path) -> bool:
    """Whether a model writes plans, as those of ``steward train --variant causal`` do: its words begin with the plan language's."""
    model = _object(folder / "tokenizer.json").get("model")
    words = model.get("vocab") if isinstance(model, dict) else None
    return isinstance(words, dict) and [words.get(END), words.get(f" {HEADS[0]}")] == [0, 1]


def _is_whole(folder: Path) -> bool:
    """Whether every file that the index names is there. A download that broke off leaves links to nothing, or no file."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return True
    parts = _object(index).get("weight_map")
    return isinstance(parts, dict) and all((folder / str(part)).is_file() for part in set(map(str, parts.values())))


def _object(file: Path) -> dict[str, Any]:
    """A file's JSON object; empty where it holds none."""
    try:
        read = json.loads(_text(file))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _text(file: Path) -> str:
    """What a file holds; nothing where it cannot be read or is longer than any such file."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        return content.decode("utf-8") if len(content) <= MOST_BYTES else ""
    except (OSError, ValueError):
        return ""
