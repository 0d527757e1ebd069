"""Reads the fact files of the demo; knows where they are and how datasets are spread over them, not what they become."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent
DATASET_FILES = ("datasets_language", "datasets_instruction", "datasets_media", "datasets_science")

Facts = dict[str, Any]
"""A table of a TOML file."""


@cache
def facts(name: str) -> Facts:
    """The whole of ``<name>.toml``; shared, so nobody may change it."""
    return tomllib.loads((FACTS / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def published_datasets() -> Facts:
    """Facts of every public dataset by name."""
    return {name: spec for file in DATASET_FILES for name, spec in facts(file).items()}


@cache
def invented_datasets() -> Facts:
    """Facts of every dataset that exists only in the demo, by name."""
    return dict(facts("pipeline")["dataset"])


def people(*roles: str) -> list[str]:
    """Names of the people in these roles, or in all of them."""
    by_role: dict[str, list[str]] = facts("people")["roles"]
    return [name for role in roles or by_role for name in by_role[role]]


def role_of(person: str) -> str:
    """The first role that lists the person."""
    by_role: dict[str, list[str]] = facts("people")["roles"]
    return next(role for role, names in by_role.items() if person in names)
