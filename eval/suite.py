"""Suites of questions with audited golds: JSON lines, validated on load."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.errors import UsageError

CASES = Path(__file__).parent / "cases"
Expected = Literal["answer", "ask_back", "refuse", "data_request", "change_request", "deny"]


class Case(BaseModel):
    """A question, who asks it, what should happen, and the SQL of every right reading when it is an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    question: str = Field(min_length=1)
    principal: str | None = None
    outcome: Expected
    gold: tuple[str, ...] = ()
    ordered: bool = False
    views: tuple[str, ...] = ()
    style: str = ""
    tags: tuple[str, ...] = ()
    audited: bool = False


def load_suite(path: Path) -> list[Case]:
    """Every case of a suite. Raises `UsageError` naming line and field of the first bad one."""
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            case = Case.model_validate_json(line)
        except ValidationError as bad:
            first = bad.errors()[0]
            where = ".".join(map(str, first["loc"])) or "line"
            raise UsageError(f"{path.name}, line {number}, {where}: {first['msg']}.") from bad
        if (case.outcome == "answer") != bool(case.gold):
            raise UsageError(f"{path.name}, line {number}, gold: an answer has golds, any other outcome has none.")
        cases.append(case)
    if len({c.id for c in cases}) != len(cases):
        raise UsageError(f"{path.name}: two cases have the same id.")
    return cases
