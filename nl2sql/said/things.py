"""What a list is of: people rather than nodes, whoever it was themselves, kinds that are kinds of something, and both ends of an order."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, Segment
from nl2sql.plan.named import named_conditions
from nl2sql.plan.parts import ENTITIES
from nl2sql.said.parts import columns_of

OFFERED = Segment("market:offered")
"""Tells of no person."""
PERSONS = {"audit_log": "audit_log.actor", "grants": "grants.principal", "market": "market.buyer"}
"""Whoever a row is of."""
NODE = re.compile(r"\b(?:nodes?|servers?|hosts?|machines?|box(?:es)?|sites?|operators?|hospitals?|clinics?|compan(?:y|ies)|organi[sz]ations?|publishers?)\b|\bnode\d")
WHO = re.compile(r"\b(?:who|people|persons?|users?|colleagues?|actors?|principals?|anybody|anyone|somebody|someone|nobody|staff|employees?)\b")
ASKED = re.compile(r"\b(?:which|what|list|show|all) (?:the )?(?:\w+ )??(\w+)\b")
"""What a question asks for, by its noun."""
KINDS = re.compile(r"\b(?:kinds|types|sorts|categories|forms)\b")
"""Asks for all kinds, where a kind may be none."""
EACH = re.compile(r"\b(?:each|every|all(?: the| its)?|per) \w+\b")
_ENDS = (
    (r"(?:newest|latest|most recent)", r"(?:oldest|earliest|least recent)"),
    (r"(?:cheapest|least expensive)", r"(?:most expensive|priciest|dearest)"),
    (r"(?:largest|biggest|greatest|highest|longest|best|most(?! recent))", r"(?:smallest|tiniest|lowest|shortest|fewest|worst|least(?! recent))"),
)
BOTH_ENDS = re.compile("|".join(rf"\b{one}\b(?:\W+\w+){{0,4}}?\W+(?:and|as well as|plus)\b(?:\W+\w+){{0,4}}?\W+{other}\b" for pair in _ENDS for one, other in (pair, pair[::-1])))
"""The oldest and the newest: both ends of one order."""


def of_no_node(query: Query, linked: Linked) -> Query:
    """Whoever asks for people or roles means rows that name them, which the model may read as rows of nodes: people who have never been denied."""
    if query.view != "nodes" or query.joins or query.is_grouped or query.limit or len(query.where) != 1 or NODE.search(linked.text):
        return query
    (one,) = query.where
    if not isinstance(one, Exists) or one.join.view in ENTITIES or one.join.edge != f"nodes.node={one.join.view}.node":
        return query
    asked = _asked_column(one.join.view, linked.text)
    if not asked:
        return query
    where = (Exists(Join(f"{asked}={asked}", one.join.view), one.conditions, True),) if one.negated else one.conditions
    return replace(query, view=one.join.view, where=where, select=(Item("", (asked,)),))


def _asked_column(view: str, text: str) -> str:
    """The column of a view of whose values a question asks which ones; empty where it asks for none."""
    for noun in ASKED.findall(text):
        for column in views()[view].columns.values():
            names = {form for name in (column.name, column.name.split("_")[-1], *column.synonyms) for form in (name, f"{name}s")}
            if noun in names and not column.is_time and not column.is_number:
                return f"{view}.{column.name}"
    return PERSONS.get(view, "") if WHO.search(text) else ""


def of_whoever(query: Query, linked: Linked) -> Query:
    """Who asked for a dataset that is named without a grant has no grant of their own on it: whether anybody has one is the same for all rows."""
    own = PERSONS.get(query.view)
    named = [p for p in query.where if isinstance(p, Condition) and p.column == f"{query.view}.dataset" and p.op == "EQ"]
    if own is None or len(named) != 1 or not any(own in item.args for item in query.select):
        return query
    return replace(query, where=tuple(_of_their_own(p, own, named[0].value) for p in query.where))


def _of_their_own(predicate: Predicate, own: str, dataset: str) -> Predicate:
    """Related rows of the same dataset as those of the same person and that dataset."""
    if not isinstance(predicate, Exists):
        return predicate
    view = predicate.join.view
    other = PERSONS.get(view)
    if other is None or OFFERED in predicate.conditions or f"{view}." in own or predicate.join.edge.count(".dataset") != 2:
        return predicate
    return replace(predicate, join=Join(f"{own}={other}", view), conditions=(Condition(f"{view}.dataset", "EQ", dataset), *predicate.conditions))


def of_known_things(query: Query, linked: Linked) -> Query:
    """That what a row is about is not listed at all is nothing that a question means which does not even name it."""
    return replace(query, where=tuple(p for p in query.where if not _is_made_up(p, linked.text)))


def _is_made_up(predicate: Predicate, text: str) -> bool:
    if not isinstance(predicate, Exists) or not predicate.negated or predicate.conditions or not predicate.join.adds_one_row:
        return False
    view = views()[predicate.join.view]
    names = "|".join(re.escape(name.removesuffix("s")) for name in (view.name, *view.synonyms) if name != "data")
    return not re.search(rf"\b(?:{names}|catalog|register|list|unknown|exist)", text)


def of_kinds(query: Query, linked: Linked) -> Query:
    """Which kinds there are is asked of rows that have one, where having one has a name: the kinds of personal data of columns that hold some."""
    if not KINDS.search(linked.text) or EACH.search(linked.text) or query.having:
        return query
    shown = {item.args[0] for item in query.select if item.is_group and not item.fn}
    tested = columns_of(replace(query, select=tuple(item for item in query.select if item.args and item.args[0] not in shown) or (Item("COUNT"),)))
    named = [segment for test, segment in named_conditions().items() if isinstance(test, Condition) and test.op == "NOT_NULL" and test.column in shown - tested]
    is_kind = [s for s in named if s.token.split(":")[0] == query.view]
    return replace(query, where=(*query.where, *is_kind)) if len(is_kind) == 1 else query


def of_both_ends(query: Query, linked: Linked) -> Query:
    """The oldest and the newest are two, of one order."""
    thing = next((item.args[0] for item in query.select if item.is_group and not item.fn), "")
    if not query.order or query.skip or query.limit != "1" or query.per not in ("", thing) or not BOTH_ENDS.search(linked.text):
        return query
    return replace(query, per="", both_ends=True)
