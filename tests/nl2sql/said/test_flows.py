"""Flows: which way they go, where they begin and end, how they are made. Each rule with its near misses."""

import pytest

from tests.nl2sql.said.asked import said

OUT_OF = "FROM lineage WHERE lineage.upstream EQ @dataset2{} SELECT lineage.downstream"
INTO = "FROM lineage WHERE lineage.downstream EQ @dataset2{} SELECT lineage.upstream"
NEXT_TO = "FROM lineage WHERE lineage.upstream EQ @dataset2 OR lineage.downstream EQ @dataset2 SELECT lineage.upstream lineage.downstream"
TWO = "FROM lineage WHERE lineage.upstream EQ @dataset1 OR lineage.upstream EQ @dataset2 SELECT lineage.downstream{}"
NO_PARENTS = "NOT_EXISTS datasets.name=lineage.downstream lineage:table_level END"
NO_CHILDREN = "NOT_EXISTS datasets.name=lineage.upstream lineage:table_level END"
HAS_CHILDREN = "EXISTS datasets.name=lineage.upstream lineage:table_level END"
DATASETS = "FROM datasets WHERE {} SELECT datasets.name"
COUNTED = "FROM datasets WHERE {} SELECT COUNT"
FROM = "EXISTS datasets.name=lineage.downstream lineage.upstream EQ @dataset{} END"
LEARNT = "FROM lineage WHERE lineage.downstream EQ @model1{} SELECT lineage.upstream"
TRAINED = "FROM models JOIN lineage.downstream=models.name WHERE lineage:table_level{} SELECT models.name COUNT_DISTINCT lineage.upstream"

MENDED = [
    ("tables that dataset2 draws on directly or by way of others", INTO.format(" lineage.depth GT 1"), INTO.format("")),
    ("sources of dataset2 through all the stages", INTO.format(" lineage.depth EQ 1"), INTO.format("")),
    ("tables computed from dataset2", INTO.format(""), OUT_OF.format("")),
    ("tables three hops below dataset2", INTO.format(""), OUT_OF.format("")),
    ("offspring of dataset2", INTO.format(""), OUT_OF.format("")),
    ("everything that rests on dataset2", INTO.format(""), OUT_OF.format("")),
    ("dataset2 feeds which reports", INTO.format(""), OUT_OF.format("")),
    ("whatever goes into dataset2", OUT_OF.format(""), INTO.format("")),
    ("what does dataset2 rely on", OUT_OF.format(""), INTO.format("")),
    ("ingredients of dataset2", OUT_OF.format(""), INTO.format("")),
    ("dataset2 was assembled out of which tables", OUT_OF.format(""), INTO.format("")),
    ("parents and children of dataset2", INTO.format(""), NEXT_TO),
    ("neighbours of dataset2", OUT_OF.format(""), NEXT_TO),
    ("tables that use both dataset1 and dataset2", TWO.format(""), TWO.format(" HAVING COUNT_DISTINCT lineage.upstream EQ 2")),
    ("tables made of dataset1 but not of dataset2", TWO.format(""), TWO.format(" HAVING COUNT_IF lineage.upstream EQ @dataset2 END EQ 0")),
    ("tables without any source", DATASETS.format(NO_CHILDREN), DATASETS.format(NO_PARENTS)),
    ("tables nothing is derived from", DATASETS.format(NO_PARENTS), DATASETS.format(NO_CHILDREN)),
    ("tables without parents or children", DATASETS.format(NO_PARENTS), DATASETS.format(f"{NO_PARENTS} {NO_CHILDREN}")),
    ("how many tables has each model been trained on", TRAINED.format(""), TRAINED.format(" lineage.depth EQ 1")),
    ("what was model1 trained on", LEARNT.format(""), LEARNT.format(" lineage.depth EQ 1")),
    ("what comes of dataset2, directly or not >> directly only", OUT_OF.format(""), OUT_OF.format(" lineage.depth EQ 1")),
    ("what comes of dataset2, directly >> at any depth", OUT_OF.format(" lineage.depth EQ 1"), OUT_OF.format("")),
    ("what follows from dataset2", OUT_OF.format(" lineage.masking IS_FALSE"), OUT_OF.format("")),
    ("what follows from dataset2", OUT_OF.format(" lineage.last_run IS_NULL"), OUT_OF.format("")),
    ("what follows from dataset2", OUT_OF.format(" lineage.transform_type EQ 'generation'"), OUT_OF.format("")),
]
CHECKED = "FROM models WHERE {}EXISTS lineage.downstream=models.name {}EXISTS lineage.upstream=quality_checks.dataset quality_checks.status EQ 'failed' END END SELECT models.name"
NOT_TRAINED = "models.trained_on IS_NULL "
MENDED += [
    ("how many tables come of dataset2 (indirect ones too)", OUT_OF.format(" lineage.depth GT 1"), OUT_OF.format("")),
    ("what comes of dataset2, also indirectly", OUT_OF.format(" lineage.depth GT 1"), OUT_OF.format("")),
    ("models trained directly on data with failed tests", CHECKED.format(NOT_TRAINED, "lineage.depth EQ 1 "), CHECKED.format("", "lineage.depth EQ 1 ")),
]
HOPS = "FROM lineage WHERE lineage.upstream EQ @dataset2 lineage.downstream EQ @dataset1{} SELECT lineage.depth"
OF_TRAINING = "FROM datasets WHERE EXISTS datasets.name=lineage.upstream lineage.downstream EQ @model1{} END SELECT datasets.name"
MENDED += [
    ("everything that comes of dataset2, models included", OUT_OF.format(" lineage.downstream_kind EQ 'model'"), OUT_OF.format("")),
    ("everything that comes of dataset2 including the reports", OUT_OF.format(" lineage.downstream_kind EQ 'report'"), OUT_OF.format("")),
    ("what was model1 trained on >> any of these unlicensed", OF_TRAINING.format(""), OF_TRAINING.format(" lineage.depth EQ 1")),
]
OWN = "FROM models WHERE models.trained_on HAS @dataset2 SELECT models.name"
ALL_OF_IT = "FROM models WHERE EXISTS lineage.downstream=models.name lineage.upstream EQ @dataset2 lineage:table_level END SELECT models.name"
MENDED += [
    ("models trained directly on dataset2 >> include the indirect ones too", OWN, ALL_OF_IT),
    ("models trained on dataset2, directly or indirectly", OWN, ALL_OF_IT),
]
LEFT = [
    ("models trained on dataset2", OWN),
    ("models trained on dataset2, directly or indirectly >> directly only", OWN),
    ("models that come of dataset2, reports included", OUT_OF.format(" lineage.downstream_kind EQ 'model'")),
    ("what directly comes of dataset2 >> how many hops is it to dataset1", HOPS.format("")),
    ("what was model1 trained on, at any depth >> any of these unlicensed", OF_TRAINING.format("")),
    ("what lies behind model1 >> any of these unlicensed", OF_TRAINING.format("")),
    ("models trained on nothing, made of data with failed tests", CHECKED.format(NOT_TRAINED, "")),
    ("what comes of dataset2 indirectly", OUT_OF.format(" lineage.depth GT 1")),
    ("tables computed from dataset2", OUT_OF.format("")),
    ("whatever goes into dataset2", INTO.format("")),
    ("is dataset2 upstream of dataset1", "FROM lineage WHERE lineage.upstream EQ @dataset2 lineage.downstream EQ @dataset1 SELECT lineage.depth"),
    ("what does a change mean for the downstream dataset2", INTO.format("")),
    ("what is dataset2 used for", OUT_OF.format("")),
    ("flows of dataset2", INTO.format("")),
    ("tables computed from dataset2 >> and what goes into it", INTO.format("")),
    ("parents of dataset2 and their children kinds", INTO.format("")),
    ("tables that use dataset1 or dataset2", TWO.format("")),
    ("tables with no owner", DATASETS.format("datasets.owner IS_NULL")),
    ("tables without any source", DATASETS.format(NO_PARENTS)),
    ("how many tables is each model trained on, all the way up", TRAINED.format("")),
    ("everything that model1 was trained on, indirectly too", LEARNT.format("")),
    ("what stands behind model1", LEARNT.format("")),
    ("how many tables lie behind each trained model", TRAINED.format("")),
    ("what follows unmasked from dataset2", OUT_OF.format(" lineage.masking IS_FALSE")),
    ("what follows from dataset2 by a job that never ran", OUT_OF.format(" lineage.last_run IS_NULL")),
    ("what was made of dataset2 before that changed", "FROM lineage JOIN datasets.name=lineage.upstream WHERE lineage.last_run LT datasets.last_updated SELECT lineage.downstream"),
    ("columns in dataset1 but not in dataset2", TWO.format("").replace("SELECT", "lineage:column_level SELECT")),
    ("what is generated after dataset2", OUT_OF.format(" lineage.transform_type EQ 'generation'")),
]


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_flows_are_those_that_are_said(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended
    assert said(question, mended) == mended


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_other_flows_stay(question: str, plan: str) -> None:
    assert said(question, plan) == plan


@pytest.mark.parametrize(
    ("question", "plan", "mended"),
    [
        (
            "tables that have no parents but have children",
            DATASETS.format(NO_PARENTS),
            "FROM lineage WHERE lineage:table_level lineage.upstream_kind EQ 'dataset' NOT_EXISTS lineage.upstream=lineage.downstream lineage:table_level END SELECT lineage.upstream",
        ),
        (
            "sources of dataset2 that have no source themselves",
            DATASETS.format(f"EXISTS datasets.name=lineage.upstream lineage.downstream EQ @dataset2 END {NO_PARENTS}"),
            "FROM lineage WHERE lineage.downstream EQ @dataset2 NOT_EXISTS lineage.upstream=lineage.downstream lineage:table_level END SELECT lineage.upstream",
        ),
        (
            "how many tables come from both dataset1 and dataset2",
            COUNTED.format(f"{FROM.format(1)} {FROM.format(2)}"),
            "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream_kind EQ 'dataset' EXISTS lineage.downstream=lineage.downstream lineage.upstream EQ @dataset2 END SELECT COUNT_DISTINCT lineage.downstream",
        ),
    ],
)
def test_what_several_flows_name_needs_no_table_of_its_own(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended


@pytest.mark.parametrize(
    "plan",
    [
        DATASETS.format(FROM.format(1)),
        DATASETS.format(f"datasets.pii IS_TRUE {FROM.format(1)} {FROM.format(2)}"),
        DATASETS.format(f"{FROM.format(1)} {FROM.format(2)}") + " datasets.owner",
        DATASETS.format(f"{FROM.format(1)} EXISTS datasets.name=grants.dataset END"),
        DATASETS.format("NOT_" + FROM.format(1) + " NOT_" + FROM.format(2)),
    ],
)
def test_other_flows_name_what_is_listed(plan: str) -> None:
    assert said("tables of both", plan) == plan
