"""Reads plans: one coroutine is both the parser of the plan language and its decoding grammar.

It yields the tokens that may come next and is sent the one that did. Knows nothing about SQL text.
"""

from collections.abc import Generator, Iterable, Sequence

from catalog.semantic import Column, edges, views
from nl2sql.errors import BadPlan
from nl2sql.plan import (
    AGES,
    AGGREGATES,
    COMPARISONS,
    DATE_PARTS,
    END,
    HEADS,
    NUMBERS,
    PARTIAL,
    SLOT_KINDS,
    AskBack,
    AskWhich,
    Condition,
    Decline,
    Exists,
    Item,
    Join,
    Not,
    Or,
    Plan,
    Predicate,
    Query,
    Scope,
    Segment,
    column_of,
    full_scope,
    literal,
)

UNITS_FOR = {"bytes": {"bytes", "GB", "MB"}, "percent": {"ratio", ""}}
"""Column units that a number written with a unit can be compared with; one without a unit fits all."""


def _holds(token: str, column: Column, kind: str) -> bool:
    """A column can hold values of the slot kind: its own, or one that lives in the same column."""
    if column.slot in ("", kind) or kind == "term" or column.text:
        return True
    if token in ("lineage.upstream", "lineage.downstream"):
        return kind in ("model", "node", "job")
    return (column.slot, kind) in {("jurisdiction", "country"), ("country", "jurisdiction"), ("node", "org"), ("person", "role"), ("role", "person")}


def _alike(one: Column, other: Column) -> bool:
    """Text columns that can hold the same thing."""
    return one.type == other.type == "VARCHAR" and one.slot == other.slot and not one.text and not one.values


class _Grammar:
    """The productions of the plan language, cut to one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.views = scope.views
        self.edges = [e for e in edges() if e.left in scope.columns and e.right in scope.columns]
        self.number_slots = frozenset(s for s in scope.slots if s.startswith("@number"))
        self.period_slots = frozenset(s for s in scope.slots if s.startswith("@period"))
        self.text_slots = scope.slots - self.number_slots - self.period_slots

    def columns(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(c for c in self.scope.columns if c.split(".")[0] in among)

    def columns_where(self, among: Sequence[str], *, number: bool = False, time: bool = False) -> frozenset[str]:
        picked = ((c, column_of(c)) for c in self.columns(among))
        return frozenset(c for c, spec in picked if (number and spec.is_number) or (time and spec.is_time))

    def segments(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(f"{v}:{s}" for v in among for s in views()[v].segments)

    def measures(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(f"{v}#{m}" for v in among for m in views()[v].measures)

    def new_edges(self, among: Sequence[str]) -> dict[str, str]:
        """Edges that add one view to those present, with the view each adds."""
        return {
            str(e): (b if a in among else a)
            for e in self.edges
            for a, b in [e.view_names]
            if (a in among) != (b in among)
        }

    def plan(self) -> Generator[frozenset[str], str, Plan]:
        head = yield frozenset(HEADS)
        if head == "FROM":
            return (yield from self.query())
        if head == "ASK":
            # A count is of no column or measure that one could choose.
            starts = self.item_starts(tuple(self.views)) - {"COUNT", "COUNT_IF", "SHARE_IF"}
            first, choices = (yield starts), list[Item]()
            while first != END:
                choices.append((yield from self.item(first, tuple(self.views))))
                first = yield starts | ({END} if len(choices) > 1 else frozenset())
            return AskBack(tuple(choices))
        if head == "WHICH":
            kind = yield frozenset(f"?{kind}" for kind in SLOT_KINDS)
            yield frozenset({END})
            return AskWhich(kind[1:])
        yield frozenset({END})
        return Decline(head)

    def query(self) -> Generator[frozenset[str], str, Query]:
        view = yield self.views
        among, joins, latest = [view], list[Join](), False
        where: tuple[Predicate, ...] = ()
        token = yield self.after_from(among)
        while token == "JOIN":
            added = self.new_edges(among)
            edge = yield frozenset(added)
            joins.append(Join(edge, added[edge]))
            among.append(added[edge])
            token = yield self.after_from(among)
        if token == "LATEST":
            latest = True
            token = yield frozenset({"WHERE", "SELECT"})
        if token == "WHERE":
            where = yield from self.conditions(among, "SELECT")
        select, token = yield from self.items(among)
        having = order = None
        limit = per = ""
        if token == "HAVING":
            item = yield from self.item((yield self.aggregate_starts(among, time=False)), among, time=False)
            op = yield frozenset(COMPARISONS)
            than = yield self.numbers() | self.aggregate_starts(among, time=False)
            numeric = than in NUMBERS or than in self.number_slots
            having = (item, op, than if numeric else (yield from self.item(than, among, time=False)))
            token = yield frozenset({"ORDER", "LIMIT", END})
        if token == "ORDER":
            item = yield from self.item((yield self.item_starts(among)), among)
            order = (item, (yield frozenset({"ASC", "DESC"})))
            token = yield frozenset({"LIMIT", END})
        if token == "LIMIT":
            limit = yield self.number_slots | frozenset(n for n in NUMBERS if n.isdigit() and n != "0")
            if (yield frozenset({"PER", END} if order else {END})) == "PER":
                # Of each value of what they are ranked by all are equally high.
                per = yield self.columns(among) - set(order[0].args if order and not order[0].is_aggregate else ())
                yield frozenset({END})
        return Query(view=view, joins=tuple(joins), latest=latest, where=where, select=select, having=having, order=order, limit=limit, per=per)

    def after_from(self, among: Sequence[str]) -> frozenset[str]:
        options = {"WHERE", "SELECT"}
        if self.new_edges(among) and len(among) < 4:
            options.add("JOIN")
        if views()[among[0]].latest_by:
            options.add("LATEST")
        return frozenset(options)

    def numbers(self, unit: str = "") -> frozenset[str]:
        """Numbers that can be compared with a value in ``unit``: one written in bytes or per cent fits few."""
        fits = (s for s in self.number_slots if UNITS_FOR.get(self.scope.units.get(s, ""), {unit}) >= {unit})
        return frozenset(fits) | frozenset(NUMBERS)

    def texts(self, token: str, column: Column) -> frozenset[str]:
        """Slots whose kind of value the column can hold; names that are not known may be anything."""
        return frozenset(s for s in self.text_slots if s in self.scope.unknown or _holds(token, column, s[1:-1]))

    def condition_starts(self, among: Sequence[str]) -> frozenset[str]:
        more = {"NOT", "EXISTS", "NOT_EXISTS"} if self.new_edges(among) else {"NOT"}
        return self.columns(among) | self.segments(among) | frozenset(more)

    def conditions(self, among: Sequence[str], stop: str) -> Generator[frozenset[str], str, tuple[Predicate, ...]]:
        """One or more conditions, up to the ``stop`` token, which is consumed."""
        found: list[Predicate] = []
        token = yield self.condition_starts(among) | ({stop} if stop == "END" else frozenset())
        while token != stop:
            if token == "OR":
                right = yield from self.condition((yield self.condition_starts(among)), among)
                found[-1] = Or(found[-1], right)
            else:
                found.append((yield from self.condition(token, among)))
            token = yield self.condition_starts(among) | {stop, "OR"}
        return tuple(found)

    def condition(self, token: str, among: Sequence[str]) -> Generator[frozenset[str], str, Predicate]:
        if token == "NOT":
            inner = yield from self.condition((yield self.columns(among) | self.segments(among)), among)
            return Not(inner)
        if token in ("EXISTS", "NOT_EXISTS"):
            added = self.new_edges(among)
            edge = yield frozenset(added)
            conditions = yield from self.conditions([added[edge]], "END")
            return Exists(Join(edge, added[edge]), conditions, token == "NOT_EXISTS")
        if ":" in token:
            return Segment(token)
        column = column_of(token)
        op = yield self.operators(token, column, among)
        if op in ("IS_NULL", "NOT_NULL", "IS_TRUE", "IS_FALSE", "PAST", "FUTURE"):
            return Condition(token, op)
        return Condition(token, op, (yield self.operands(token, column, op, among)))

    def operators(self, token: str, column: Column, among: Sequence[str]) -> frozenset[str]:
        """Tests that a column takes, those alone that have something to compare with."""
        if column.type == "BOOLEAN":
            return frozenset({"IS_TRUE", "IS_FALSE"})
        options = {"IS_NULL", "NOT_NULL"}
        if column.is_time:
            options |= {"PAST", "FUTURE"}
            comparing = {"DURING", "NOT_DURING", "LT", "GT"}
        elif column.is_number:
            comparing = set(COMPARISONS)
        else:
            comparing = {"HAS", "HAS_NOT"} if column.is_list else {"EQ", "NE", "CONTAINS"}
        return frozenset(options | {op for op in comparing if self.operands(token, column, op, among)})

    def operands(self, token: str, column: Column, op: str, among: Sequence[str]) -> frozenset[str]:
        if op in ("DURING", "NOT_DURING"):
            return self.period_slots
        if column.is_time:
            return self.columns_where(among, time=True) - {token}
        if column.is_number:
            return self.numbers(column.unit) | (self.columns_where(among, number=True) - {token}) | ({"MEAN"} if op in ("LT", "GT") else frozenset())
        if op in ("HAS", "HAS_NOT", "CONTAINS"):
            return self.texts(token, column)
        alike = frozenset(c for c in self.columns(among) if not column.values and _alike(column_of(c), column)) - {token}
        return self.texts(token, column) | frozenset(map(literal, column.values)) | alike

    def aggregate_starts(self, among: Sequence[str], time: bool = True) -> frozenset[str]:
        options = {"COUNT", "COUNT_DISTINCT", "COUNT_IF", "SHARE_IF"}
        if self.columns_where(among, number=True):
            options |= {"SUM", "AVG", "AVG_IF", "SUM_IF", "SHARE_SUM"}
        if self.columns_where(among, number=True, time=time):
            options |= {"MIN", "MAX"}
        return frozenset(options) | self.measures(among)

    def item_starts(self, among: Sequence[str]) -> frozenset[str]:
        options = set(DATE_PARTS) if self.columns_where(among, time=True) else set()
        numbers = self.columns_where(among, number=True)
        if numbers:
            options.add("ABS")
        if len(numbers) > 1:
            options.add("DIFF")
        return self.columns(among) | self.aggregate_starts(among) | options

    def items(self, among: Sequence[str]) -> Generator[frozenset[str], str, tuple[tuple[Item, ...], str]]:
        found: list[Item] = []
        follow = frozenset({"HAVING", "ORDER", "LIMIT", END})
        starts = self.item_starts(among) | frozenset(AGES if self.columns_where(among, time=True) else ())
        token = yield starts | {"SHOW"}
        while token not in follow:
            found.append(Item("SHOW") if token == "SHOW" else (yield from self.item(token, among)))
            token = yield starts | follow
        return tuple(found), token

    def item(self, token: str, among: Sequence[str], time: bool = True) -> Generator[frozenset[str], str, Item]:
        if token == "COUNT":
            return Item(token)
        if token in ("COUNT_IF", "SHARE_IF"):
            return Item(token, (), (yield from self.conditions(among, "END")))
        if token in PARTIAL:
            averaged = yield self.columns_where(among, number=True)
            return Item(token, (averaged,), (yield from self.conditions(among, "END")))
        if token == "COUNT_DISTINCT":
            return Item(token, ((yield self.columns(among)),))
        if token in AGGREGATES:
            comparable = self.columns_where(among, number=True, time=time and token in ("MIN", "MAX"))
            return Item(token, ((yield comparable),))
        if token in DATE_PARTS or token in AGES:
            return Item(token, ((yield self.columns_where(among, time=True)),))
        if token == "ABS":
            return Item(token, ((yield self.columns_where(among, number=True)),))
        if token == "DIFF":
            numbers = self.columns_where(among, number=True)
            left = yield numbers
            return Item(token, (left, (yield numbers - {left})))
        return Item("", (token,))


class Reader:
    """Reads a plan token by token: ``allowed`` is what may come next, ``plan`` the result once it ended."""

    def __init__(self, scope: Scope | None = None) -> None:
        self._steps = _Grammar(scope or full_scope()).plan()
        self.allowed = next(self._steps)
        self.plan: Plan | None = None

    def push(self, token: str) -> None:
        """Take one token. Raises `BadPlan` where the grammar does not have it."""
        if token not in self.allowed:
            raise BadPlan(f"{token!r} cannot stand here")
        try:
            self.allowed = self._steps.send(token)
        except StopIteration as done:
            self.allowed = frozenset()
            self.plan = done.value


def parse(tokens: str | Iterable[str], scope: Scope | None = None) -> Plan:
    """The plan that the tokens spell. Raises `BadPlan` at the first token that cannot stand where it does."""
    words = tokens.split() if isinstance(tokens, str) else list(tokens)
    reader = Reader(scope)
    for at, word in enumerate([*words, END]):
        try:
            reader.push(word)
        except BadPlan as bad:
            raise BadPlan(f"token {at + 1} of {' '.join(words)!r}: {bad.what}") from None
    assert reader.plan is not None
    return reader.plan
