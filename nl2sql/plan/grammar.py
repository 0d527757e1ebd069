"""Reads plans: one coroutine is both the parser of the plan language and its decoding grammar.

It yields the tokens that may come next and is sent the one that did. Knows nothing about SQL text.
"""

from collections.abc import Generator, Iterable, Sequence

from catalog.semantic import Column, edges, views
from nl2sql.errors import BadPlan
from nl2sql.plan.language import (
    AGES,
    AGGREGATES,
    ARMS,
    COMPARISONS,
    END,
    GROUP_SHARES,
    HEADS,
    MEAN_AGE,
    MODEL_PARTS,
    NUMBERS,
    PARTIAL,
    SLOT_KINDS,
    SPAN_AGGREGATES,
    SPANS,
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
    Scope,
    Segment,
    column_of,
    full_scope,
    literal,
)
from nl2sql.values import SECONDS_IN

UNITS_FOR = {"bytes": {"bytes", "GB", "MB"}, "percent": {"ratio", ""}, **{unit: {*SECONDS_IN, "ratio", ""} for unit in SECONDS_IN}}
"""Column units that a number written with a unit can be compared with; one without a unit fits all. Some readings of quality, which count as ratios, are hours."""
COUNTED = frozenset(n for n in NUMBERS if n.isdigit() and n != "0")
"""Numbers of rows."""
NO_CHOICE = frozenset({"COUNT", "COUNT_IF", "SHARE_IF", *SPAN_AGGREGATES})
"""What is of no one column or measure that one could choose."""


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
        self._picked: dict[tuple[tuple[str, ...], bool, bool], frozenset[str]] = {}
        self._added: dict[tuple[str, ...], dict[str, str]] = {}

    def columns(self, among: Sequence[str]) -> frozenset[str]:
        return self._columns(tuple(among), False, False)

    def columns_where(self, among: Sequence[str], *, number: bool = False, time: bool = False) -> frozenset[str]:
        return self._columns(tuple(among), number, time)

    def _columns(self, among: tuple[str, ...], number: bool, time: bool) -> frozenset[str]:
        """Worked out once for the views that are present: a plan asks at every other token."""
        key = (among, number, time)
        if key not in self._picked:
            if number or time:
                picked = ((c, column_of(c)) for c in self._columns(among, False, False))
                self._picked[key] = frozenset(c for c, spec in picked if (number and spec.is_number) or (time and spec.is_time))
            else:
                self._picked[key] = frozenset(c for c in self.scope.columns if c.split(".")[0] in among)
        return self._picked[key]

    def segments(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(f"{v}:{s}" for v in among for s in views()[v].segments)

    def measures(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(f"{v}#{m}" for v in among for m in views()[v].measures)

    def new_edges(self, among: Sequence[str]) -> dict[str, str]:
        """Edges that add one view to those present, with the view each adds; worked out once for those."""
        key = tuple(among)
        if key not in self._added:
            self._added[key] = {
                str(e): (b if a in among else a)
                for e in self.edges
                for a, b in [e.view_names]
                if (a in among) != (b in among)
            }
        return self._added[key]

    def plan(self) -> Generator[frozenset[str], str, Plan]:
        head = yield frozenset(HEADS)
        if head == "FROM":
            return (yield from self.query())
        if head == "ASK":
            starts = self.item_starts(tuple(self.views)) - NO_CHOICE
            first, choices = (yield starts), list[Item]()
            while first != END:
                choices.append((yield from self.item(first, tuple(self.views))))
                first = yield starts | ({END} if len(choices) > 1 else frozenset())
            return AskBack(tuple(choices))
        if head == "WHICH":
            kind = yield self.kinds()
            yield frozenset({END})
            return AskWhich(kind[1:])
        yield frozenset({END})
        return Decline(head)

    def kinds(self) -> frozenset[str]:
        """Kinds of things that the question may mean without a name: it has a name of the others. The full scope is that of no question."""
        named = set[str]() if self.scope.slots == full_scope().slots else {slot[1:-1] for slot in self.scope.slots - self.scope.unknown}
        return frozenset(f"?{kind}" for kind in SLOT_KINDS if kind not in named)

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
        limit = per = skip = ""
        shares = self.group_shares(select, among)
        if token == "HAVING":
            item = yield from self.item((yield self.aggregate_starts(among, time=False) | shares), among, time=False)
            op = yield frozenset(COMPARISONS)
            than = yield self.numbers() | self.aggregate_starts(among, time=False) | shares
            numeric = than in NUMBERS or than in self.number_slots
            having = (item, op, than if numeric else (yield from self.item(than, among, time=False)))
            token = yield frozenset({"ORDER", "LIMIT", END})
        if token == "ORDER":
            item = yield from self.item((yield self.item_starts(among) | self.spans(among) | shares), among)
            order = (item, (yield frozenset({"ASC", "DESC"})))
            token = yield frozenset({"LIMIT", END})
        if token == "LIMIT":
            limit = yield self.number_slots | COUNTED
            after = {END}
            if order:
                # Shares are of all groups, not of the first of each.
                after |= {"SKIP"} if _shares_in(select, having, order) else {"SKIP", "PER"}
            token = yield frozenset(after)
            if token == "PER":
                # Of each value of what they are ranked by all are equally high.
                per = yield self.columns(among) - set(order[0].args if order and not order[0].is_aggregate else ())
            elif token == "SKIP":
                skip = yield self.number_slots | COUNTED
            if token != END:
                yield frozenset({END})
        return Query(
            view=view, joins=tuple(joins), latest=latest, where=where, select=select, having=having, order=order, limit=limit, per=per, skip=skip
        )

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
        """One or more conditions, up to the ``stop`` token, which is consumed. Only those of the rows themselves hold an EITHER."""
        found: list[Predicate] = []
        either = frozenset({"EITHER"} if stop == "SELECT" else ())
        token = yield self.condition_starts(among) | ({stop} if stop == "END" else either)
        while token != stop:
            if token == "OR":
                right = yield from self.condition((yield self.condition_starts(among)), among)
                found[-1] = Or(found[-1], right)
            elif token == "EITHER":
                found.append((yield from self.either(among)))
            else:
                found.append((yield from self.condition(token, among)))
            token = yield self.condition_starts(among) | either | ({stop} if token == "EITHER" else {stop, "OR"})
        return tuple(found)

    def either(self, among: Sequence[str]) -> Generator[frozenset[str], str, Either]:
        """Arms of conditions up to END; arms of one condition each are written with OR."""
        starts = self.condition_starts(among)
        arms: list[list[Predicate]] = [[]]
        token = yield starts
        while token != "END":
            if token == "OR_ELSE":
                arms.append([])
                token = yield starts
                continue
            if token == "OR":
                right = yield from self.condition((yield starts), among)
                arms[-1][-1] = Or(arms[-1][-1], right)
            else:
                arms[-1].append((yield from self.condition(token, among)))
            more = {"OR"} if len(arms) == ARMS else {"OR", "OR_ELSE"}
            token = yield starts | more | ({"END"} if len(arms) > 1 and any(len(arm) > 1 for arm in arms) else frozenset())
        return Either(tuple(map(tuple, arms)))

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
            options |= {"SUM", "AVG", "MEDIAN", "AVG_IF", "SUM_IF", "SHARE_SUM"}
        times = self.columns_where(among, time=True)
        if times:
            options.add(MEAN_AGE)
        if len(times) > 1:
            options.update(SPAN_AGGREGATES)
        if self.columns_where(among, number=True, time=time):
            options |= {"MIN", "MAX"}
        return frozenset(options) | self.measures(among)

    def item_starts(self, among: Sequence[str]) -> frozenset[str]:
        options = set(MODEL_PARTS) if self.columns_where(among, time=True) else set()
        numbers = self.columns_where(among, number=True)
        if numbers:
            options.add("ABS")
        if len(numbers) > 1:
            options.add("DIFF")
        return self.columns(among) | self.aggregate_starts(among) | options

    def spans(self, among: Sequence[str]) -> frozenset[str]:
        return frozenset(SPANS if len(self.columns_where(among, time=True)) > 1 else ())

    def group_shares(self, select: Iterable[Item], among: Sequence[str]) -> frozenset[str]:
        """Shares that a result can hold beside what it is grouped by so far."""
        if not any(item.is_group for item in select):
            return frozenset()
        return frozenset(GROUP_SHARES if self.columns_where(among, number=True) else {"SHARE"})

    def items(self, among: Sequence[str]) -> Generator[frozenset[str], str, tuple[tuple[Item, ...], str]]:
        found: list[Item] = []
        follow = frozenset({"HAVING", "ORDER", "LIMIT", END})
        starts = self.item_starts(among) | self.spans(among) | frozenset(AGES if self.columns_where(among, time=True) else ())
        token = yield starts | {"SHOW"}
        while token not in follow:
            found.append(Item("SHOW") if token == "SHOW" else (yield from self.item(token, among)))
            token = yield starts | follow | self.group_shares(found, among)
        return tuple(found), token

    def item(self, token: str, among: Sequence[str], time: bool = True) -> Generator[frozenset[str], str, Item]:
        if token in ("COUNT", "SHARE"):
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
        if token in MODEL_PARTS or token in AGES or token == MEAN_AGE:
            return Item(token, ((yield self.columns_where(among, time=True)),))
        if token in ("ABS", "SHARE_OF"):
            return Item(token, ((yield self.columns_where(among, number=True)),))
        if token == "DIFF" or token in SPANS or token in SPAN_AGGREGATES:
            pair = self.columns_where(among, number=token == "DIFF", time=token != "DIFF")
            left = yield pair
            return Item(token, (left, (yield pair - {left})))
        return Item("", (token,))


def _shares_in(select: Iterable[Item], having: tuple[Item, str, str | Item] | None, order: tuple[Item, str] | None) -> bool:
    compared = [having[0], having[2]] if having else []
    return any(isinstance(i, Item) and i.fn in GROUP_SHARES for i in (*select, *compared, *(order[:1] if order else ())))


class Reader:
    """Reads a plan token by token: ``allowed`` is what may come next, ``plan`` the result once it ended."""

    def __init__(self, scope: Scope | None = None) -> None:
        self._start(_Grammar(scope or full_scope()))

    def _start(self, grammar: _Grammar) -> None:
        self._grammar = grammar
        self._steps = grammar.plan()
        self.allowed = next(self._steps)
        self.plan: Plan | None = None

    def again(self, tokens: Iterable[str]) -> "Reader":
        """Another reader in the same scope that has taken ``tokens``; what the grammar has worked out for the scope serves both."""
        other = Reader.__new__(Reader)
        other._start(self._grammar)
        for token in tokens:
            other.push(token)
        return other

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
