"""Amounts: of what, of which rows and how many of them."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Item, Predicate, Query, Segment, column_of
from nl2sql.plan.parts import ENTITIES, each_item, items_of, own_key
from nl2sql.readings.conversation import NEXT, POLITE
from nl2sql.said.parts import as_aggregate, as_measure, mapped
from nl2sql.values import Text

_mean, _total, _joint = r"(?:averages?|avg|means?)", r"(?:totals?|sums?)", r"(?: ?[,/&+] ?(?:and )?| (?:and|or|as well as|plus) )(?:the )?"
BOTH_AMOUNTS = re.compile(rf"\b(?:{_total}{_joint}{_mean}|{_mean}{_joint}{_total})\b")
"""Total and average of one thing."""
COUNTED = re.compile(r"\b(?:how many|numbers?|counts?)\b")
COUNTED_TOO = re.compile(r"\bhow many\b|(?:,|\band|\bwith|\bplus) ?(?:the |their )?(?:numbers?|counts?)\b")
"""Asks for a number of rows before or behind an amount."""
APART = re.compile(r"\b(?:respectively|side by side|separately|individually|compar(?:e|ed|ing|ison))\b")
"""Asks for the amount of each."""
GIVEN = re.compile(r"\b(?:is|are|was|were|be|been|have|has) (?:\w+ )?(?:given(?! (?:away|out|for free|to|by|free))|known|set|stated|recorded)\b")
"""Says that there is a value; what is given away has one that is nothing."""
NOT_GIVEN = re.compile(
    r"(?:\b(?:not|never)|n't)(?: been| yet)? (?:given|known|set|stated|recorded)\b|\b(?:neither|nor|no|without)(?: \w+){1,4} (?:given|known|stated|recorded)\b|\b(?:unknown|unset)\b"
)
NO = re.compile(r"\b(?:not?|none|nobody|never|without|neither|nor)\b|n't\b")
ZERO = re.compile(r"\b(?:zero|0|nothing|free|nil|empty)\b")
RANKED = re.compile(
    r"\b(?!(?:test|rest|request|interest|harvest|forest|invest|nest|west|east|guest|quest|manifest|contest|protest|digest|ingest)\b)\w{2,}est\b"
    r"|\b(?:most|least|top|best|worst|last|first|bottom|leading|more|less|fewer|rank\w*|order\w*|sort\w*|by|recent\w*|newly|main|biggest|popular|expensive|up to)\b"
)
"""Words by which the first of more are meant."""
YES_OR_NO = re.compile(r"(?:is|are|was|were|do|does|did|has|have)\b")
"""How a question begins that asks whether something is so."""
MEAN = re.compile(r"\b(?:averages?|averaged|avg|mean|means)\b")
EXTREME = re.compile(r"\b(?:max|maximum|highest|largest|biggest|longest|most|min|minimum|lowest|smallest|shortest|least|peak|worst|best|top)\b")
MEANS = {"MAX": "AVG", "MIN": "AVG", "MAX_DAYS": "AVG_DAYS", "MAX_HOURS": "AVG_HOURS"}
"""Amounts of one row, and the averages that they stand in place of."""
HOW_MANY_PEOPLE = re.compile(rf"^\W*{POLITE}how many (?:people|persons|individuals|humans|data subjects|subjects)\b(?!.*\b(?:each|per|every|by)\b)")
EACH_PAID = re.compile(r"\b(?:each|every(?:one|body)?)\b(?: of them)?(?: \w+){0,3} (?:pay|paid|spend|spent)\b(?=.*\b(?:altogether|in (?:total|all|sum)|overall|so far)\b)")
"""Asks what each has paid in all."""
BUYER, TOKEN = Item("", ("market.buyer",)), Item("", ("market.token",))
PAID = re.compile(r"^(?!.*\b(?:each|per|every|by whom|who|list|show|which|when)\b).*\b(?:how much|what) (?:money )?(?:has|have|had|was|were|did|do|does|is)\b.*\b(?:paid|pay|spent|spend|earned|earn|taken in|brought in)\b")
RATING = "market.rating"
SO_OFTEN = r" (?:different |distinct |other |separate )?(?:(?P<who>people|persons|users|buyers|customers|reviewers|raters|organi[sz]ations)|times|occasions|ratings|reviews|votes|scores)\b(?! (?:or better|and better))"
"""Behind a number: of those who have rated something, or of ratings."""
OFFERED = Segment("market:offered")
BOUNDS = ("LT", "LE", "GT", "GE")
BOUND_AFTER = re.compile(
    r"[,;(] ?(?:and |but )?(?:only|just|keep|where|if|those|which|when|for those)\b[^,;]*$|\bonly (?:those|the ones|where|if)\b[^,;]*$"
    rf"|\b{_mean}(?: \w+){{1,2}}?(?: (?:of|is|are|was|that is))? (?:at least|at most|over|above|under|below|(?:more|less|better|worse|higher|lower|greater|no less|not less) than|exceeds|exceeding) $"
)
"""Before a bound that is one on amounts."""


def in_total(query: Query, linked: Linked) -> Query:
    """A total beside an average is the sum of the same, not a number of rows."""
    said = BOTH_AMOUNTS.search(linked.text)
    means = [item for item in map(as_aggregate, query.select) if item.fn == "AVG"]
    if said is None or len(means) != 1 or Item("COUNT") not in query.select:
        return query
    if COUNTED.search(linked.text[: said.start()]) or COUNTED_TOO.search(linked.text[said.end() :]):
        return query
    total = as_measure(Item("SUM", means[0].args))
    return replace(query, select=tuple(total if item == Item("COUNT") else item for item in query.select))


def with_its_measure(query: Query, linked: Linked) -> Query:
    """A measure that the question names is shown where a plan shows but the amount by which groups are cut: the average rating of what has three."""
    amounts = [item for item in query.select if item.is_aggregate]
    if query.having is None or amounts != [query.having[0]] or query.having[0].fn not in ("COUNT", "COUNT_DISTINCT"):
        return query
    named = [f"{query.view}#{name}" for name in views()[query.view].measures if "_" in name and re.search(rf"\b{name.replace('_', ' ')}\b", linked.text)]
    if len(named) != 1 or Item("", (named[0],)) in items_of(query):
        return query
    return replace(query, select=(*(item for item in query.select if not item.is_aggregate), Item("", (named[0],)), *amounts))


def of_people(query: Query, linked: Linked) -> Query:
    """How many people that is, is their sum: not how many each row tells of."""
    counts = [item for item in query.select if not item.fn and "." in item.args[0] and column_of(item.args[0]).unit == "people"]
    if len(counts) != 1 or query.is_grouped or query.limit or not HOW_MANY_PEOPLE.match(linked.text.rpartition(NEXT)[2]):
        return query
    return replace(query, select=(as_measure(Item("SUM", counts[0].args)),), order=None)


def paid_in_all(query: Query, linked: Linked) -> Query:
    """What has been paid is the sum of it, not each payment."""
    amount = Item("", ("market.amount",))
    if amount in query.select and not query.is_grouped and not query.limit and BUYER in query.select and EACH_PAID.search(linked.text.rpartition(NEXT)[2]):
        shown = tuple(item for item in query.select if item in (BUYER, TOKEN))
        return replace(query, select=(*shown, as_measure(Item("SUM", amount.args))), order=None)
    if amount not in query.select or query.is_grouped or query.limit or not PAID.search(linked.text.rpartition(NEXT)[2]):
        return query
    return replace(query, select=(as_measure(Item("SUM", amount.args)),), order=None)


def once_summed(query: Query, linked: Linked) -> Query:
    """What is summed up for each group is no group itself."""
    summed = {as_aggregate(item).args for item in query.select if as_aggregate(item).fn in ("SUM", "AVG")}
    kept = tuple(item for item in query.select if item.fn or item.args not in summed)
    return replace(query, select=kept) if query.is_grouped else query


def on_average(query: Query, linked: Linked) -> Query:
    """An average is no highest and no lowest, where no word says that one is meant."""
    amounts = [item for item in query.select if item.is_aggregate]
    if len(amounts) != 1 or amounts[0].fn not in MEANS or not MEAN.search(linked.text) or EXTREME.search(linked.text) or _is_time(amounts[0]):
        return query
    mean = as_measure(replace(amounts[0], fn=MEANS[amounts[0].fn]))
    order = (mean, query.order[1]) if query.order and query.order[0] == amounts[0] else query.order
    return replace(query, select=tuple(mean if item == amounts[0] else item for item in query.select), order=order)


def at_its_best(query: Query, linked: Linked) -> Query:
    """The best accuracy is no average, where no word says that one is meant."""
    best = [name for name in views()[query.view].measures if name.startswith("best_") and re.search(rf"\b{name.replace('_', ' ')}\b", linked.text)]
    if len(best) != 1 or MEAN.search(linked.text):
        return query
    mean = as_measure(Item("AVG", (f"{query.view}.{best[0].removeprefix('best_')}",)))
    return each_item(query, lambda item: Item("", (f"{query.view}#{best[0]}",)) if item == mean else item)


def _is_time(amount: Item) -> bool:
    """The newest or the oldest of times, of which there is no average."""
    return len(amount.args) == 1 and column_of(amount.args[0]).is_time


def bounded_average(query: Query, linked: Linked) -> Query:
    """A bound behind averages of groups is one on the average: averages for each dataset, only those under 95 %."""
    groups = [item for item in query.select if item.is_group]
    amounts = [item for item in query.select if item.is_aggregate] or ([query.order[0]] if query.order else [])
    if not query.is_grouped or query.having or not groups or len(amounts) != 1 or as_aggregate(amounts[0]).fn != "AVG" or not MEAN.search(linked.text):
        return query
    (column,) = as_aggregate(amounts[0]).args
    bounds = [p for p in query.where if isinstance(p, Condition) and p.column == column and p.op in BOUNDS and p.value.startswith("@")]
    before = linked.text.partition(bounds[0].value[1:])[0] if len(bounds) == 1 else ""
    if not BOUND_AFTER.search(before):
        return query
    is_rated = column == RATING  # what is offered has its ratings in other rows
    kept = tuple(p for p in query.where if p is not bounds[0] and not (is_rated and p == OFFERED))
    return replace(query, where=kept, having=(amounts[0], bounds[0].op, bounds[0].value))


def of_so_often(query: Query, linked: Linked) -> Query:
    """A bound on how many have rated something is none on the ratings: rated by at least three people."""
    bounds = [p for p in query.where if isinstance(p, Condition) and p.column == RATING and p.value.startswith("@number")]
    said = re.search(rf"\b{bounds[0].value[1:]}{SO_OFTEN}", linked.text) if len(bounds) == 1 and not query.having else None
    if query.view != "market" or said is None or not (query.is_grouped or Item("", ("market.dataset",)) in query.select):
        return query
    count = Item("COUNT_DISTINCT", ("market.buyer",)) if said["who"] else Item("COUNT")
    return replace(query, where=tuple(p for p in query.where if p is not bounds[0]), having=(count, bounds[0].op, bounds[0].value))


def without_bound_on_all(query: Query, linked: Linked) -> Query:
    """Whether one amount of all rows exceeds a bound is told by the amount: nothing at all would be no answer."""
    if query.joins or any(not item.is_aggregate for item in query.select):
        return query
    if query.having is None:
        return replace(query, select=tuple(map(_of_all, query.select))) if YES_OR_NO.match(linked.text) else query
    left, _, right = query.having
    compared = (left, right) if isinstance(right, Item) else (left,)
    return replace(query, having=None, select=tuple(dict.fromkeys((*query.select, *compared))))


def _of_all(amount: Item) -> Item:
    """An average of what its own bound allows, as that of all: is the average score above 0.9?"""
    tests = amount.conditions
    is_bounded = amount.fn == "AVG_IF" and len(tests) == 1 and isinstance(tests[0], Condition) and tests[0].op in BOUNDS and (tests[0].column,) == amount.args
    return as_measure(Item("AVG", amount.args)) if is_bounded else amount


def that_is_given(query: Query, linked: Linked) -> Query:
    """An amount that is given is not null, one that is not given is; neither is zero, unless the question says so."""
    is_absent = bool(NOT_GIVEN.search(linked.text))
    if ZERO.search(linked.text) or not (is_absent or (GIVEN.search(linked.text) and not NO.search(linked.text))):
        return query
    op = "IS_NULL" if is_absent else "NOT_NULL"
    return mapped(query, lambda p: Condition(p.column, op) if isinstance(p, Condition) and p.op == "EQ" and p.value == "0" else p)


def of_each(query: Query, linked: Linked) -> Query:
    """Of several things that one name stands for, each row says of which it is; an amount is for each where that is asked for: the rounds of each x-ray run."""
    several = {slot for slot, m in linked.mentions.items() if isinstance(m.value, Text) and len({v.casefold() for v in m.value.values}) > 1}
    tests = [p for p in query.where if isinstance(p, Condition) and p.op == "EQ" and p.value in several and not column_of(p.column).is_list]
    if len(tests) != 1 or query.joins or query.order or query.limit or query.having or any(tests[0].column in item.args or item.fn == "SHOW" for item in query.select):
        return query
    if query.is_grouped:
        is_each = not any(item.is_group for item in query.select) and _asks_for_each(tests[0].value[1:], linked.text)
    else:
        one_row = views()[query.view].latest_by if query.latest else (own_key(query.view)[0].split(".")[1],) if query.view in ENTITIES else ()
        is_each = tests[0].column.split(".")[1] in one_row
    return replace(query, select=(Item("", (tests[0].column,)), *query.select)) if is_each else query


def _asks_for_each(slot: str, text: str) -> bool:
    each = rf"\b(?:each|every)(?: one)?(?: of)?(?: the| our| these)? {slot}\b|\b{slot}s?(?: \w+)? each\b"
    return bool(APART.search(text) or re.search(each, text))


def of_both_parts(query: Query, _: Linked) -> Query:
    """Amounts of rows with one value beside those of rows with another are of rows with either."""
    amounts = [item for item in query.select if item.is_aggregate]
    parts = [c for item in amounts for c in item.conditions if isinstance(c, Condition) and c.op == "EQ"]
    apart = {c.column for c in parts if len({other.value for other in parts if other.column == c.column}) > 1}
    if not apart or not all(item.conditions for item in amounts):
        return query

    def is_one_part(predicate: Predicate) -> bool:
        return isinstance(predicate, Condition) and predicate.column in apart and predicate in parts

    return replace(query, where=tuple(p for p in query.where if not is_one_part(p)))


def all_of_them(query: Query, linked: Linked) -> Query:
    """The two finance tables are all that there are: no number of first ones where nothing is ranked."""
    is_number = bool(re.fullmatch(r"@number\d", query.limit)) and query.order is not None
    if not is_number or not re.search(rf"\b(?:the|our|those|these|my) {query.limit[1:]}\b", linked.text) or RANKED.search(linked.text):
        return query
    assert query.order is not None
    return replace(query, limit="", order=None, per="", skip="", select=tuple(dict.fromkeys((*query.select, query.order[0]))))
