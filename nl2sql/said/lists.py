"""How many a list holds: other names, languages, what a model was trained on."""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.linking.vocabulary import singular, words
from nl2sql.plan.language import LENGTH, Condition, Item, Query, column_of
from nl2sql.plan.parts import each_item, own_key
from nl2sql.plan.tokens import spelled
from nl2sql.values import Number

BOUND = re.compile(r"(?:(?P<GE>at least|(?:no|not) (?:less|fewer) than|minimum of)|(?P<LE>at most|(?:no|not) more than|up to)|(?P<GT>more than|over|above)|(?P<LT>(?:less|fewer) than|under|below)|(?P<EQ>exactly|just|only)) $")
"""What stands before a number that bounds another."""
OR_MORE = re.compile(r"\+| or more\b| and more\b| plus\b")
"""Behind a number: that many or more."""


def how_many_it_holds(query: Query, linked: Linked) -> Query:
    """How many languages something covers is a number, and not the list of them."""
    lists = [item for item in query.select if item.fn == "" and "." in item.args[0] and column_of(item.args[0]).is_list]
    if query.is_grouped or query.order or query.limit or query.latest or query.select != tuple(lists) or len(lists) != 1:
        return query
    (column,) = lists[0].args
    is_counted = any(re.search(rf"\b(?:how many|number of) (?:different )?{re.escape(name)}\b", linked.text) for name in _names(column))
    return replace(query, select=(Item(LENGTH, (column,)),)) if is_counted else query


def of_so_many(query: Query, linked: Linked) -> Query:
    """A bound on how many a list holds, where the plan has it on the things themselves, one for each, or only that the list holds any."""
    key = own_key(query.view)[:1]
    counts = [item for item in query.select if item.fn == "COUNT_DISTINCT" and column_of(item.args[0]).is_list]
    if query.having and query.having[0] == Item("COUNT_DISTINCT", key) and len(counts) == 1:
        return each_item(query, lambda item: counts[0] if item == Item("COUNT_DISTINCT", key) else item)
    listed = [p for p in query.where if isinstance(p, Condition) and p.op == "NOT_NULL" and column_of(p.column).is_list]
    used = spelled(query).split()
    free = [slot for slot, value in linked.bindings.items() if isinstance(value, Number) and slot[1:] in linked.text and slot not in used]
    if query.is_grouped or query.limit or query.order or len(listed) != 1 or len(free) != 1 or query.select[0] != Item("", key):
        return query
    at = linked.text.find(free[0][1:])
    before, after = BOUND.search(linked.text[:at]), linked.text[at + len(free[0]) - 1 :]
    bound = "GE" if OR_MORE.match(after) else before.lastgroup if before else "EQ"
    if not any(re.match(rf"(?:\+| or more| and more| plus)? (?:\w+ )?{re.escape(name)}\b", after) for name in _names(listed[0].column)):
        return query
    count = Item("COUNT_DISTINCT", (listed[0].column,))
    return replace(query, where=tuple(p for p in query.where if p is not listed[0]), select=(query.select[0], count), having=(count, bound or "EQ", free[0]))


def _names(column: str) -> set[str]:
    """What the entries of a list are called: languages, other names."""
    spec = column_of(column)
    names = {name.replace("_", " ") for name in (spec.name, *spec.synonyms)}
    return names | {" ".join((*words(name)[:-1], singular(words(name)[-1]))) for name in names}
