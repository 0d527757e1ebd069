"""One form per meaning: plans that ask the same in several ways are rewritten to one of them.

The model is trained on that form alone, and readings that differ in form count as one. ``spelled`` writes a plan out again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import permutations

from catalog.semantic import edges, views
from nl2sql.plan import (
    AskBack,
    AskWhich,
    Condition,
    Decline,
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
    vocabulary,
)

OPPOSITES = {"EQ": "NE", "NE": "EQ", "IS_NULL": "NOT_NULL", "NOT_NULL": "IS_NULL", "HAS": "HAS_NOT", "HAS_NOT": "HAS"}
"""Tests whose negation is another test."""
ENTITIES = ("datasets", "models", "nodes")
"""Views that list what rows of others name."""


REWRITES = 3
"""How often all rewritings are tried again; plans of three views settle after two."""


def canonical(plan: Plan) -> Plan:
    """The plan that stands for all that mean the same: named conditions and measures by their names, conditions in the order of the
    vocabulary, a related view that only restricts rows as EXISTS, and no view of which nothing but its key is used.
    """
    if not isinstance(plan, Query):
        return plan
    form = _rewritten(plan)
    for _ in range(REWRITES):  # one view left out may make another idle
        plan, form = form, _rewritten(form)
        if form == plan:
            break
    return form


def _rewritten(plan: Query) -> Query:
    """Every rewriting once."""
    query = _joins_as_exists(replace(plan, select=tuple(map(_item, plan.select)), where=_conditions(plan.where)))
    query = _without_idle_view(_of_entity(query))
    if query.having:
        left, op, right = query.having
        query = replace(query, having=(_item(left), op, _item(right) if isinstance(right, Item) else right))
    if query.order:
        query = replace(query, order=(_item(query.order[0]), query.order[1]))
    return _of_measured_rows(replace(query, select=_results(query)))


def spelled(plan: Plan) -> str:
    """The tokens of a plan, as `nl2sql.plan_grammar.parse` reads them."""
    return " ".join(_plan_tokens(plan))


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
    return Item("", (measure,)) if (measure := _measures().get(item)) else item


def _conditions(conditions: Sequence[Predicate]) -> tuple[Predicate, ...]:
    """Each in its own one form, those that another implies left out, in the order of the vocabulary."""
    found = [_predicate(c) for c in conditions]
    implied = {part for c in found if isinstance(c, Segment) for part in _implied().get(c.token, ())}
    return tuple(sorted({c for c in found if c not in implied}, key=_place))


def _predicate(predicate: Predicate) -> Predicate:
    match predicate:
        case Condition():
            return _segments().get(predicate, predicate)
        case Not(Condition(column, op, value)) if op in OPPOSITES and not (op in ("EQ", "NE") and "." in value):
            return _predicate(Condition(column, OPPOSITES[op], value))
        case Not(Not(inner)):
            return _predicate(inner)
        case Not(inner):
            return Not(_predicate(inner))
        case Or():
            arms = sorted({_predicate(arm) for arm in _arms(predicate)}, key=_place)
            joined = arms[0]
            for arm in arms[1:]:
                joined = Or(joined, arm)
            return _segments().get(joined, joined)
        case Either(arms):
            return Either(tuple(sorted((_conditions(arm) for arm in arms), key=lambda arm: [_place(c) for c in arm])))
        case Exists(join, conditions, negated):
            return Exists(join, _conditions(conditions), negated)
    return predicate


def _arms(predicate: Predicate) -> Iterator[Predicate]:
    if isinstance(predicate, Or):
        yield from _arms(predicate.left)
        yield from _arms(predicate.right)
    else:
        yield predicate


def _joins_as_exists(query: Query) -> Query:
    """A joined view that only restricts the rows, and cannot multiply what is counted, is an EXISTS."""
    for join in reversed(query.joins):
        others = [other for other in query.joins if other is not join]
        if any(join.view in _views_of_edge(other.edge) for other in others) or (query.is_grouped and not join.adds_one_row):
            continue
        if any(join.view == token.split(".")[0].split("#")[0] for item in _items(query) for token in _tokens_of_item(item)):
            continue
        inside = [c for c in query.where if join.view in _views_of(c)]
        if any(_views_of(c) != {join.view} or isinstance(c, Either) or _compares_mean(c) for c in inside) or query.per.startswith(f"{join.view}."):
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
        if key in ends and (result := results.get(query.select[0])) and not any(map(_compares_mean, query.where)):
            moved = Exists(Join(one.join.edge, query.view), _conditions(rest), False)
            return replace(query, view=one.join.view, where=_conditions([*one.conditions, moved]), select=(_item(result),))
    return query


def _without_idle_view(query: Query) -> Query:
    """``FROM datasets WHERE EXISTS datasets.name=market.dataset … SELECT datasets.name`` is ``FROM market WHERE … SELECT market.dataset``."""
    key = f"{query.view}.{views()[query.view].key[0]}"
    asked = [Item("", (key,))], [Item("COUNT")], [Item("COUNT_DISTINCT", (key,))]
    if query.view not in ENTITIES or query.joins or query.latest or query.having or query.order or query.limit or list(query.select) not in asked:
        return query
    related = [c for c in query.where if isinstance(c, Exists) and key in c.join.edge.split("=")]
    root = next((c for c in related if not c.negated and _names_one(_other_end(c.join.edge, key))), None)
    if root is None or len(related) < len(query.where) or any(map(_compares_mean, root.conditions)):
        return query
    moved_key = _other_end(root.join.edge, key)
    moved: list[Predicate] = list(root.conditions)
    for one in related:
        if one is not root:
            ends = {moved_key, _other_end(one.join.edge, key)}
            edge = next((str(e) for e in edges() if {e.left, e.right} == ends), None)
            if edge is None or one.join.view == root.join.view:
                return query
            moved.append(Exists(Join(edge, one.join.view), one.conditions, one.negated))
    result = Item("", (moved_key,)) if list(query.select) == asked[0] else Item("COUNT_DISTINCT", (moved_key,))
    return replace(query, view=root.join.view, where=_conditions(moved), select=(_item(result),))


def _names_one(token: str) -> bool:
    """A column that names a dataset, a node or a model of the catalog in every row."""
    view, name = token.split(".")
    return name == "node" or (name == "dataset" and view != "audit_log") or token == "training_rounds.model"


def _of_measured_rows(query: Query) -> Query:
    """A measure that only some rows have is asked of those rows: revenue of purchases, so that no group is shown without any."""
    measures = [item.args[0] for item in _items(query) if item.fn == "" and "#" in item.args[0]]
    given = {(view, *spec) for view, _, name in (m.partition("#") for m in measures) if (spec := views()[view].measures[name].given)}
    if len(given) != 1:
        return query
    view, name, value = given.pop()
    column = f"{view}.{name}"
    about = {f"{view}.{segment.token.split(':')[1]}" for test, segment in _segments().items() if isinstance(test, Condition) and test.column == column}
    if any(token in about or token == column for c in query.where for token in _view_tokens(c)):
        return query
    return replace(query, where=_conditions([*query.where, Condition(column, "EQ", literal(value))]))


def _items(query: Query) -> Iterator[Item]:
    yield from query.select
    if query.order:
        yield query.order[0]
    if query.having:
        yield query.having[0]
        if isinstance(query.having[2], Item):
            yield query.having[2]


def _tokens_of_item(item: Item) -> Iterator[str]:
    yield from item.args
    for condition in item.conditions:
        yield from _view_tokens(condition)


def _view_tokens(predicate: Predicate) -> Iterator[str]:
    """Column and segment tokens that the predicate tests on its own rows, as ``view.name``."""
    match predicate:
        case Segment(token):
            yield token.replace(":", ".")
        case Condition(column, _, value):
            yield column
            if "." in value and value.split(".")[0] in views():
                yield value
        case Not(inner):
            yield from _view_tokens(inner)
        case Or(left, right):
            yield from _view_tokens(left)
            yield from _view_tokens(right)
        case Either(arms):
            for arm in arms:
                for condition in arm:
                    yield from _view_tokens(condition)
        case Exists(join, _, _):
            yield next(end for end in join.edge.split("=") if end.split(".")[0] != join.view)


def _views_of(predicate: Predicate) -> set[str]:
    return {token.split(".")[0] for token in _view_tokens(predicate)}


def _compares_mean(predicate: Predicate) -> bool:
    """Averages are over the rows that meet the plan's other conditions, so they stay where those are."""
    match predicate:
        case Condition(_, _, value):
            return value == "MEAN"
        case Not(inner):
            return _compares_mean(inner)
        case Or(left, right):
            return _compares_mean(left) or _compares_mean(right)
    return False


def _views_of_edge(edge: str) -> set[str]:
    return {end.split(".")[0] for end in edge.split("=")}


def _other_end(edge: str, end: str) -> str:
    return next(other for other in edge.split("=") if other != end)


def _place(predicate: Predicate) -> tuple[bool, list[int]]:
    """Where a condition stands among others: plain ones first, then by the vocabulary."""
    tokens = list(_condition_tokens(predicate))
    return isinstance(predicate, Exists | Either), [_ids()[token] for token in tokens]


@cache
def _ids() -> dict[str, int]:
    return {token: at for at, token in enumerate(vocabulary())}


@cache
def _segments() -> dict[Predicate, Segment]:
    """Conditions that a named one stands for, by the SQL that both are."""
    named = {_plain(s.sql): f"{v.name}:{name}" for v in views().values() for name, s in v.segments.items()}
    found: dict[Predicate, Segment] = {}
    for view in views().values():
        for name, column in view.columns.items():
            token = f"{view.name}.{name}"
            sql = {Condition(token, "IS_NULL"): f"{token} is null", Condition(token, "NOT_NULL"): f"{token} is not null"}
            if column.is_time:
                now = "cast({now} as date)" if column.type == "DATE" else "{now}"
                sql |= {Condition(token, "PAST"): f"{token} < {now}"}
            for value in column.values:
                sql[Condition(token, "EQ", literal(value))] = f"{token} = '{value}'"
            found |= {test: Segment(named[text]) for test, text in sql.items() if text in named}
            for first in column.values:
                for second in column.values:
                    text = f"{token} in ('{first}', '{second}')"
                    if text in named:
                        either = sorted((Condition(token, "EQ", literal(v)) for v in (first, second)), key=_place)
                        found[Or(either[0], either[1])] = Segment(named[text])
    columns = [[f"{v.name}.{c}" for c in v.columns] for v in views().values()]
    for one, other in (pair for names in columns for pair in permutations(names, 2)):
        text = f"{other} is not null and {one} <> {other}"
        if text in named:  # what is not set differs from nothing
            found |= {Condition(one, "NE", other): Segment(named[text]), Condition(other, "NE", one): Segment(named[text])}
    return found


@cache
def _implied() -> dict[str, tuple[Predicate, ...]]:
    """Plain conditions that a named one holds already."""
    implied: dict[str, tuple[Predicate, ...]] = {}
    for view in views().values():
        for name, segment in view.segments.items():
            parts = _plain(segment.sql).split(" and ")
            tests = [Condition(f"{view.name}.{c}", "NOT_NULL") for c in view.columns if f"{view.name}.{c} is not null" in parts]
            tests += [
                Condition(f"{view.name}.{c}", "EQ", literal(v))
                for c, column in view.columns.items()
                for v in column.values
                if f"{view.name}.{c} = '{v.lower()}'" in parts
            ]
            implied[f"{view.name}:{name}"] = (*tests, *(_segments()[t] for t in tests if t in _segments() and _segments()[t].token != f"{view.name}:{name}"))
    return implied


@cache
def _measures() -> dict[Item, str]:
    """Aggregates that a measure stands for, by the SQL that both are."""
    named = {_plain(m.sql): f"{v.name}#{name}" for v in views().values() for name, m in v.measures.items()}
    found: dict[Item, str] = {}
    for view in views().values():
        times = [f"{view.name}.{c.name}" for c in view.columns.values() if c.is_time]
        spans = {Item("AVG_HOURS", pair): "avg(date_diff('minute', {}, {}) / 60.0)".format(*pair) for pair in permutations(times, 2)}
        spans |= {Item("AVG_DAYS", pair): "avg(date_diff('hour', {}, {}) / 24.0)".format(*pair) for pair in permutations(times, 2)}
        found |= {item: named[text] for item, text in spans.items() if text in named}
        for name, column in view.columns.items():
            token = f"{view.name}.{name}"
            sql = {Item(fn, (token,)): f"{fn.lower()}({token})" for fn in ("SUM", "AVG")} if column.is_number else {}
            sql[Item("COUNT_DISTINCT", (token,))] = f"count(distinct {token})"
            share = "avg(case when {} then 1.0 else 0.0 end)"
            if column.type == "BOOLEAN":
                sql[Item("SHARE_IF", (), (Condition(token, "IS_TRUE"),))] = share.format(token)
            for value in column.values:
                sql[Item("SHARE_IF", (), (Condition(token, "EQ", literal(value)),))] = share.format(f"{token} = '{value}'")
            found |= {item: named[text.lower()] for item, text in sql.items() if text.lower() in named}
    return found


def _plain(sql: str) -> str:
    return sql.replace('"', "").lower()


def _plan_tokens(plan: Plan) -> Iterator[str]:
    match plan:
        case Decline(kind):
            yield kind
        case AskWhich(kind):
            yield from ("WHICH", f"?{kind}")
        case AskBack(choices):
            yield "ASK"
            for item in choices:
                yield from _item_tokens(item)
        case Query():
            yield from _query_tokens(plan)


def _query_tokens(query: Query) -> Iterator[str]:
    yield from ("FROM", query.view)
    for join in query.joins:
        yield from ("JOIN", join.edge)
    if query.latest:
        yield "LATEST"
    if query.where:
        yield "WHERE"
        for condition in query.where:
            yield from _condition_tokens(condition)
    yield "SELECT"
    for item in query.select:
        yield from _item_tokens(item)
    if query.having:
        item, op, than = query.having
        yield from ("HAVING", *_item_tokens(item), op, *(_item_tokens(than) if isinstance(than, Item) else (than,)))
    if query.order:
        yield from ("ORDER", *_item_tokens(query.order[0]), query.order[1])
    if query.limit:
        yield from ("LIMIT", query.limit, *(("PER", query.per) if query.per else ()), *(("SKIP", query.skip) if query.skip else ()))


def _item_tokens(item: Item) -> Iterator[str]:
    if item.fn:
        yield item.fn
    yield from item.args
    if item.fn.endswith("_IF") or item.fn == "SHARE_SUM":
        for condition in item.conditions:
            yield from _condition_tokens(condition)
        yield "END"


def _condition_tokens(predicate: Predicate) -> Iterator[str]:
    match predicate:
        case Condition(column, op, value):
            yield from (column, op, value) if value else (column, op)
        case Segment(token):
            yield token
        case Not(inner):
            yield from ("NOT", *_condition_tokens(inner))
        case Or(left, right):
            yield from (*_condition_tokens(left), "OR", *_condition_tokens(right))
        case Either(arms):
            for at, arm in enumerate(arms):
                yield "OR_ELSE" if at else "EITHER"
                for condition in arm:
                    yield from _condition_tokens(condition)
            yield "END"
        case Exists(join, conditions, negated):
            yield from ("NOT_EXISTS" if negated else "EXISTS", join.edge)
            for condition in conditions:
                yield from _condition_tokens(condition)
            yield "END"
