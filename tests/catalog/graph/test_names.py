"""Names: exact, in any case, other names, columns, and what is said of those that nothing or too much bears."""

from typing import Any

import pytest

from catalog.errors import UsageError
from catalog.graph.names import Ambiguous, resolve

DATASETS: list[dict[str, Any]] = [
    {"name": "customers", "aliases": ["clients", "crm/people"]},
    {"name": "Llama 3.1", "aliases": []},
    {"name": "The Pile", "aliases": ["pile"]},
    {"name": "Pile of Law", "aliases": ["hf/pile"]},
    {"name": "customers.email", "aliases": []},
    {"name": "Twin", "aliases": []},
    {"name": "TWIN", "aliases": []},
]
COLUMNS = [{"dataset": "customers", "column_name": name} for name in ("email", "Phone")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customers", "customers"),
        (" CUSTOMERS ", "customers"),
        ("clients", "customers"),
        ("people", "customers"),
        ("Llama 3.1", "Llama 3.1"),
        ("customers.email", "customers.email"),
        ("clients.phone", "customers.Phone"),
        ("TWIN", "TWIN"),
        ("report.v2", "report"),
    ],
)
def test_what_a_name_means(snapshot: Any, text: str, expected: str) -> None:
    connection = snapshot(["customers > report.v2"], datasets=DATASETS, columns=COLUMNS)
    assert str(resolve(connection, text)).removesuffix(".v2") == expected


@pytest.mark.parametrize("text", ["pile", "PILE", "twin"])
def test_a_name_of_several_asks_back(snapshot: Any, text: str) -> None:
    with pytest.raises(Ambiguous) as asked:
        resolve(snapshot([], datasets=DATASETS), text)
    assert asked.value.exit_code == 6
    assert asked.value.choices == (("TWIN", "Twin") if text == "twin" else ("Pile of Law", "The Pile"))


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("custmers", "There is no dataset, model or report named 'custmers' that you may see.", "Did you mean customers or customers.email?"),
        ("qqq", "There is no dataset, model or report named 'qqq' that you may see.", "Search by meaning: steward catalog similar TEXT."),
        ("clients.emial", "customers has no column 'emial' that you may see.", "Did you mean email?"),
        ("a.b.c", "There is no dataset, model or report named 'a.b.c' that you may see.", "Search by meaning: steward catalog similar TEXT."),
        ("  ", "There is no name.", "Give the name of a dataset, model or report."),
        ("x" * 2001, "The name is longer than 2,000 characters.", "Give the name of a dataset, model or report."),
        ("'; DROP TABLE lineage; --\udcff", "There is no dataset, model or report named \"'; DROP TABLE lineage; --?\" that you may see.", "Search by meaning: steward catalog similar TEXT."),
    ],
)
def test_what_is_said_of_a_name_that_nothing_bears(snapshot: Any, text: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError) as told:
        resolve(snapshot([], datasets=DATASETS, columns=COLUMNS), text)
    assert (told.value.what, told.value.hint) == (what, hint)
