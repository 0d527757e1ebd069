"""Plans whose conditions no row meets together, and near ones that some row may meet."""

import re

import pytest

from nl2sql.corpus.phrases import load
from nl2sql.plan.canonical import canonical
from nl2sql.plan.grammar import parse
from nl2sql.plan.sense import is_sensible

LETTERS = {"": "1", "b": "2", "c": "3"}
EACH = 20
"""Of so many plans of the phrase files one is tried; the others take half a minute."""


@pytest.mark.parametrize(
    ("conditions", "sensible"),
    [
        ("grants WHERE grants.dataset EQ @dataset1 grants:live grants:expired", False),
        ("grants WHERE grants:expired grants.revoked IS_TRUE", True),
        ("nodes WHERE nodes.kind EQ 'storage' nodes.kind EQ 'compute'", False),
        ("nodes WHERE nodes.kind EQ 'storage' OR nodes.kind EQ 'compute'", True),
        ("nodes WHERE nodes.kind EQ 'storage' nodes.kind NE 'compute'", True),
        ("nodes WHERE nodes.kind EQ 'storage' nodes.kind NE 'storage'", False),
        ("datasets WHERE datasets.country EQ @country1 datasets.country EQ @country2", True),
        ("datasets WHERE datasets.pii IS_TRUE datasets.pii IS_FALSE", False),
        ("datasets WHERE datasets.pii IS_TRUE datasets.phi IS_FALSE", True),
        ("datasets WHERE datasets:stale NOT datasets:stale", False),
        ("datasets WHERE datasets:stale NOT datasets:frequent", True),
        ("datasets WHERE datasets:generated datasets.generating_model IS_NULL", False),
        ("quality_checks WHERE quality_checks:unassigned quality_checks.assignee EQ @person1", False),
        ("grants WHERE grants.expires IS_NULL grants.expires DURING @period1", False),
        ("grants WHERE grants.expires IS_NULL grants.granted DURING @period1", True),
        ("grants WHERE grants.expires PAST grants.expires DURING @period1", True),
        ("grants WHERE grants.expires PAST grants.expires FUTURE", False),
        ("models WHERE models.trained_on IS_NULL models.trained_on HAS_NOT @dataset1", True),
        ("models WHERE models.trained_on IS_NULL models.trained_on HAS @dataset1", False),
        ("lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream EQ @dataset1", False),
        ("lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream EQ @dataset2", True),
        ("lineage WHERE lineage.upstream EQ @dataset1 OR lineage.downstream EQ @dataset1", True),
        ("market WHERE market.event EQ 'rated' market:sold", False),
        ("market WHERE market.rating GE 4 market:sold", True),
        ("claims WHERE claims:outvoted claims.claimed_value EQ claims.consensus_value", True),
        ("datasets WHERE EXISTS datasets.name=grants.dataset grants:live grants:expired END", False),
        ("datasets WHERE NOT_EXISTS datasets.name=grants.dataset grants:live grants:expired END", False),
        ("datasets WHERE EXISTS datasets.name=grants.dataset grants:live END EXISTS datasets.name=grants.dataset grants:expired END", True),
        ("datasets WHERE EXISTS datasets.name=grants.dataset grants:expired END NOT_EXISTS datasets.name=grants.dataset grants:live END", True),
    ],
)
def test_conditions_that_no_row_meets_ask_for_nothing(conditions: str, sensible: bool) -> None:
    assert is_sensible(parse(f"FROM {conditions} SELECT COUNT")) is sensible


@pytest.mark.parametrize(
    ("plan", "sensible"),
    [
        ("FROM datasets SELECT datasets.bytes ORDER datasets.bytes DESC LIMIT 1 PER datasets.name", False),
        ("FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT 1 PER datasets.owner", True),
        ("FROM quality_checks SELECT quality_checks.check_name ORDER quality_checks.opened DESC LIMIT 1 PER quality_checks.dataset", True),
        ("FROM datasets WHERE datasets.owner IS_NULL SELECT datasets.domain HAVING COUNT_DISTINCT datasets.owner GT 2", False),
        ("FROM datasets WHERE datasets.owner IS_NULL SELECT datasets.domain HAVING COUNT GT 2", True),
        ("FROM datasets WHERE datasets.owner IS_NULL SELECT datasets.domain HAVING COUNT_DISTINCT datasets.owner EQ 0", True),
    ],
)
def test_what_ranks_or_counts_nothing_asks_for_nothing(plan: str, sensible: bool) -> None:
    assert is_sensible(parse(plan)) is sensible


def test_what_people_ask_is_sensible() -> None:
    wholes = [whole for phrases in load().values() for whole in (*phrases.whole, *(turn for dialogue in phrases.dialogue for turn in dialogue.turn))]
    plans = [re.sub(r"@([a-z]+)(?:_([bc]))?(?= |$)", lambda m: f"@{m[1]}{LETTERS[m[2] or '']}", whole.plan) for whole in wholes[::EACH]]
    assert [plan for plan in plans if not is_sensible(canonical(parse(plan)))] == []
