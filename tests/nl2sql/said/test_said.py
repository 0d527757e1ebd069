"""What the words of a question rule out is mended in the plan, and what they leave open stays: each rule with its near misses."""

from datetime import datetime

import pytest

from nl2sql.linking.mentions import Linked, Mention
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, full_scope
from nl2sql.plan.tokens import spelled
from nl2sql.said.rules import as_said
from nl2sql.said.words import said_values
from nl2sql.values import Period, Text, Value

SEPTEMBER = datetime(2026, 9, 16)
VALUES: dict[str, tuple[str, Value]] = {
    "@period1": ("for more than a month", Period(SEPTEMBER, None)),
    "@period2": ("since last month", Period(SEPTEMBER, None)),
    "@period3": ("over the last month", Period(SEPTEMBER, None)),
    "@run1": ("chest x-ray", Text(("x-ray-1", "x-ray-2"))),
    "@run2": ("maize", Text(("maize-1",))),
    "@dataset1": ("mimic", Text(("MIMIC-III", "MIMIC-IV"))),
    "@dataset2": ("orders", Text(("orders",))),
}
FLOWS = "FROM lineage WHERE lineage.downstream EQ @dataset2"
RELATED = "FROM datasets WHERE EXISTS datasets.name=lineage.downstream lineage.upstream EQ @dataset2"
LEAKY = "FROM datasets WHERE NOT_EXISTS datasets.name=quality_checks.dataset quality_checks.status EQ 'passed' END SELECT datasets.name"
SOUND = (
    "FROM datasets WHERE EXISTS datasets.name=quality_checks.dataset END NOT_EXISTS datasets.name=quality_checks.dataset quality_checks.status NE 'passed' END SELECT datasets.name"
)
COLUMNS = "FROM lineage WHERE lineage.upstream EQ @dataset1 lineage.downstream EQ @dataset2 lineage.{}_column EQ @column1 SELECT lineage.path"
PERSONAL = "FROM columns WHERE columns.pii_category EQ 'email' OR columns.pii_category EQ 'phone' SELECT columns.column_name"
STATUS = "FROM quality_checks WHERE quality_checks.status EQ {} OR quality_checks.status EQ {} SELECT quality_checks.check_id"
EXPORTS = "FROM audit_log WHERE audit_log.action EQ 'export'{} SELECT audit_log.actor"
ALERTS = "FROM quality_checks WHERE quality_checks.alert_status {} SELECT quality_checks.dataset"
SEVERITIES = "FROM quality_checks{} SELECT quality_checks.severity COUNT"
EVENTS = "FROM node_events WHERE node_events.{} DURING @period2 SELECT COUNT"
TOUCHED = "FROM datasets WHERE datasets.{} DURING @period2 SELECT datasets.name"
ACKED = "FROM quality_checks WHERE quality_checks.acked DURING {} SELECT quality_checks.check_id"
SIZES = "FROM datasets SELECT {} AVG datasets.bytes"
RATED = "FROM market SELECT market.seller {} HAVING COUNT GT 3"
ROWS = "FROM datasets WHERE datasets.row_count {} SELECT datasets.name"
ROUNDS = "FROM training_rounds WHERE training_rounds.run EQ @{} SELECT {}"
LATEST = "FROM training_rounds LATEST WHERE training_rounds.run EQ @{} SELECT {}"
LICENCE = "FROM datasets WHERE datasets.name EQ @{} SELECT {}"
PARTS = "FROM nodes{} SELECT COUNT_IF nodes.status EQ 'online' END COUNT_IF nodes.status EQ 'offline' END"

MENDED: list[tuple[str, str, str]] = [
    ("what does dataset2 directly depend on", f"{FLOWS} SELECT lineage.upstream", f"{FLOWS} lineage.depth EQ 1 SELECT lineage.upstream"),
    ("tables built straight from dataset2", f"{RELATED} END SELECT datasets.name", f"{RELATED} lineage.depth EQ 1 END SELECT datasets.name"),
    ("inputs of dataset2, direct or not", f"{FLOWS} lineage.depth EQ 1 SELECT lineage.upstream", f"{FLOWS} SELECT lineage.upstream"),
    ("top number1 inputs of dataset2, directly or indirectly", f"{FLOWS} lineage.depth EQ 1 SELECT lineage.upstream", f"{FLOWS} SELECT lineage.upstream"),
    ("inputs of dataset2 including indirect ones", f"{FLOWS} lineage.depth GT 1 SELECT lineage.upstream", f"{FLOWS} SELECT lineage.upstream"),
    ("tables from dataset2, however far away", f"{RELATED} lineage.depth EQ 1 END SELECT datasets.name", f"{RELATED} END SELECT datasets.name"),
    ("what in dataset1 feeds column1 of dataset2", COLUMNS.format("upstream"), COLUMNS.format("downstream")),
    ("way from dataset1's column1 to dataset2", COLUMNS.format("downstream"), COLUMNS.format("upstream")),
    ("route to dataset2.column1 out of dataset1", COLUMNS.format("upstream"), COLUMNS.format("downstream")),
    ("columns with names, e-mail addresses or phone numbers", PERSONAL, PERSONAL.replace(" SELECT", " OR columns.pii_category EQ 'name' SELECT")),
    ("checks that errored or failed", STATUS.format("'failed'", "'passed'"), STATUS.format("'failed'", "'error'")),
    ("who did exports, only what was allowed", EXPORTS.format(""), EXPORTS.format(" audit_log.decision EQ 'allowed'")),
    ("who did exports, don't count those that were denied", EXPORTS.format(" audit_log.decision EQ 'denied'"), EXPORTS.format(" audit_log.decision NE 'denied'")),
    ("who did exports, leaving out the denied", EXPORTS.format(" audit_log.decision EQ 'denied'"), EXPORTS.format(" audit_log.decision NE 'denied'")),
    ("who did exports? except the denied ones", EXPORTS.format(""), EXPORTS.format(" audit_log.decision NE 'denied'")),
    ("tables with unresolved alerts", ALERTS.format("NOT_NULL"), ALERTS.format("NE 'resolved'")),
    ("tables of which each check passed", LEAKY, SOUND),
    (
        "critical problems against low ones, counts",
        SEVERITIES.format(""),
        SEVERITIES.format(" WHERE quality_checks.severity EQ 'critical' OR quality_checks.severity EQ 'low'"),
    ),
    (
        "compare counts for low and high problems",
        SEVERITIES.format(""),
        SEVERITIES.format(" WHERE quality_checks.severity EQ 'high' OR quality_checks.severity EQ 'low'"),
    ),
    ("outages period2, a number", EVENTS.format("as_of"), EVENTS.format("at")),
    ("which tables were edited period2", TOUCHED.format("as_of"), TOUCHED.format("last_updated")),
    (
        "alerts nobody closed for more than a month",
        ACKED.format("@period1"),
        "FROM quality_checks WHERE quality_checks.acked NOT_DURING @period1 quality_checks.acked NOT_NULL SELECT quality_checks.check_id",
    ),
    ("total and average size", SIZES.format("COUNT"), SIZES.format("datasets#total_bytes")),
    ("avg / total row count", SIZES.format("COUNT"), SIZES.format("datasets#total_bytes")),
    ("average rating for sellers with over three reviews", RATED.format("COUNT"), RATED.format("market#average_rating COUNT")),
    ("tables whose row count is known", ROWS.format("EQ 0"), ROWS.format("NOT_NULL")),
    ("tables with row count not given", ROWS.format("EQ 0"), ROWS.format("IS_NULL")),
    ("tables with neither rows nor size stated", ROWS.format("EQ 0"), ROWS.format("IS_NULL")),
    ("rounds for each run1 run", ROUNDS.format("run1", "COUNT"), ROUNDS.format("run1", "training_rounds.run COUNT")),
    ("licences for the dataset1 tables", LICENCE.format("dataset1", "datasets.licence"), LICENCE.format("dataset1", "datasets.name datasets.licence")),
    ("accuracy reached by the run1 runs", LATEST.format("run1", "training_rounds.accuracy"), LATEST.format("run1", "training_rounds.run training_rounds.accuracy")),
    ("online nodes side by side with offline nodes", PARTS.format(" WHERE nodes.status EQ 'online'"), PARTS.format("")),
    ("stake of the number1 machines", "FROM nodes SELECT nodes.node ORDER nodes.stake DESC LIMIT @number1", "FROM nodes SELECT nodes.node nodes.stake"),
]
LEFT: list[tuple[str, str]] = [
    # Depth: what is not direct, hops that are counted, who is in direct contact, no flow at all, several of them.
    ("what dataset2 depends on, but not directly", f"{FLOWS} SELECT lineage.upstream"),
    ("what is beyond the direct inputs of dataset2", f"{FLOWS} SELECT lineage.upstream"),
    ("indirect inputs of dataset2", f"{FLOWS} lineage.depth GT 1 SELECT lineage.upstream"),
    ("inputs of dataset2 more than one hop away", f"{FLOWS} SELECT lineage.upstream"),
    ("inputs of dataset2 with direct identifiers", f"{FLOWS} SELECT lineage.upstream"),
    ("inputs of dataset2, direct or not, number1 hops away", f"{FLOWS} lineage.depth EQ 1 SELECT lineage.upstream"),
    ("tables sold directly", "FROM datasets SELECT datasets.name"),
    # Ends of flows: a column that is of its own end, one of either, one whose dataset is not said.
    ("what column1 of dataset1 feeds in dataset2", COLUMNS.format("upstream")),
    ("column1 of dataset1 or column1 of dataset2", COLUMNS.format("upstream")),
    ("what in dataset1 and dataset2 has to do with column1", COLUMNS.format("upstream")),
    # Lists: both said, neither said, one that is not wanted, one that is said elsewhere.
    ("checks that failed or passed", STATUS.format("'failed'", "'passed'")),
    ("checks that went wrong or right", STATUS.format("'failed'", "'passed'")),
    ("columns with e-mail addresses or phone numbers", PERSONAL),
    ("columns with email addresses or phone numbers, sorted by name", PERSONAL),
    ("checks that failed and not errored ones", STATUS.format("'failed'", "'passed'")),
    ("checks that failed or were fine since the last error", STATUS.format("'failed'", "'passed'")),
    # States: tested already, said of something else, not only, two of them, a word of another column.
    ("exports, only what was allowed", EXPORTS.format(" audit_log.decision EQ 'denied'")),
    ("exports that were denied, leaving out June", EXPORTS.format(" audit_log.decision EQ 'denied'")),
    ("exports, skip whom I know, that were denied", EXPORTS.format(" audit_log.decision EQ 'denied'")),
    ("who is allowed to export", EXPORTS.format("")),
    ("exports, not only allowed ones", EXPORTS.format("")),
    ("exports, only allowed or denied", EXPORTS.format("")),
    ("checks of severity high, only opened since", "FROM quality_checks WHERE quality_checks.severity EQ 'high' SELECT quality_checks.check_id"),
    ("tables with resolved alerts", ALERTS.format("NOT_NULL")),
    ("tables with unusual alerts", ALERTS.format("NOT_NULL")),
    # Every: some word of negation, or none of every.
    ("each table without a passed check", LEAKY),
    ("each table that still awaits a passed check", LEAKY),
    ("tables that passed", LEAKY),
    # Groups: one value, no comparison, all of them.
    ("critical problems by severity", SEVERITIES.format("")),
    ("how many critical and low problems", SEVERITIES.format("")),
    ("low, high versus critical", SEVERITIES.format("")),
    ("access against compute, prices", "FROM market WHERE market:offered SELECT market.service market#average_price"),
    # Times: when it was published; of a dataset, when it came; of a view with several times.
    ("outages published period2", EVENTS.format("as_of")),
    ("tables that are new period2", TOUCHED.format("as_of")),
    ("alerts period2", "FROM quality_checks WHERE quality_checks.as_of DURING @period2 SELECT COUNT"),
    ("alerts acknowledged since last month", ACKED.format("@period2")),
    ("alerts acknowledged over the last month", ACKED.format("@period3")),
    # Amounts: a number that is asked for, a total of things, a measure that is there, zero, several groups, what is ranked.
    ("number of tables, total and average size", SIZES.format("COUNT")),
    ("average and total size, and the count", SIZES.format("COUNT")),
    ("total tables and their average size", SIZES.format("COUNT")),
    ("sellers with over three reviews", RATED.format("COUNT")),
    ("average rating and number of reviews", RATED.format("market#average_rating COUNT")),
    ("tables whose row count is known to be zero", ROWS.format("EQ 0")),
    ("tables without rows", ROWS.format("EQ 0")),
    ("given tables without rows", ROWS.format("EQ 0")),
    ("rounds of the run1 runs", ROUNDS.format("run1", "COUNT")),
    ("rounds for each run2 run", ROUNDS.format("run2", "COUNT")),
    ("last rounds for each run1 run", ROUNDS.format("run1", "training_rounds.status COUNT")),
    ("accuracies in the rounds of the run1 runs", ROUNDS.format("run1", "training_rounds.accuracy")),
    ("accuracy reached by the run2 run", LATEST.format("run2", "training_rounds.accuracy")),
    ("licence for dataset2", LICENCE.format("dataset2", "datasets.licence")),
    ("total average size", SIZES.format("COUNT")),
    ("online nodes, and of them the ones online", "FROM nodes WHERE nodes.status EQ 'online' SELECT COUNT_IF nodes.status EQ 'online' END COUNT"),
    ("the number1 biggest machines", "FROM nodes SELECT nodes.node ORDER nodes.stake DESC LIMIT @number1"),
    ("the number1 machines by stake", "FROM nodes SELECT nodes.node ORDER nodes.stake DESC LIMIT @number1"),
    ("number1 machines", "FROM nodes SELECT nodes.node ORDER nodes.stake DESC LIMIT @number1"),
]


IDENTIFIABLE = "FROM datasets WHERE datasets.pii {} SELECT COUNT"
UNKNOWN = "FROM datasets WHERE NOT datasets.pii IS_TRUE NOT datasets.pii IS_FALSE SELECT COUNT"
MENDED += [(f"tables of which {words} they concern people", IDENTIFIABLE.format("IS_FALSE"), UNKNOWN) for words in ("nobody knows whether", "it is unknown if", "it was never recorded whether")]
LEFT += [(f"tables of which {words} concern people", IDENTIFIABLE.format("IS_FALSE")) for words in ("we know that they do not", "nobody says that they", "the unknown ones do not")]


def said(question: str, plan: str) -> str:
    mentions = {slot: Mention(0, 1, slot[1:-1], value, surface) for slot, (surface, value) in VALUES.items()}
    query = parse(plan, full_scope())
    assert isinstance(query, Query)
    return spelled(as_said(query, Linked(question, {slot: m.value for slot, m in mentions.items()}, mentions)))


@pytest.mark.parametrize(("question", "plan", "mended"), MENDED, ids=[question for question, *_ in MENDED])
def test_what_the_words_rule_out_is_mended(question: str, plan: str, mended: str) -> None:
    assert said(question, plan) == mended
    assert said(question, mended) == mended
    parse(mended, full_scope())


@pytest.mark.parametrize(("question", "plan"), LEFT, ids=[question for question, _ in LEFT])
def test_what_the_words_leave_open_stays(question: str, plan: str) -> None:
    assert said(question, plan) == plan


def test_of_two_values_in_one_place_the_longer_is_said() -> None:
    assert [s.value for s in said_values("compliance.status", "non-compliant or in review")] == ["'non-compliant'", "'in_review'"]
    assert [s.value for s in said_values("quality_checks.status", "what errors, what passes")] == ["'error'"]
