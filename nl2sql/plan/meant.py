"""What a plan leaves unsaid and people mean by it. Both what is compiled and what is explained are what is meant here; the plan itself stays as it was read."""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

from catalog.semantic import views
from nl2sql.plan.language import Condition, Exists, Item, Join, Or, Predicate, Query, Segment, column_of, literal
from nl2sql.plan.named import named_conditions
from nl2sql.plan.parts import ENTITIES, arms_of, each_item, items_of, own_key, plain_groups, tokens_of_item, view_tokens
from nl2sql.plan.straight import of_ends, of_what_events_name, of_what_names_it

METRIC_COLUMN = "quality_metrics.column_name"
COMPLETENESS = {(f"quality_metrics.{name}", literal("completeness")) for name in ("dimension", "metric")}
PLACES = ("@jurisdiction", "@country")
RUNS = Condition("training_rounds.status", "EQ", literal("running"))
UNSOLD = Condition("market.buyer", "IS_NULL")
RAISED, UNSOLVED = Condition("quality_checks.alert_status", "NOT_NULL"), Condition("quality_checks.resolved", "IS_NULL")
LEFT = Condition("quality_checks.alert_status", "NE", literal("resolved"))
UNLIKE = {"EQ": "NE", "NE": "EQ", "IS_TRUE": "IS_FALSE", "IS_FALSE": "IS_TRUE"}
"""Tests of which a value passes one at most, and without a value none."""


def meant(query: Query) -> Query:
    """The query with what goes without saying."""
    for rule in RULES:
        query = rule(query)
    return query


def _of_its_own_event(query: Query) -> Query:
    """Tests of what only one kind of event has are asked of that kind: the offers with two stars are those rated with two."""
    where = tuple(_own_event(query.where, query))
    where = tuple(replace(p, conditions=tuple(_own_event(p.conditions, None))) if isinstance(p, Exists) else p for p in where)
    return replace(query, where=where)


def _own_event(conditions: tuple[Predicate, ...], query: Query | None) -> Iterator[Predicate]:
    """Conditions with the kind of event that they test put in the place of another; what lacks a value that another kind has lacks all such events.

    ``query`` is the one whose rows they are about; none where they are about related rows.
    """
    own = {given for p in conditions if isinstance(p, Condition) and p.op != "IS_NULL" and (given := _given(p.column))}
    event, value = own.pop() if len(own) == 1 else ("", "")
    for p in conditions:
        given = _given(p.column) if query and isinstance(p, Condition) and p.op == "IS_NULL" and p.column.split(".")[0] == query.view else None
        if event and _asked(p, event) not in ("", value):
            yield Condition(event, "EQ", literal(value))
        elif query and given and not any(_asked(other, given[0]) == given[1] for other in conditions):
            yield _has_none(query, *given)
        else:
            yield p


def _given(token: str) -> tuple[str, str] | None:
    """The kind of event that alone has a value in the column: the column that tells it, and the kind."""
    given = column_of(token).given
    return (f"{token.split('.')[0]}.{given[0]}", given[1]) if given else None


def _asked(predicate: Predicate, column: str) -> str:
    """The value of a column that a condition asks for, by name or as it is; empty where it asks for none."""
    test = next((t for t, s in named_conditions().items() if s == predicate), predicate)
    return test.value.strip("'") if isinstance(test, Condition) and test.op == "EQ" and test.column == column else ""


def _has_none(query: Query, event: str, value: str) -> Predicate:
    """No event of the kind that has such a value: of the thing that a row is of, or of who it was where that alone is asked for."""
    asked = {item.args[0] for item in query.select if item.args}
    things = [f"{query.view}.{name}" for name in ("dataset", "buyer", "seller")]
    thing = next((c for c in things if c in asked), things[0])
    return Exists(Join(f"{thing}={thing}", query.view), (Condition(event, "EQ", literal(value)),), True)


def _of_whole_dataset(query: Query) -> Query:
    """How complete a dataset is means the dataset, not each of its columns, unless columns come up."""
    pinned = {(p.column, p.value if p.value.startswith("'") else "") for p in query.where if isinstance(p, Condition) and p.op == "EQ"}
    is_of_one = ("quality_metrics.dataset", "") in pinned and not COMPLETENESS.isdisjoint(pinned)
    if query.view != "quality_metrics" or query.is_grouped or query.joins or not is_of_one:
        return query
    used = {token for item in items_of(query) for token in tokens_of_item(item)} | {token for p in query.where for token in view_tokens(p)}
    if METRIC_COLUMN in used or any(item.fn == "SHOW" for item in query.select):
        return query
    return replace(query, where=(*query.where, Condition(METRIC_COLUMN, "IS_NULL")))


def _of_a_named_round(query: Query) -> Query:
    """Who was last in round 8 is asked of that round, not of the latest one."""
    view = views()[query.view]
    counted = {f"{query.view}.{c}" for c in view.key if c not in view.latest_by and view.columns[c].is_number}
    is_named = any(isinstance(p, Condition) and p.op == "EQ" and p.column in counted for p in query.where)
    return replace(query, latest=False) if query.latest and is_named else query


def _of_what_it_has(query: Query) -> Query:
    """Counted per thing, where each is there once, are the related rows that it must have: the grants of each dataset that has a grant."""
    related = [p for p in query.where if isinstance(p, Exists) and not p.negated]
    amounts = [item for item in items_of(query) if item.is_aggregate]
    if query.view not in ENTITIES or query.joins or len(related) != 1 or not amounts or any(item.fn != "COUNT" for item in amounts):
        return query
    (one,) = related
    if own_key(query.view)[0] not in plain_groups(query) or one.join.adds_one_row or any(isinstance(c, Exists) for c in one.conditions):
        return query
    rest = tuple(p for p in query.where if p is not one)
    return replace(query, joins=(one.join,), where=(*rest, *one.conditions))


def _of_its_name(query: Query) -> Query:
    """A dataset told by another name is found by its own, which stands in the slot: no list of other names holds it."""
    return replace(query, where=tuple(dict.fromkeys(map(_by_name, query.where))))


def _by_name(predicate: Predicate) -> Predicate:
    match predicate:
        case Condition("datasets.aliases", "HAS" | "HAS_NOT" as op, value) if value.startswith("@dataset"):
            return Condition("datasets.name", "EQ" if op == "HAS" else "NE", value)
    return predicate


def _of_what_is_published(query: Query) -> Query:
    """Every row says when it was published."""
    says_nothing = Condition(f"{query.view}.as_of", "NOT_NULL")
    return replace(query, where=tuple(p for p in query.where if p != says_nothing))


def _of_one_place(query: Query) -> Query:
    """A place that is told of a row and of what the row is about is told of the row alone: reports of the EU are not those on datasets of the EU."""
    own = {(p.column.split(".")[1], p.op, p.value) for p in query.where if isinstance(p, Condition) and p.column.split(".")[0] == query.view and p.value.startswith(PLACES)}
    return replace(query, where=tuple(p for p in query.where if not (isinstance(p, Exists) and not p.negated and p.join.adds_one_row and _only_test(p) in own)))


def _only_test(exists: Exists) -> tuple[str, str, str]:
    """The name of the column, the test and the value of the one condition on related rows; empty where there are others."""
    tests = [(p.column.split(".")[1], p.op, p.value) for p in exists.conditions if isinstance(p, Condition)]
    return tests[0] if len(tests) == len(exists.conditions) == 1 else ("", "", "")


def _of_another_event(query: Query) -> Query:
    """Rows of one kind for rows of another, where no row is of both, are no share of either: disputes for purchases."""
    for item in items_of(query):
        test = item.conditions[0] if item.fn == "SHARE_IF" and len(item.conditions) == 1 and not item.among else None
        if isinstance(test, Condition) and test.op == "EQ" and test.value.startswith("'"):
            others = [p for p in query.where if isinstance(p, Condition | Segment) and _asked(p, test.column) not in ("", test.value.strip("'"))]
            if len(others) == 1:
                return _of_others(query, item, others[0])
    return query


def _of_others(query: Query, share: Item, other: Predicate) -> Query:
    """The query with one amount of rows per row of another kind, of which its rows no longer need be."""

    def one(item: Item) -> Item:
        return replace(item, among=(other,)) if item == share else item

    return each_item(replace(query, where=tuple(p for p in query.where if p is not other)), one)


def _of_unsold(query: Query) -> Query:
    """No offer tells who bought: an offer without a buyer is of what has no purchase."""
    if Segment("market:offered") not in query.where:
        return query
    unsold = Exists(Join("market.dataset=market.dataset", "market"), (Segment("market:sold"),), True)
    return replace(query, where=tuple(unsold if p == UNSOLD else p for p in query.where))


def _of_another_kind(query: Query) -> Query:
    """What is on no node of a kind is on one of another kind, not on none that is listed: copies that are not on an online node."""
    return replace(query, where=tuple(map(_another_kind, query.where)))


def _another_kind(predicate: Predicate) -> Predicate:
    match predicate:
        case Exists(Join(_, "nodes") as join, (Condition(column, op, value),), True) if join.adds_one_row and op in UNLIKE and "." not in value:
            return Exists(join, (Condition(column, UNLIKE[op], value),), False)
    return predicate


def _of_any_topic(query: Query) -> Query:
    """Several topics are each looked for wherever one of them is: in names and in descriptions."""
    return replace(query, where=tuple(map(_everywhere, query.where)))


def _everywhere(predicate: Predicate) -> Predicate:
    arms = list(arms_of(predicate))
    tests = [arm for arm in arms if isinstance(arm, Condition) and arm.op == "CONTAINS"]
    if len(tests) < len(arms):
        return predicate
    columns, topics = dict.fromkeys(t.column for t in tests), dict.fromkeys(t.value for t in tests)
    wanted: list[Predicate] = [Condition(column, "CONTAINS", topic) for column in columns for topic in topics]
    return predicate if set(wanted) == set(tests) else reduce(Or, wanted)


def _of_either_value(query: Query) -> Query:
    """One value, or anything but another: the second says all that the first does, so the two values are meant."""
    return replace(query, where=tuple(map(_either_value, query.where)))


def _either_value(predicate: Predicate) -> Predicate:
    match predicate:
        case Or(Condition(column, "EQ", one), Condition(other, "NE", two)) | Or(Condition(other, "NE", two), Condition(column, "EQ", one)) if column == other and one != two:
            return Or(Condition(column, "EQ", one), Condition(column, "EQ", two))
    return predicate


def _of_each_newest(query: Query) -> Query:
    """The newest row of each thing needs no ranking by time: one row each is all that there is, whether it has ended or not."""
    view = views()[query.view]
    is_ranked = query.latest and query.limit == "1" and query.order == (Item("", (f"{query.view}.{view.time}",)), "DESC")
    if not is_ranked or query.per not in {f"{query.view}.{c}" for c in view.latest_by}:
        return query
    return replace(query, order=None, limit="", per="", select=tuple(dict.fromkeys((Item("", (query.per,)), *query.select))))


def _of_what_runs(query: Query) -> Query:
    """What runs is not only what is newest: rounds without an end are all as new."""
    return replace(query, latest=False) if query.latest and RUNS in query.where else query


def _of_unresolved_alerts(query: Query) -> Query:
    """An alert is resolved where its status says so: when it was may be missing."""
    if RAISED not in query.where:
        return query
    if UNSOLVED in query.where:
        return replace(query, where=tuple(LEFT if p == UNSOLVED else p for p in query.where if p != RAISED))
    return each_item(query, lambda item: replace(item, conditions=tuple(LEFT if c == UNSOLVED else c for c in item.conditions)))


def _of_what_is_counted(query: Query) -> Query:
    """Each group by what it counts has one: copies on two nodes are counted per dataset, not per node too."""
    counted = {item.args for item in items_of(query) if item.fn == "COUNT_DISTINCT"}
    kept = tuple(item for item in query.select if item.fn or item.args not in counted)
    return replace(query, select=kept) if any(item.is_group for item in kept) else query


RULES = (
    _of_what_is_counted,
    _of_any_topic,
    _of_unresolved_alerts,
    _of_either_value,
    _of_another_event,
    _of_unsold,
    _of_another_kind,
    _of_each_newest,
    _of_its_name,
    _of_what_is_published,
    _of_one_place,
    _of_its_own_event,
    _of_whole_dataset,
    _of_a_named_round,
    _of_what_runs,
    _of_what_it_has,
    of_what_events_name,
    of_ends,
    of_what_names_it,
)
