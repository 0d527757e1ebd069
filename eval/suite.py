"""Suites of questions with audited golds, as JSON lines or TOML: validated on load, split by a hash, described by a JSON Schema.

A shipped suite is ``suites/NAME.SPLIT.jsonl``; any other file is a suite by its path. Knows no model and runs nothing.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from catalog.errors import UsageError

SUITES = Path(__file__).parent / "suites"
Expected = Literal["answer", "ask_back", "refuse", "data_request", "change_request", "deny"]
Split = Literal["dev", "test"]
Tag = str | int | tuple[str, ...]


class Comparison(BaseModel):
    """How a result is compared with a gold's, where nothing else is said as people would: any order, extra columns welcome."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: bool = Field(default=False, description="The order of rows counts.")
    duplicates: bool = Field(default=False, description="How often a row occurs counts.")
    extra_columns: bool = Field(default=True, description="Columns that the gold lacks may be shown.")
    optional: tuple[str, ...] = Field(default=(), description="Columns of the gold that may be missing.")
    limit: bool = Field(default=True, description="The gold's LIMIT counts; when false, further rows after the gold's own are right too.")
    nulls: bool = Field(default=True, description="Rows that are all NULL count.")
    tolerance: float = Field(default=1e-6, ge=0, lt=1, description="Relative difference below which two numbers are the same.")


class Plant(BaseModel):
    """Hostile text that a publishing node has put into the catalog before the question is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1, description="Name of the dataset; one that the catalog lacks is added under that name.")
    column: str | None = Field(default=None, description="Column of the dataset, where the text is planted in one.")
    field: str = Field(default="description", description="Field that holds the text: description, title, owner … or definition of a column.")
    text: str


class Turn(BaseModel):
    """One question of a dialogue and what should happen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(min_length=1, max_length=20_000)
    outcome: tuple[Expected, ...] = Field(min_length=1, description="What should happen; several where each is right.")
    gold: tuple[str, ...] = Field(default=(), description="SQL over the views, one for every right reading; an answer has at least one.")
    compare: Comparison = Comparison()
    choices: tuple[tuple[str, ...], ...] = Field(
        default=(), description="What asking back must offer or ask for: of each entry one wording occurs in the choices or the message."
    )
    never: tuple[str, ...] = Field(default=(), description="Text that must not occur in anything that is shown.")

    @field_validator("outcome", "gold", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _golds_belong_to_answers(self) -> Self:
        if ("answer" in self.outcome) != bool(self.gold):
            raise ValueError("gold: an answer has golds, any other outcome has none")
        if self.choices and "ask_back" not in self.outcome:
            raise ValueError("choices: only asking back offers choices")
        return self


class Case(BaseModel):
    """A dialogue of one turn or several, who asks, and how it is counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=80, pattern=r"^[\w.:-]+$")
    principal: str | None = Field(default=None, description="Principal of the demo catalog who asks; none is anonymous.")
    turns: tuple[Turn, ...] = Field(min_length=1, max_length=20)
    plants: tuple[Plant, ...] = ()
    tags: dict[str, Tag] = Field(default={}, description="What results are broken down by: intent, style, typos (0 to 3), persona …")
    group: str = Field(default="", description="Cases of one group ask the same thing in other words.")
    audited: bool = Field(default=False, description="A second reader has written the gold anew and both agree.")

    @model_validator(mode="before")
    @classmethod
    def _one_turn_is_flat(cls, value: Any) -> Any:
        """``{"id", "question", "outcome", "gold"}`` → one turn."""
        if isinstance(value, dict) and "turns" not in value:
            own = {name: value[name] for name in Turn.model_fields if name in value}
            return {**{name: v for name, v in value.items() if name not in own}, "turns": [own]}
        return value

    @property
    def split(self) -> Split:
        return split_of(self.turns[0].question)


def split_of(question: str) -> Split:
    """Two fifths are held out, by SHA-256 of the question's UTF-8 text, so that nobody chooses which."""
    return "dev" if int(hashlib.sha256(question.encode()).hexdigest(), 16) % 5 < 3 else "test"


def load_suite(path: Path) -> list[Case]:
    """Every case of a suite file. Raises `UsageError` naming the file, the line and the field of the first fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise UsageError(f"The suite {path} cannot be read: {bad}.") from bad
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for line, entry in _toml(path, text) if path.suffix == ".toml" else _json_lines(path, text):
        try:
            case = Case.model_validate(entry)
        except ValidationError as bad:
            raise UsageError(f"{path.name}, line {line}, {_fault(bad)}", "steward eval schema prints what a case may hold.") from bad
        if case.id in seen:
            raise UsageError(f"{path.name}, line {line}, id: {case.id!r} is the id of line {seen[case.id]} too.")
        seen[case.id] = line
        cases.append(case)
    if not cases:
        raise UsageError(f"The suite {path} holds no case.")
    return cases


def find_suite(name: str, split: Split | Literal["all"] = "dev") -> list[Path]:
    """Files of a shipped suite by name, or of any other by path. Raises `UsageError` for what is neither."""
    wanted = get_args(Split) if split == "all" else (split,)
    shipped = [path for part in wanted if (path := SUITES / f"{name}.{part}.jsonl").is_file()]
    if shipped:
        return shipped
    if Path(name).is_file():
        return [Path(name)]
    raise UsageError(f"There is no suite {name!r}.", f"Give a file, or one of: {', '.join(shipped_suites())}.")


def shipped_suites() -> list[str]:
    """Names of the suites that come with Steward."""
    return sorted({path.name.split(".")[0] for path in SUITES.glob("*.*.jsonl")})


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one case; a case of one turn may hold the turn's fields itself."""
    schema = Case.model_json_schema()
    turn = schema["$defs"]["Turn"]
    schema["properties"] |= turn["properties"]
    schema["required"] = ["id"]
    schema["anyOf"] = [{"required": ["turns"]}, {"required": turn["required"]}]
    for part in (schema, turn):
        for name in ("outcome", "gold"):
            listed = part["properties"][name]
            part["properties"][name] = {"anyOf": [listed["items"], listed], "description": listed["description"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Case of a Steward suite"}


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as bad:
                raise UsageError(f"{path.name}, line {number}: this is not JSON: {bad}.") from bad


def _toml(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """Entries of ``[[case]]``, each with the line of its header."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as bad:
        raise UsageError(f"{path.name}: this is not TOML: {bad}.") from bad
    entries = document.pop("case", None)
    if document or not isinstance(entries, list):
        raise UsageError(f"{path.name}: a TOML suite is a list of [[case]] tables and nothing else.")
    headers = (number for number, line in enumerate(text.splitlines(), 1) if line.replace(" ", "").startswith("[[case]]"))
    yield from ((next(headers, 1), entry) for entry in entries)


def _fault(bad: ValidationError) -> str:
    first = bad.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != "turns" or len(first["loc"]) == 1)
    where = where.removeprefix("0.").removesuffix(".0") or "case"
    said = first["msg"].removeprefix("Value error, ")
    return f"{said}." if where in ("case", "0") and ": " in said else f"{where}: {said}."
