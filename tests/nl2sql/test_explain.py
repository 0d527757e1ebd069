"""Plans in plain words."""

from datetime import datetime

import pytest

from nl2sql.corpus.compose import Composer
from nl2sql.errors import BadPlan
from nl2sql.explain import explain
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.values import Number, Period, Text, Value

BINDINGS: dict[str, Value] = {
    "@dataset1": Text(("C4",)),
    "@country1": Text(("KE", "Kenya")),
    "@country2": Text(("AO", "BF", "BW", "CD", "CI", "CM", "DZ", "EG", "ET", "GH")),
    "@number1": Number(5e9, "bytes"),
    "@number2": Number(3),
    "@period1": Period(datetime(2026, 10, 1), datetime(2026, 11, 1)),
    "@period2": Period(datetime(2026, 3, 1), None),
    "@period3": Period(None, datetime(2026, 3, 1)),
}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("FROM datasets SELECT SHOW", "datasets"),
        ("FROM datasets SELECT datasets.owner datasets.licence", "owner, licence of datasets"),
        ("FROM datasets SELECT COUNT", "number of datasets"),
        ("FROM datasets WHERE datasets.pii IS_TRUE SELECT SHOW", "datasets where PII is true"),
        ("FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner", "owner of datasets where dataset is C4"),
        ("FROM datasets WHERE datasets.country EQ @country1 SELECT COUNT", "number of datasets where country is KE or Kenya"),
        ("FROM datasets WHERE datasets.country EQ @country2 SELECT COUNT", "number of datasets where country is AO, BF, BW, CD, CI, CM, DZ, EG or 2 more"),
        ("FROM datasets WHERE datasets.bytes GT @number1 SELECT SHOW", "datasets where size is above 5,000,000,000 bytes"),
        ("FROM datasets WHERE datasets.licence IS_NULL SELECT SHOW", "datasets where licence is not set"),
        ("FROM datasets WHERE datasets.last_updated DURING @period1 SELECT SHOW", "datasets where last updated from 2026-10-01 to 2026-10-31"),
        ("FROM datasets WHERE datasets.last_updated DURING @period2 SELECT SHOW", "datasets where last updated since 2026-03-01"),
        ("FROM datasets WHERE datasets.last_updated NOT_DURING @period3 SELECT SHOW", "datasets where last updated not before 2026-03-01"),
        ("FROM datasets WHERE datasets:stale SELECT SHOW", "datasets where older than its update frequency promises"),
        ("FROM datasets WHERE NOT datasets:stale SELECT SHOW", "datasets where not (older than its update frequency promises)"),
        (
            "FROM datasets WHERE datasets.pii IS_TRUE OR datasets.phi IS_TRUE SELECT COUNT",
            "number of datasets where (PII is true or PHI is true)",
        ),
        ("FROM datasets WHERE datasets.licence_class EQ 'non-commercial' SELECT SHOW", "datasets where licence class is non-commercial"),
        ("FROM datasets SELECT AVG datasets.quality_score", "average quality score of datasets"),
        ("FROM datasets SELECT MAX datasets.last_updated", "latest last updated of datasets"),
        ("FROM datasets SELECT datasets#total_bytes", "total size, bytes of datasets"),
        ("FROM datasets SELECT SHOW ORDER datasets.bytes DESC LIMIT 5", "datasets, ordered by size, highest first, the first 5"),
        ("FROM datasets SELECT SHOW ORDER datasets.last_updated ASC", "datasets, ordered by last updated, earliest first"),
        ("FROM datasets SELECT SHOW ORDER datasets.name ASC", "datasets, ordered by dataset, from A to Z"),
        ("FROM datasets SELECT datasets.owner COUNT HAVING COUNT GT @number2", "owner, number of datasets, only where the number is above 3"),
    ],
)
def test_a_plan_in_words(plan: str, said: str) -> None:
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    assert explain(query, BINDINGS) == said


def test_every_plan_of_the_corpus_has_words() -> None:
    composer, explained = Composer(7), 0
    for _ in range(1500):
        example = composer.draw()
        try:
            plan = parse(example.plan)
        except BadPlan:
            continue
        if isinstance(plan, Query):
            words = explain(plan, {})
            assert words == words.strip()
            assert "_" not in words.replace("@", ""), f"{example.plan}: {words}"
            explained += 1
    assert explained > 500
