"""Which columns approved SQL names, and which closed things a question names."""

from datetime import datetime
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.access.policy import ANONYMOUS, Authorisation, Deny, Permit
from catalog.semantic import views
from nl2sql.closed import closed_named, columns_named
from nl2sql.guard import approve, schema_of
from nl2sql.linking.mentions import Linked, Mention
from nl2sql.values import Text

NOW = datetime(2026, 11, 1)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT count(*) FROM grants g JOIN grants h USING (principal)", {"principal"}),
        ("SELECT g.dataset FROM grants g JOIN grants h USING (principal, granted_by)", {"dataset", "principal", "granted_by"}),
        ("SELECT count(*) FROM market WHERE buyer IS NULL ORDER BY 1", {"buyer"}),
        ("SELECT count(*) FROM grants", set[str]()),
    ],
)
def test_every_column_that_is_read_is_named(sql: str, named: set[str]) -> None:
    permits = {name: Permit(name, dict.fromkeys(views()[name].columns, "show"), "", ("r",)) for name in ("grants", "market")}
    assert columns_named(approve(sql, schema_of(Authorisation(ANONYMOUS, "v", permits, {})), NOW).sql) == named


def scope(hidden: dict[str, set[str]]) -> Authorisation:
    """Everything is open but these columns, or, where none are named, these views."""
    permits = {v.name: Permit(v.name, {c: "show" for c in v.columns if c not in hidden.get(v.name, ())}, "", ("opens",)) for v in views().values()}
    return Authorisation(ANONYMOUS, "v", {n: p for n, p in permits.items() if hidden.get(n) != set()}, {n: Deny(f"no-{n}") for n in hidden if not hidden[n]})


CLOSED: dict[str, set[str]] = {"grants": set(), "consents": set(), "datasets": {"steward"}, "market": {"buyer"}}


@pytest.mark.parametrize(
    ("question", "what", "rule"),
    [
        ("who holds grants on dataset1", "The view grants is not open to you.", "no-grants"),
        ("every GRANT that has run out", "The view grants is not open to you.", "no-grants"),
        ("consent records of dataset1", "The view consents is not open to you.", "no-consents"),
        ("who is the steward of dataset1?", "The column datasets.steward is not open to you.", "opens"),
        ("what did the buyer pay", "The column market.buyer is not open to you.", "opens"),
        ("who owns dataset1", "", ""),  # the owner is open
        ("when is it", "", ""),
        ("", "", ""),
        ("how many nodes are there", "", ""),
    ],
)
def test_what_a_question_names_that_is_closed(question: str, what: str, rule: str) -> None:
    found = closed_named(Linked(question.lower(), {}, {}), scope(CLOSED))
    assert (found.what, found.rule) == (what, rule) if found else not what


def test_names_of_the_catalog_are_no_words_of_the_question() -> None:
    """A dataset that is called like a view, which the asker sees; a name that nothing has is said in words."""
    for known in (True, False):
        mention = Mention(0, 6, "dataset", Text(("grants",)), "grants", known)
        found = closed_named(Linked("who owns dataset1", {"@dataset1": mention.value}, {"@dataset1": mention}), scope(CLOSED))
        assert (found is None) == known


WORDS = sorted(set(chain.from_iterable([v.name, *v.synonyms, *(s for c in v.columns.values() for s in (c.name, *c.synonyms))] for v in views().values())))


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.sets(st.sampled_from(sorted(views())), max_size=5))
def test_only_what_is_closed_is_ever_denied(said: list[str], closed: set[str]) -> None:
    found = closed_named(Linked(" ".join(said).lower(), {}, {}), scope({name: set() for name in closed}))
    assert found is None or found.rule in {f"no-{name}" for name in closed}
    assert closed_named(Linked(" ".join(said).lower(), {}, {}), scope({})) is None
