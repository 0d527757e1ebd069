"""A plan written out as the tokens that ``nl2sql.plan.grammar.parse`` reads, and the order in which its conditions stand.

What rewriting alone writes has tokens too, which the grammar does not read.
"""

from collections.abc import Iterator
from functools import cache

from nl2sql.plan.language import (
    AskBack,
    AskWhich,
    Condition,
    Decline,
    Either,
    Exists,
    Item,
    Not,
    Or,
    Plan,
    Predicate,
    Query,
    Segment,
    vocabulary,
)


def spelled(plan: Plan) -> str:
    """The tokens of a plan, with a space between them."""
    return " ".join(_plan_tokens(plan))


def place(predicate: Predicate) -> tuple[bool, list[int]]:
    """Where a condition stands among others: plain ones first, then by the vocabulary."""
    tokens = list(_condition_tokens(predicate))
    return isinstance(predicate, Exists | Either), [_ids().get(token, len(_ids())) for token in tokens]


@cache
def _ids() -> dict[str, int]:
    return {token: at for at, token in enumerate(vocabulary())}


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
    if query.newest:
        yield "NEWEST"
        for condition in query.newest:
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
        if query.both_ends:
            yield "BOTH_ENDS"


def _item_tokens(item: Item) -> Iterator[str]:
    if item.fn:
        yield item.fn
    yield from item.args
    if item.fn.endswith("_IF") or item.fn == "SHARE_SUM":
        for condition in item.conditions:
            yield from _condition_tokens(condition)
        if item.among:
            yield "AMONG"
            for condition in item.among:
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
        case Exists(join, conditions, negated, times):
            yield from ("NOT_EXISTS" if negated else "EXISTS", join.edge)
            for condition in conditions:
                yield from _condition_tokens(condition)
            yield from ("HAVING", "COUNT", *times) if times else ()
            yield "END"
