"""Curated attacks: statements that try to read, infer, change or exhaust what their asker may not, each as data.

Made by crossing what is sought with every place where it can stand, every wrapping and every way to break out of a text. The same every
time. Knows no guard and no catalog: ``{file}`` and its like are filled in by who runs them.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eval.security.shapes import WRAPPINGS, payloads, probes

LEAST = 1_500
"""Attacks that a release is held against (security.md, numeric goals)."""
SHAPES = Path(__file__).with_name("attacks.toml")
STRIDE = 7919
"""A prime that divides no count of attacks, so that every so-many-th one is from everywhere."""
THREATS = {
    **dict.fromkeys(("column", "row", "view", "mask"), "T1"),
    **dict.fromkeys(("schema", "setting"), "T4"),
    "write": "T5",
    "file": "T6",
    "resource": "T7",
}
"""Goal to its line in the threat model."""


@dataclass(frozen=True, slots=True)
class Attack:
    """``after`` is what it wants: a hidden column, row, view, mask, file, setting or schema, a write, or resources."""

    id: str
    after: str
    sql: str

    @property
    def threat(self) -> str:
        """Line of the threat model, T1 to T13."""
        return THREATS[self.after]

    def filled(self, places: dict[str, str]) -> str:
        """The SQL with what there is to find: paths, the process above, an environment variable."""
        sql = self.sql
        for name, place in places.items():
            sql = sql.replace(f"{{{name}}}", place).replace(f"{{{name.upper()}}}", place)
        return sql


@cache
def attacks() -> tuple[Attack, ...]:
    """Every attack, no text twice."""
    shapes = tomllib.loads(SHAPES.read_text(encoding="utf-8"))
    made: dict[str, Attack] = {}
    for attack in (*_placed(shapes), *_wrapped(shapes), *_alone(shapes), *_pasted(), *_failing()):
        made.setdefault(attack.sql, attack)
    return tuple(made.values())


def spread(everything: Sequence[Attack], most: int, seed: int = 0) -> list[Attack]:
    """At most so many of the attacks, from all over; the same for the same seed."""
    count = len(everything)
    return [everything[(seed + at * STRIDE) % count] for at in range(min(most, count))]


def _placed(shapes: dict[str, Any]) -> Iterator[Attack]:
    for name, value in shapes["value"].items():
        for position, template in shapes["position"].items():
            yield Attack(f"placed: {name} / {position}", value["after"], template.replace("{}", value["sql"]))


def _wrapped(shapes: dict[str, Any]) -> Iterator[Attack]:
    for base, sql in shapes["base"].items():
        for name, wrapping in WRAPPINGS.items():
            yield Attack(f"wrapped: {base} / {name}", "file" if base in ("file", "catalog") else "view", wrapping(sql))


def _alone(shapes: dict[str, Any]) -> Iterator[Attack]:
    for after, statements in shapes["statement"].items():
        for name, sql in statements.items():
            yield Attack(f"alone: {after} / {name}", after, sql)


def _pasted() -> Iterator[Attack]:
    for name, after, sql in payloads():
        yield Attack(f"pasted: {name}", after, sql)


def _failing() -> Iterator[Attack]:
    for name, sql in probes():
        yield Attack(f"failing: {name}", "row", sql)
