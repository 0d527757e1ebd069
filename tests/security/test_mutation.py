"""Faults put into what decides are noticed by its tests: a sample of them, and that the sample is drawn from what it says."""

from pathlib import Path

import pytest

from eval.security.mutate import Source
from eval.security.mutation import (
    AREAS,
    EQUIVALENTS,
    KILLED,
    NO_PROGRAM,
    ROOT,
    SURVIVED,
    UNREACHED,
    equivalents,
    run_area,
)

PROGRAM = '''
"""Words."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import os
TABLE = """
lower upper : text -> text
abs : T -> T
"""
ALLOWED = frozenset({"a", "b"})
RULES = {"x": 1, "y": 2}
def allows(name: str, roles: set[str]) -> bool:
    """Words."""
    if not name:
        raise ValueError("no name" + name)
    for role in roles:
        if role == "root":
            continue
    return name in ALLOWED and bool(roles)
def kinds(value):
    match value:
        case int() if value > 3:
            return 1
        case str():
            return None
    return [v for v in value if v]
'''
FAULTS = {
    "-: table less lower upper : text -> text",
    "-: table less lower upper : text -> text: lower",
    "-: table less lower upper : text -> text: upper",
    "-: table less abs : T -> T",
    "-: {'a', 'b'} less 'a'",
    "-: {'a', 'b'} less 'b'",
    "-: entries less 'x'",
    "-: entries less 'y'",
    "-: 1 → 2",
    "-: 2 → 3",
    "allows: if not not name",
    "allows: not name less not",
    "allows: less raise ValueError('no name' + name)",
    "allows: if not role == 'root'",
    "allows: role == 'root' → NotEq",
    "allows: less continue",
    "allows: return name in ALLOWED and bool(roles) → True",
    "allows: return name in ALLOWED and bool(roles) → False",
    "allows: name in ALLOWED and bool(roles) → Or",
    "allows: name in ALLOWED and bool(roles) less name in ALLOWED",
    "allows: name in ALLOWED and bool(roles) less bool(roles)",
    "allows: name in ALLOWED → NotIn",
    "kinds: less case int() #0",
    "kinds: less case str() #1",
    "kinds: case int() less if value > 3",
    "kinds: case int() if not value > 3",
    "kinds: value > 3 → GtE",
    "kinds: 3 → 4",
    "kinds: return 1 → None",
    "kinds: 1 → 2",
    "kinds: return [v for v in value if v] → None",
    "kinds: for v less if v",
}


def source(tmp_path: Path, text: str) -> Source:
    path = tmp_path / "program.py"
    path.write_text(text, encoding="utf-8")
    return Source("m", path)


def test_the_faults_of_a_program(tmp_path: Path) -> None:
    assert {mutant.name.removeprefix("m:") for mutant in source(tmp_path, PROGRAM).mutants} == FAULTS


def test_each_fault_is_another_program_and_leaves_the_source_as_it_was(tmp_path: Path) -> None:
    made = source(tmp_path, PROGRAM)
    whole = made.code(())
    codes = [made.code(mutant.edits) for mutant in made.mutants]
    assert all(code != whole for code in codes)
    assert made.code(()) == whole


def test_a_marked_program_tells_which_functions_are_called(tmp_path: Path) -> None:
    called: list[str] = []
    module: dict[str, object] = {"mark": called.append}
    exec(source(tmp_path, f"{PROGRAM}\nclass K:\n    def method(self):\n        return kinds(5)\n").marked("mark"), module)
    exec("K().method(); allows('a', {'root'})", module)
    assert called == ["K.method", "kinds", "allows"]


@pytest.mark.parametrize("area", sorted(AREAS))
def test_names_tell_the_mutants_of_an_area_apart(area: str) -> None:
    names = [m.name for module in AREAS[area][0] for m in Source(module, _path(module)).mutants]
    assert len(names) == len(set(names)) > 100


def test_known_equivalents_exist_and_have_reasons() -> None:
    names = {m.name for modules, _ in AREAS.values() for module in modules for m in Source(module, _path(module)).mutants}
    known = equivalents()
    assert known.keys() <= names, f"{EQUIVALENTS} names mutants that are no more: {sorted(known.keys() - names)}"
    assert all(known.values())


def _path(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def unnoticed(area: str, seed: int, quick: bool, most: int) -> list[str]:
    found = run_area(area, 3600, seed, quick, most, lambda _: None)
    assert sum(len(found[kind]) for kind in (KILLED, SURVIVED, UNREACHED, NO_PROGRAM)) == most
    return sorted({*found[SURVIVED], *found[UNREACHED]} - equivalents().keys())


@pytest.mark.parametrize("area", sorted(AREAS.keys() - {"guard"}))
def test_a_sample_of_faults_is_noticed(area: str) -> None:
    assert unnoticed(area, 1, True, 50) == []


@pytest.mark.slow
def test_a_sample_of_faults_in_the_guard_is_noticed() -> None:
    """Its tests alone take twenty seconds."""
    assert unnoticed("guard", 1, True, 150) == []
