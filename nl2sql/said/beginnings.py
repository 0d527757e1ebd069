"""Where flows begin and end: datasets that are made of nothing else, and those of which nothing is made."""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, Segment, literal
from nl2sql.readings.conversation import NEXT
from nl2sql.said.directions import MADE, OLD, YOUNG

INTO, OUT_OF = "datasets.name=lineage.downstream", "datasets.name=lineage.upstream"
"""From a dataset to the flows into it, and to those out of it."""
BETWEEN = Segment("lineage:table_level")
NAME = Item("", ("datasets.name",))
DATASETS = re.compile(r"\b(?:data ?sets?|data|tables?|sets?|corpus|corpora|collections?)\b")
_none = (
    r"\b(?:no|without(?: any)?|lack(?:s|ing)?|neither|nor|zero|(?:do|does|did)(?:n't| not) have(?: any| a)?|have(?:n't| not)(?: any)?|has(?:n't| not)(?: any| a)?|not any|missing"
    r"|(?:with )?nothing) (?:(?!and\b|but\b|with\b)\w+ ){0,2}?"
)
_some = r"\b(?:have|has|having|with|but|do|some) (?!no\b|any\b|without\b)(?:\w+ ){0,2}?"
NO_PARENTS = re.compile(rf"{_none}{OLD}\b|\b{MADE} (?:from|out of|on) nothing\b|\b(?:not|n't|never) {MADE} (?:from|out of|on) any|\bnothing (?:feeds|flows into|goes into)\b")
NO_CHILDREN = re.compile(
    rf"{_none}{YOUNG}\b|\b(?:nothing|no one|nobody|none|no \w+)(?: \w+){{0,2}} {MADE} (?:from|out of|on|upon)\b|\bnothing (?:depends|relies|rests|uses|builds)"
    r"|\bfeeds? (?:into )?nothing\b|\b(?:not|n't|never) feed"
)
PARENTS = re.compile(rf"{_some}{OLD}\b")
CHILDREN = re.compile(rf"{_some}{YOUNG}\b|\b(?:but|and|still|yet) (?:do )?feed (?:something|others?|at least)")


def at_an_end(query: Query, linked: Linked) -> Query:
    """Datasets without parents, or without children, or without both, as the question says, and with the other where it says that."""
    text = linked.text
    no_parents, no_children = bool(NO_PARENTS.search(text)), bool(NO_CHILDREN.search(text))
    lacking = {p.join.edge for p in query.where if isinstance(p, Exists) and p.negated and _is_bare(p)}
    if query.view != "datasets" or NEXT in text or not lacking or not (no_parents or no_children):
        return query
    if no_parents and no_children:
        return replace(query, where=(*query.where, *(Exists(Join(edge, "lineage"), (BETWEEN,), True) for edge in (INTO, OUT_OF) if edge not in lacking)))
    wrong = OUT_OF if no_parents else INTO
    if lacking == {wrong}:
        query = replace(query, where=tuple(_at_other_end(p) for p in query.where))
    has = any(isinstance(p, Exists) and p.join.view == "lineage" and not p.negated for p in query.where)
    if has or not (CHILDREN if no_parents else PARENTS).search(text):
        return query
    return replace(query, where=(*query.where, Exists(Join(wrong, "lineage"), (BETWEEN,), False)))


def as_flows_name_it(query: Query, linked: Linked) -> Query:
    """What two flows and more say of one thing, flows tell alone: they name what the catalog does not list too, and models and reports unless datasets are asked for."""
    flows = [p for p in query.where if isinstance(p, Exists) and p.join.edge in (INTO, OUT_OF) and not p.times]
    first = next((p for p in flows if not p.negated), None)
    is_of_names = query.select in ((NAME,), (Item("COUNT"),)) and not (query.joins or query.order or query.limit or query.having)
    if query.view != "datasets" or first is None or len(flows) < 2 or len(flows) < len(query.where) or not is_of_names:
        return query
    end = _end(first)
    others = (Exists(Join(f"{end}={_end(p)}", "lineage"), p.conditions, p.negated) for p in flows if p is not first)
    kind = (Condition(f"{end}_kind", "EQ", literal("dataset")),) if DATASETS.search(linked.text) else ()
    select = Item("", (end,)) if query.select == (NAME,) else Item("COUNT_DISTINCT", (end,))
    return Query(view="lineage", where=(*first.conditions, *kind, *others), select=(select,))


def _end(flow: Exists) -> str:
    """The end of a flow at which a dataset stands."""
    return flow.join.edge.partition("=")[2]


def _at_other_end(predicate: Predicate) -> Predicate:
    """Flows out of a dataset for those into it, and the other way round."""
    if not isinstance(predicate, Exists) or not _is_bare(predicate):
        return predicate
    return replace(predicate, join=Join(OUT_OF if predicate.join.edge == INTO else INTO, "lineage"))


def _is_bare(related: Exists) -> bool:
    """Whether it is of any flow of a dataset, or of any direct one."""
    return related.join.edge in (INTO, OUT_OF) and all(isinstance(p, Segment) or p == Condition("lineage.depth", "EQ", "1") for p in related.conditions)
