"""What the plan of a question keeps of the plan before it."""

import re
from itertools import pairwise

import pytest

from nl2sql.corpus.phrases import HOLE, PHRASE_FILES, load_one
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query
from nl2sql.plan.tokens import spelled
from nl2sql.readings.follows import Before, followed, in_its_place, in_place_of, leans, looks_back, narrowed, others_of

LOST = "FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.name"
STALE = "FROM datasets WHERE datasets:stale SELECT COUNT"
OF_ITS_STEWARD = "FROM datasets WHERE EXISTS datasets.steward=datasets.steward datasets.name EQ @dataset1 END SELECT datasets.name datasets.steward"
BY_KIND = "FROM nodes SELECT nodes.kind nodes#average_trust"

FIRST = "which data is there"
LETTERS = {"": "1", "b": "2", "c": "3"}


def query(plan: str) -> Query:
    found = parse(plan)
    assert isinstance(found, Query)
    return found


@pytest.mark.parametrize(
    ("earlier", "said", "is_so"),
    [
        (["who owns dataset1?"], "only those with phi", True),
        (["who owns dataset1?"], "ok, and without the old ones", True),
        (["which nodes are down"], "how many of them are in country1", True),
        (["which nodes are down"], "of those, the newest", True),
        (["who runs node1"], "what else does he run", True),
        (["which nodes are down", "only in country1"], "and their operators?", True),
        (["only datasets with phi"], "and the owners?", False),
        (["which nodes are down"], "and in country1", False),
        (["which nodes are down"], "which datasets have only one replica", False),
        (["which nodes are down"], "what else is there", False),
        (["stale datasets"], "not the ones in country1", True),
        (["stale datasets"], "not the same owner", False),
        (["the number1 largest datasets"], "ok, make that number2", True),
    ],
)
def test_a_question_leans_on_the_one_before(earlier: list[str], said: str, is_so: bool) -> None:
    assert leans(earlier, said) is is_so
    plan = query("FROM datasets SELECT datasets.name")
    assert looks_back(plan, earlier, said, 0.9) is is_so
    assert looks_back(plan, earlier, said, 0.7)


NARROWED = {
    "what was lost": (LOST, STALE, STALE, "only those with phi", "FROM datasets WHERE datasets.phi IS_TRUE datasets:stale SELECT datasets.name"),
    "nothing was said to be left out": (LOST, STALE, STALE, "which hold phi", LOST),
    "another view": (LOST, "FROM nodes WHERE nodes:silent SELECT nodes.node", "FROM nodes SELECT nodes.node", "only those with phi", LOST),
    "a condition is taken away": ("FROM datasets SELECT COUNT", STALE, STALE, "leave out the age", "FROM datasets SELECT COUNT"),
    "all of it for another": (
        "FROM compliance WHERE compliance.dataset EQ @dataset2 SELECT compliance.requirement",
        "FROM compliance WHERE compliance.dataset EQ @dataset1 compliance.status EQ 'compliant' SELECT compliance.requirement",
        "FROM compliance WHERE compliance.dataset EQ @dataset1 compliance.status EQ 'compliant' SELECT compliance.requirement",
        "now all of it for dataset2",
        "FROM compliance WHERE compliance.dataset EQ @dataset2 SELECT compliance.requirement",
    ),
    "another value of the same column": (
        "FROM datasets WHERE datasets.country EQ @country2 SELECT COUNT",
        "FROM datasets WHERE datasets.country EQ @country1 SELECT COUNT",
        "FROM datasets WHERE datasets.country EQ @country1 SELECT COUNT",
        "just country2",
        "FROM datasets WHERE datasets.country EQ @country2 SELECT COUNT",
    ),
    "a named condition of the same column": (
        "FROM grants WHERE grants:live SELECT COUNT",
        "FROM grants WHERE grants.expires PAST SELECT COUNT",
        "FROM grants WHERE grants.expires PAST SELECT COUNT",
        "only the live ones",
        "FROM grants WHERE grants:live SELECT COUNT",
    ),
    "what the one before kept of the one before that": (
        "FROM datasets WHERE datasets.phi IS_TRUE SELECT datasets.owner",
        "FROM datasets WHERE datasets.phi IS_TRUE datasets:stale SELECT datasets.name",
        LOST,
        "and their owners",
        "FROM datasets WHERE datasets.phi IS_TRUE datasets:stale SELECT datasets.owner",
    ),
    "another topic than that": (
        "FROM datasets WHERE datasets.deprecated IS_TRUE SELECT COUNT",
        "FROM datasets WHERE datasets.phi IS_TRUE datasets:stale SELECT datasets.name",
        LOST,
        "how many are deprecated",
        "FROM datasets WHERE datasets.deprecated IS_TRUE SELECT COUNT",
    ),
    "the measure of groups": (
        "FROM nodes SELECT nodes.kind COUNT HAVING COUNT GE 3",
        BY_KIND,
        BY_KIND,
        "only kinds with 3 or more",
        "FROM nodes SELECT nodes.kind nodes#average_trust COUNT HAVING COUNT GE 3",
    ),
    "which of what else they have": (
        "FROM datasets WHERE datasets.name EQ @dataset1 datasets:stale SELECT datasets.name",
        OF_ITS_STEWARD,
        "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward",
        "which of these are stale",
        "FROM datasets WHERE datasets:stale EXISTS datasets.steward=datasets.steward datasets.name EQ @dataset1 END SELECT datasets.name",
    ),
}


def _own_words(plan: str) -> Query:
    """A plan with an edge of its own, which the grammar has none for."""
    own = "EXISTS datasets.steward=datasets.steward datasets.name EQ @dataset1 END"
    if own not in plan:
        return query(plan)
    rest = query(plan.replace(f" {own}", "").replace("WHERE SELECT", "SELECT"))
    (same,) = others_of(query("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward"), "what else does she have").where
    return Query(view=rest.view, where=(*rest.where, same), select=rest.select)


@pytest.mark.parametrize(("plan", "before", "read", "said", "expected"), NARROWED.values(), ids=NARROWED)
def test_what_narrows_keeps_what_it_does_not_test_itself(plan: str, before: str, read: str, said: str, expected: str) -> None:
    found = narrowed(query(plan), _own_words(before), query(read), said)
    assert spelled(found) == spelled(_own_words(expected))
    assert followed(query(plan), [FIRST], said, Before(_own_words(before), query(read), is_sure=True), 0.9) == found
    assert followed(query(plan), [FIRST], said, None, 0.9) == query(plan)


def test_of_an_answer_that_is_not_sure_nothing_is_kept() -> None:
    before = Before(query(STALE), query(STALE), is_sure=False)
    assert followed(query(LOST), [FIRST], "only those with phi", before, 0.9) == query(LOST)
    assert in_its_place(Before(query(OWNER), query(OWNER), is_sure=False), "and dataset2?", 0.3) is None


@pytest.mark.parametrize(
    ("before", "said", "probability", "expected"),
    [
        ("OWNER", "and dataset2?", 0.3, True),
        ("OWNER", "and dataset2?", 0.6, False),
        ("TOP", "make it number2", 0.9, True),
        ("TOP", "and the number2 smallest", 0.3, False),
    ],
)
def test_a_turn_that_only_changes_one_thing(before: str, said: str, probability: float, expected: bool) -> None:
    shown = query({"OWNER": OWNER, "TOP": "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT @number1"}[before])
    placed = in_its_place(Before(shown, shown, is_sure=True), said, probability)
    assert (placed is not None) is expected


FLOW = "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream EQ @dataset2 lineage.masking IS_FALSE SELECT lineage.job"
OWNER = "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner"


@pytest.mark.parametrize(
    ("before", "said", "expected"),
    [
        (OWNER, "and dataset2?", OWNER.replace("@dataset1", "@dataset2")),
        (OWNER, "no, sorry, i meant dataset3", OWNER.replace("@dataset1", "@dataset3")),
        (OWNER, "and not dataset2", None),
        (OWNER, "and country1?", None),
        (OWNER, "how big is dataset2", None),
        (OWNER, "and dataset2 or dataset3", None),
        (OWNER, "and then?", None),
        (FLOW, "and into dataset3", FLOW.replace("@dataset2", "@dataset3")),
        (FLOW, "same from dataset3", FLOW.replace("@dataset1", "@dataset3")),
        (FLOW, "and dataset3", None),
    ],
)
def test_one_value_takes_the_place_of_another(before: str, said: str, expected: str | None) -> None:
    placed = in_place_of(query(before), said)
    assert placed == (expected and query(expected))


@pytest.mark.parametrize(
    ("plan", "said", "expected"),
    [
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward", "what else does she take care of", OF_ITS_STEWARD),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.name datasets.steward", "which others have the same steward", OF_ITS_STEWARD),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.steward", "who looks after it", None),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.bytes", "what else is there about it", None),
        ("FROM datasets WHERE datasets:stale SELECT datasets.steward", "what else do they take care of", None),
        ("FROM datasets WHERE datasets.name EQ @dataset1 datasets:stale SELECT datasets.steward", "what else does she take care of", None),
    ],
)
def test_what_else_they_have_is_of_the_same_one(plan: str, said: str, expected: str | None) -> None:
    assert spelled(others_of(query(plan), said)) == spelled(_own_words(expected) if expected else query(plan))


def written() -> list[tuple[list[str], Query, str, Query]]:
    """Turns of the dialogues that people wrote: what was asked before with its plan, what is asked then with its own."""
    found = []
    for dialogue in load_one(PHRASE_FILES / "dialogues.toml").dialogue:
        plans = [canonical(parse(re.sub(r"@([a-z]+)(?:_([bc]))?(?= |$)", lambda m: f"@{m[1]}{LETTERS[m[2] or '']}", turn.plan))) for turn in dialogue.turn]
        said = [[HOLE.sub(lambda m: f"{m[1]}{LETTERS[m[2] or '']}", ask).lower() for ask in turn.ask] for turn in dialogue.turn]
        for at, (before, plan) in enumerate(pairwise(plans), 1):
            if isinstance(before, Query) and isinstance(plan, Query):
                found += [([one[0] for one in said[:at]], before, ask, plan) for ask in said[at]]
    return found


@pytest.mark.parametrize("probability", [0.9, 0.6])
def test_what_is_read_right_stays_as_it_is(probability: float) -> None:
    turns = written()
    shown = [(earlier, Before(before, before, is_sure=True), said, plan) for earlier, before, said, plan in turns]
    kept = [(said, followed(plan, earlier, said, before, probability), plan) for earlier, before, said, plan in shown]
    assert [said for said, found, plan in kept if (found.where, found.limit) != (plan.where, plan.limit)] == []
    placed = [(said, found, plan) for _, before, said, plan in shown if (found := in_place_of(before.plan, said) or in_its_place(before, said, probability))]
    assert [said for said, found, plan in placed if canonical(found) != plan] == []
    assert len(turns) > 4000 and len(placed) > 100
