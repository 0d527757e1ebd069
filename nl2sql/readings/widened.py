"""Turns of a dialogue that ask for more than was found before: over all there is, for each of a kind, for both that were named, the rows that were counted.

Each rule takes the plan of the last turn and that of the answer before. Knows plans and linked words; asks no model.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from nl2sql.linking.vocabulary import singular
from nl2sql.plan.language import Condition, Item, Predicate, Query, column_of
from nl2sql.plan.parts import ENTITIES, own_key, plain_groups
from nl2sql.readings.conditions import SLOT, is_said, slots_of, with_where
from nl2sql.readings.conversation import POLITE
from nl2sql.said.flows import DEPTH, SAYS_DIRECT
from nl2sql.said.parts import any_of, as_measure

_all = r"(?:all|every|any|whatever)(?: the| our)? (?:laws?|regulations?|data ?sets?|tables|nodes|machines|models|runs|kinds?|types?|domains|countries|owners|people)"
OVERALL = re.compile(rf"\bin the (?:whole |entire |full )?(?:catalog(?:ue)?|network)\b|\bin the (?:whole|entire|full) (?:fleet|federation|estate|platform|system|organi[sz]ation|company|group)\b|\b(?:most|least|best|worst|fewest|highest|lowest|biggest)\b.* at all\W*$|[,;] ?{_all}(?:,? (?:and )?{_all})*\W*$")
"""Says that all there is is meant: the broken copies in the catalog; how many in total, all laws."""
WHO = ("person", "org")
BOTH = re.compile(r"\b(?:both|(?:of )?(?:the|these|those) (?:two|number[1-3]))\b")
"""Means the two that were named."""
ONE_OF = re.compile(r"\bwhich (?:one )?of (?:the|these|those) (?P<two>number[1-3])\b")
"""Asks for one of them."""
WHICH_OF = re.compile(rf"^\W*{POLITE}which of (?:those|these|them|the)\b")
"""Asks for rows."""
COUNTED = re.compile(rf"^\W*{POLITE}(?:how many|the number|the count|count)\b(?: \w+){{0,4}}\W*$")
"""A turn that does nothing but count what was found."""
ONLY = re.compile(rf"^\W*(?!and\b){POLITE}(?:only|just|the ones|those|(?:in)?directly)\b(?!.*\b(?:how many|number|count)\b)")
"""A turn that narrows what was found."""
OTHER = re.compile(r"\bother\b(?: (?!than\b)[\w-]+){0,3} (?:data ?sets?|sets|tables|models|nodes|machines|ones)\b(?!.* than\b)")
"""Means more things of a kind."""
ONES = re.compile(r"\bones\b")
THE_ONE = re.compile(rf"^\W*{POLITE}(?:(?:which|what|who) (?:is|was) )?(?:the )?(?:worst|best|newest|oldest|latest|largest|biggest|smallest|highest|lowest|slowest|fastest|longest|shortest)(?: one)?\W*$")
"""Asks for one of what was shown."""
IN_EACH = re.compile(r"\b(?:in|into|of|for|from|by|per|to) each(?: of (?:them|those|these))?\b(?! [a-z])|\beach of (?:them|these|those)\b")
THINGS = ("dataset", "model", "node", "run", "policy")
ADDED = re.compile(rf"^\W*{POLITE}(?:also )?(?:add|plus|with|include)\b")
"""How a turn asks for one more column."""
FOR_EACH = r"\b(?:by|per|each|every|which|what) (?:the |single |other |kind of )?(?:\w+ )?"


def widens(query: Query, said: str) -> bool:
    """Whether a turn says that it asks for more than was found before, or for its rows."""
    if any(pattern.search(said) for pattern in (OVERALL, OTHER, BOTH, WHICH_OF, THE_ONE, IN_EACH, ADDED)):
        return True
    is_of_one = query.view in ENTITIES and any(isinstance(p, Condition) and p.column == own_key(query.view)[0] for p in query.where)
    return bool((is_of_one and ONES.search(said)) or ((query.is_grouped or query.limit) and re.search(FOR_EACH, said)))


def widened(query: Query, before: Query, said: str, earlier: Sequence[str]) -> Query:
    """The query without what it keeps of the one before where the turn asks for more."""
    for rule in (over_all, of_each, of_such_ones, beside_it, the_one, apart, with_amount, at_any_depth, of_its_members, as_before):
        query = rule(query, before, said)
    return of_both(listed(query, before, said, earlier), said, earlier)


def over_all(query: Query, before: Query, said: str) -> Query:
    """Nothing that was named before limits what is asked over all."""
    if not OVERALL.search(said):
        return query
    return with_where(query, [p for p in query.where if p not in before.where or not slots_of(p) or is_said(p, said)])


def of_each(query: Query, before: Query, said: str) -> Query:
    """Groups that the turn names are not only that of the one that was asked about before: broken backups >> how many broken ones by kind."""
    groups = {column for column in plain_groups(query) if query.is_grouped and re.search(rf"{FOR_EACH}(?:{_called(column)})\b", said)}
    gone = [p for p in query.where if isinstance(p, Condition) and p.op == "EQ" and p.column in groups and p in before.where and not is_said(p, said)]
    return with_where(query, [p for p in query.where if p not in gone]) if gone else query


def _called(column: str) -> str:
    names = {name.lower().replace("_", " ") for name in (column_of(column).name, *column_of(column).synonyms)}
    return "|".join(re.escape(form) for name in sorted(names) for form in (f"{name}s", name, singular(name)))


def of_such_ones(query: Query, before: Query, said: str) -> Query:
    """Those of a kind are not only the one that was asked about before: uptime of oslo >> all German ones."""
    key = own_key(query.view)[0] if query.view in ENTITIES else ""
    pinned = [p for p in query.where if isinstance(p, Condition) and p.column == key and p.op == "EQ" and p in before.where and not is_said(p, said)]
    is_of_kind = ONES.search(said) and any(is_said(p, said) for p in query.where)
    if not pinned or not is_of_kind:
        return query
    shown = () if query.is_grouped or Item("", (key,)) in query.select else (Item("", (key,)),)
    return replace(with_where(query, [p for p in query.where if p not in pinned]), select=(*shown, *query.select))


def beside_it(query: Query, before: Query, said: str) -> Query:
    """Other things of a kind are not the one that was asked about before."""
    key = own_key(query.view)[0] if query.view in ENTITIES and not query.is_grouped else ""
    of_kind = f"@{column_of(key).slot}" if key else "?"
    held = {p.value for p in before.where if isinstance(p, Condition) and p.op == "EQ" and p.value.startswith(of_kind)}
    if not OTHER.search(said) or len(held) != 1 or any(slots_of(p) & {value[1:] for value in held} for p in query.where):
        return query
    return replace(query, where=(*query.where, Condition(key, "NE", held.pop())))


def the_one(query: Query, before: Query, said: str) -> Query:
    """The worst is one, of however many were shown."""
    is_kept = query.limit == before.limit not in ("", "1") and query.order == before.order is not None
    return replace(query, limit="1") if is_kept and THE_ONE.match(said) else query


def apart(query: Query, before: Query, said: str) -> Query:
    """An amount in each of what was listed is told of each."""
    things = [item for item in before.select if not item.fn and "." in item.args[0] and column_of(item.args[0]).slot in THINGS]
    is_alike = (query.view, query.joins) == (before.view, before.joins) and query.is_grouped and not before.is_grouped
    if not is_alike or not things or not IN_EACH.search(said) or any(item.is_group for item in query.select):
        return query
    return replace(query, select=(things[0], *query.select))


def with_amount(query: Query, before: Query, said: str) -> Query:
    """A column that is added to amounts of groups is one more amount of them: rounds per run >> add the energy."""
    numbers = [item for item in query.select if item not in before.select and not item.fn and "." in item.args[0] and column_of(item.args[0]).is_number]
    groups, new = plain_groups(before), [item for item in numbers if re.search(rf"\b(?:{_called(item.args[0])})\b", said)]
    if not ADDED.match(said) or query.view != before.view or not before.is_grouped or query.is_grouped or not groups or len(new) != 1:
        return query
    amounts = [as_measure(Item(fn, new[0].args)) for fn in ("SUM", "AVG")]
    return replace(before, select=(*before.select, next((a for a in amounts if not a.fn), amounts[0])))


def at_any_depth(query: Query, before: Query, said: str) -> Query:
    """How far a flow goes is not asked of those of one step alone."""
    if Item("", (DEPTH,)) not in query.select or SAYS_DIRECT.search(said):
        return query
    return with_where(query, [p for p in query.where if not (isinstance(p, Condition) and p.column == DEPTH and p in before.where)])


def of_its_members(query: Query, before: Query, said: str) -> Query:
    """So many groups were asked for, not so many of what one of them holds: best 5 domains >> which datasets in there score below 90."""
    is_kept = query.limit == before.limit != "" and before.is_grouped and not query.is_grouped
    return replace(query, limit="", order=None) if is_kept and query.limit.removeprefix("@") not in said else query


def as_before(query: Query, before: Query, said: str) -> Query:
    """Whoever was meant before is meant as the same, and as many: grants of a person are not those that they gave."""
    if query.view != before.view:
        return query
    if before.limit[:1] == query.limit[:1] == "@" and query.limit != before.limit and query.order == before.order and query.limit.removeprefix("@") not in said:
        query = replace(query, limit=before.limit)
    held = {p.value: p.column for p in before.where if isinstance(p, Condition) and p.op == "EQ" and p.value.startswith("@")}
    own = {p.column for p in query.where if isinstance(p, Condition)}

    def one(p: Predicate) -> Predicate:
        is_moved = isinstance(p, Condition) and p.op == "EQ" and p.value in held and p.column != held[p.value] and held[p.value] not in own and column_of(p.column).slot in WHO and not is_said(p, said)
        return replace(p, column=held[p.value]) if is_moved and isinstance(p, Condition) else p

    return with_where(query, map(one, query.where))


def listed(query: Query, before: Query, said: str, earlier: Sequence[str]) -> Query:
    """The rows, where the turn narrows what a turn before it only counted, or asks which of them."""
    amounts = [item for item in query.select if item.is_aggregate]
    if query.view != before.view or query.joins or len(amounts) != len(query.select) or query.select != before.select or query.having:
        return query
    (first, *more) = query.select
    is_count = not more and first.fn in ("COUNT", "COUNT_DISTINCT") and not first.conditions
    if WHICH_OF.search(said) or (is_count and len(earlier) > 1 and COUNTED.match(earlier[-1]) and ONLY.match(said)):
        return replace(query, select=(Item("", first.args) if first.fn == "COUNT_DISTINCT" else Item("SHOW"),))
    return query


def of_both(query: Query, said: str, earlier: Sequence[str]) -> Query:
    """The two that were named, one after the other, where the turn means both."""
    if (one := ONE_OF.search(said)) and query.order and query.limit == f"@{one['two']}":
        query = replace(query, limit="1")
    named = dict.fromkeys(slot for turn in earlier for slot in SLOT.findall(turn))
    for p in query.where if BOTH.search(said) else ():
        kind = next((kind for slot, kind in named if isinstance(p, Condition) and p.value == f"@{slot}"), "")
        two = [f"@{slot}" for slot, of in named if of == kind]
        is_other_used = any(f"@{slot}" in two for q in query.where if q is not p for slot in slots_of(q))
        if not kind or len(two) != 2 or is_other_used or not isinstance(p, Condition) or p.op != "EQ" or column_of(p.column).is_list:
            continue
        either = any_of(replace(p, value=value) for value in two)
        shown = () if Item("", (p.column,)) in query.select else (Item("", (p.column,)),)
        found = with_where(query, [either if q == p else q for q in query.where])
        return replace(found, select=(*shown, *query.select)) if found != query else query
    return query
