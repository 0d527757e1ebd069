"""The sentence above the rows."""

from datetime import date, datetime
from typing import Any

import pytest

from catalog.engine.engine import Approved, ResultSet
from catalog.storage.closure import Cut, Fixed
from nl2sql.answer import cut_short, left_out, sentence
from nl2sql.linking.link import Linked, Mention
from nl2sql.turn import Freshness
from nl2sql.values import Text

FRESH = Freshness(1, None, None, False)


def result(columns: tuple[str, ...], rows: list[tuple[Any, ...]], truncated: bool = False) -> ResultSet:
    return ResultSet(columns, ("VARCHAR",) * len(columns), rows, truncated, 1.0)


@pytest.mark.parametrize(
    ("columns", "rows", "truncated", "said"),
    [
        (("a", "b"), [], False, "Nothing matches."),
        (("a",), [], True, "Nothing fits the limits on output."),
        (("a", "b"), [(1, 2)], False, "1 row."),
        (("a",), [(1,), (2,)], False, "2 rows."),
        (("a",), [(n,) for n in range(1200)], False, "1,200 rows."),
        (("a",), [(1,)], True, "The first 1 row; there are more."),
        (("a",), [(1,), (2,)], True, "The first 2 rows; there are more."),
        (("row_count",), [(1234567,)], False, "Row count: 1,234,567."),
        (("average_quality",), [(0.936478485,)], False, "Average quality: 0.936478."),
        (("pii",), [(True,)], False, "Pii: yes."),
        (("pii",), [(False,)], False, "Pii: no."),
        (("owner",), [(None,)], False, "Owner: not set."),
        (("owner",), [("Acme Inc.",)], False, "Owner: Acme Inc."),
        (("languages",), [(["English", "Hausa"],)], False, "Languages: English, Hausa."),
        (("languages",), [([],)], False, "Languages: none."),
        (("last",), [(datetime(2026, 10, 16, 9, 30),)], False, "Last: 2026-10-16 09:30 UTC."),
        (("last",), [(datetime(2026, 10, 16),)], False, "Last: 2026-10-16."),
        (("day",), [(date(2026, 10, 16),)], False, "Day: 2026-10-16."),
        (("SUM(bytes)",), [(1,)], False, "SUM(bytes): 1."),
        (("",), [(1,)], False, "Value: 1."),
    ],
)
def test_what_was_found(columns: tuple[str, ...], rows: list[tuple[Any, ...]], truncated: bool, said: str) -> None:
    assert sentence(result(columns, rows, truncated), "", None, FRESH) == said


def test_the_reading_follows() -> None:
    assert sentence(result(("a", "b"), [(1, 2)]), "number of datasets", None, FRESH) == "1 row. Read as: number of datasets."


@pytest.mark.parametrize(("rows", "said"), [([(1, 2)], "1 row. Some of the data behind this is synthetic."), ([], "Nothing matches.")])
def test_synthetic_data_is_called_out(rows: list[tuple[Any, ...]], said: str) -> None:
    assert sentence(result(("a", "b"), rows), "", None, Freshness(1, None, None, True)) == said


@pytest.mark.parametrize(
    ("kind", "known", "said"),
    [
        ("dataset", False, "Nothing matches. Nothing named 'Atlantis' is in the catalog that you can see."),
        ("dataset", True, "Nothing matches."),
        ("term", False, "Nothing matches."),
    ],
)
def test_a_name_that_the_asker_cannot_see_is_called_out(kind: str, known: bool, said: str) -> None:
    mention = Mention(0, 10, kind, Text(("Atlantis",)), '"Atlantis"', known)
    linked = Linked("dataset1", {}, {f"@{kind}1": mention})
    assert sentence(result(("a",), []), "", linked, FRESH) == said


CUT = Cut(4, 1234)


@pytest.mark.parametrize(
    ("cut", "fixed", "said"),
    [
        (None, None, ""),
        (CUT, None, "Lineage is shown to 4 hops; at least 1,234 pairs farther apart are left out. Name the upstream or the downstream to see all of its lineage."),
        (Cut(1, None), None, "Lineage is shown to direct flows only; longer ways are left out. Name the upstream or the downstream to see all of its lineage."),
        (CUT, Fixed(hops=4), ""),
        (Cut(4, 1), Fixed(hops=5), "Lineage is shown to 4 hops; at least 1 pair farther apart is left out. Name the upstream or the downstream to see all of its lineage."),
        (CUT, Fixed(upstream=frozenset("a")), "Lineage is shown to 4 hops; at least 1,234 pairs farther apart are left out."),
    ],
)
def test_lineage_that_ends_too_soon_is_called_out(cut: Cut | None, fixed: Fixed | None, said: str) -> None:
    caveats = cut_short(Approved("", frozenset({"lineage"}), (), fixed), cut)
    assert " ".join(caveats) == said
    assert sentence(result(("a", "b"), []), "", None, FRESH, caveats) == f"Nothing matches. {said}".strip()


@pytest.mark.parametrize(("unused", "said"), [((), ""), (("in May", "3"), "Not used: 'in May', '3'.")])
def test_values_that_were_not_used_are_called_out(unused: tuple[str, ...], said: str) -> None:
    assert " ".join(left_out(unused)) == said
