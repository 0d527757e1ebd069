"""One form per meaning: plans that ask the same in several ways are rewritten to one of them.

The model is trained on that form alone, and readings that differ in form count as one.
"""

from collections.abc import Sequence
from dataclasses import replace

from catalog.semantic import edges, views
from nl2sql.plan.language import (
    Condition,
    Either,
    Exists,
    Item,
    Join,
    Not,
    Or,
    Plan,
    Predicate,
    Query,
    Segment,
    literal,
)
from nl2sql.plan.named import implied_conditions, named_conditions, named_measures
from nl2sql.plan.parts import (
    ENTITIES,
    arms_of,
    compares_mean,
    each_item,
    items_of,
    tokens_of_item,
    view_tokens,
    views_of,
    views_of_edge,
)
from nl2sql.plan.tokens import place

OPPOSITES = {"EQ": "NE", "NE": "EQ", "IS_NULL": "NOT_NULL", "NOT_NULL": "IS_NULL", "HAS": "HAS_NOT", "HAS_NOT": "HAS"}
"""Tests whose negation is another test."""
WHOLE = {"COUNT_IF": "COUNT", "SUM_IF": "SUM", "AVG_IF": "AVG"}
"""Amounts over the rows that meet a condition, and the same over all rows."""
COLUMN_ENDS = ("lineage.upstream_column", "lineage.downstream_column")
"""A flow from or into a named column is no flow between whole datasets; its other end may be one."""
MOST_REWRITINGS = 4
"""Plans of three views stay as they are after two."""


def canonical(plan: Plan) -> Plan:
    """The plan that stands for all that mean the same: named conditions and measures by their names, conditions in the order of the
    vocabulary, a related view that only restricts rows as EXISTS, and no view of which nothing but its key is used.
    """
    if not isinstance(plan, Query):
        return plan
    for _ in range(MOST_REWRITINGS):  # one view left out may make another idle
        form = _rewritten(plan)
        if form == plan:
            break
        plan = form
    return plan


def _rewritten(plan: Query) -> Query:
    """Every rewriting once."""
    query = _joins_as_exists(replace(plan, select=tuple(map(_item, plan.select)), where=_conditions(plan.where)))
    query = _without_idle_view(_of_entity(query))
    if query.having:
        left, op, right = query.having
        query = replace(query, having=(_item(left), op, _item(right) if isinstance(right, Item) else right))
    if query.order:
        query = replace(query, order=(_item(query.order[0]), query.order[1]))
    return _of_counted_rows(_of_measured_rows(replace(query, select=_results(query))))


def _results(query: Query) -> tuple[Item, ...]:
    """What is asked for, groups before amounts; what rows are ordered by and ranked in is shown without being asked for."""
    shown_anyway = {query.order[0]} if query.order and (query.order[0].is_aggregate or not query.is_grouped) else set()
    if query.per:
        shown_anyway.add(Item("", (query.per,)))
    asked = [item for item in dict.fromkeys(query.select) if item not in shown_anyway]
    asked = asked or list(query.select[:1])
    return tuple([i for i in asked if not i.is_aggregate] + [i for i in asked if i.is_aggregate])


def _item(item: Item) -> Item:
    item = replace(item, conditions=_conditions(item.conditions))
    return Item("", (measure,)) if (measure := named_measures().get(item)) else item


def _conditions(conditions: Sequence[Predicate]) -> tuple[Predicate, ...]:
    """Each in its own one form, those that another implies left out, in the order of the vocabulary."""
    found = [_predicate(c) for c in conditions]
    implied = {part for c in found if isinstance(c, Segment) for part in implied_conditions().get(c.token, ())}
    implied |= {Segment("lineage:column_level") for c in found if isinstance(c, Condition) and c.op == "EQ" and c.column in COLUMN_ENDS}
    return tuple(sorted({c for c in found if c not in implied}, key=place))


def _predicate(predicate: Predicate) -> Predicate:
    match predicate:
        case Condition():
            return named_conditions().get(predicate, predicate)
        case Not(Condition(column, op, value)) if op in OPPOSITES and not (op in ("EQ", "NE") and "." in value):
            return _predicate(Condition(column, OPPOSITES[op], value))
        case Not(Not(inner)):
            return _predicate(inner)
        case Not(inner):
            return Not(_predicate(inner))
        case Or():
            arms = sorted({_predicate(arm) for arm in arms_of(predicate)}, key=place)
            joined = arms[0]
            for arm in arms[1:]:
                joined = Or(joined, arm)
            return named_conditions().get(joined, joined)
        case Either(arms):
            return Either(tuple(sorted((_conditions(arm) for arm in arms), key=lambda arm: [place(c) for c in arm])))
        case Exists(conditions=conditions):
            return replace(predicate, conditions=_conditions(conditions))
    return predicate


def _joins_as_exists(query: Query) -> Query:
    """A joined view that only restricts the rows, and cannot multiply what is counted, is an EXISTS."""
    for join in reversed(query.joins):
        others = [other for other in query.joins if other is not join]
        if any(join.view in views_of_edge(other.edge) for other in others) or (query.is_grouped and not join.adds_one_row):
            continue
        if any(join.view == token.split(".")[0].split("#")[0] for item in items_of(query) for token in tokens_of_item(item)):
            continue
        inside = [c for c in query.where if join.view in views_of(c)]
        if any(views_of(c) != {join.view} or isinstance(c, Either) or compares_mean(c) for c in inside) or query.per.startswith(f"{join.view}."):
            continue
        outside = [c for c in query.where if c not in inside]
        query = replace(query, joins=tuple(others), where=_conditions([*outside, Exists(join, _conditions(inside), False)]))
    return query


def _of_entity(query: Query) -> Query:
    """``FROM consents WHERE A EXISTS datasets.name=consents.dataset B END SELECT consents.dataset`` is ``FROM datasets WHERE B EXISTS … A END SELECT datasets.name``."""
    if query.view in ENTITIES or query.joins or query.latest or query.having or query.order or query.limit or len(query.select) != 1:
        return query
    for one in query.where:
        if not isinstance(one, Exists) or one.negated or one.join.view not in ENTITIES or not one.conditions:
            continue
        key = f"{one.join.view}.{views()[one.join.view].key[0]}"
        ends = one.join.edge.split("=")
        results = {Item("", (end,)): Item("", (key,)) for end in ends} | {Item("COUNT_DISTINCT", (end,)): Item("COUNT") for end in ends}
        rest = [c for c in query.where if c is not one]
        if key in ends and (result := results.get(query.select[0])) and not any(map(compares_mean, query.where)):
            moved = Exists(Join(one.join.edge, query.view), _conditions(rest), False)
            return replace(query, view=one.join.view, where=_conditions([*one.conditions, moved]), select=(_item(result),))
    return query


def _without_idle_view(query: Query) -> Query:
    """``FROM datasets WHERE EXISTS datasets.name=market.dataset … SELECT datasets.name`` is ``FROM market WHERE … SELECT market.dataset``."""
    key = f"{query.view}.{views()[query.view].key[0]}"
    asked = [Item("", (key,))], [Item("COUNT")], [Item("COUNT_DISTINCT", (key,))]
    if query.view not in ENTITIES or query.joins or query.latest or query.having or query.order or query.limit or list(query.select) not in asked:
        return query
    related = [c for c in query.where if isinstance(c, Exists) and c.times is None and key in c.join.edge.split("=")]
    root = next((c for c in related if not c.negated and naming(_other_end(c.join.edge, key), query.view) is not None), None)
    if root is None or len(related) < len(query.where) or any(map(compares_mean, root.conditions)):
        return query
    moved_key = _other_end(root.join.edge, key)
    moved: list[Predicate] = [*root.conditions, *(naming(moved_key, query.view) or ())]
    for one in related:
        if one is not root:
            ends = {moved_key, _other_end(one.join.edge, key)}
            edge = next((str(e) for e in edges() if {e.left, e.right} == ends), None)
            if edge is None or one.join.view == root.join.view:
                return query
            moved.append(Exists(Join(edge, one.join.view), one.conditions, one.negated))
    result = Item("", (moved_key,)) if list(query.select) == asked[0] else Item("COUNT_DISTINCT", (moved_key,))
    return replace(query, view=root.join.view, where=_conditions(moved), select=(_item(result),))


def naming(token: str, entity: str) -> tuple[Condition, ...] | None:
    """Conditions under which a column names one of an entity view in every row, None where there are none: lineage names datasets, models and reports,
    and models that the catalog does not list are models too.
    """
    view, name = token.split(".")
    if name == "node" or (name == "dataset" and view != "audit_log") or token == "training_rounds.model":
        return ()
    if token in ("training_rounds.slowest_node", "datasets.generating_model"):
        return (Condition(token, "NOT_NULL", ""),)
    return (Condition(f"{token}_kind", "EQ", literal("model")),) if view == "lineage" and entity == "models" else None


def _of_measured_rows(query: Query) -> Query:
    """A measure that only some rows have is asked of those rows: revenue of purchases, so that no group is shown without any.

    It stays as it is where the plan says of which rows, or counts others beside it.
    """
    measures = [item.args[0] for item in items_of(query) if item.fn == "" and "#" in item.args[0]]
    given = {(view, *spec) for view, _, name in (m.partition("#") for m in measures) if (spec := views()[view].measures[name].given)}
    if len(given) != 1:
        return query
    view, name, value = given.pop()
    column = f"{view}.{name}"
    about = {f"{view}.{segment.token.split(':')[1]}" for test, segment in named_conditions().items() if isinstance(test, Condition) and test.column == column}
    tests = [*query.where, *(c for item in items_of(query) for c in item.conditions)]
    if any(token in about or token == column for c in tests for token in view_tokens(c)):
        return query
    return replace(query, where=_conditions([*query.where, Condition(column, "EQ", literal(value))]))


def _of_counted_rows(query: Query) -> Query:
    """Amounts per group of rows that meet one condition are asked of those rows: "failed checks by severity" has no group with none, which "fewest" may mean."""
    amounts = [item for item in items_of(query) if item.is_aggregate]
    groups = [item for item in query.select if item.is_group]
    conditions = {item.conditions for item in amounts}
    is_upwards = query.order is not None and query.order[1] == "ASC" and query.order[0].is_aggregate
    if not groups or len(conditions) != 1 or query.having or is_upwards or any(item.fn not in WHOLE for item in amounts):
        return query
    given = conditions.pop()

    def of_rows(item: Item) -> Item:
        return _item(Item(WHOLE[item.fn], item.args)) if item.conditions else item

    return replace(each_item(query, of_rows), where=_conditions([*query.where, *given]))


def _other_end(edge: str, end: str) -> str:
    return next(other for other in edge.split("=") if other != end)
