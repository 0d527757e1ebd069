"""What noticed an event and what is known of it: each asked of the column that tells it."""

from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Predicate, Query
from nl2sql.plan.tokens import spelled
from nl2sql.said.parts import mapped
from nl2sql.values import Text

DETECTED, DETAIL = "node_events.detected_by", "node_events.detail"


def by_what_noticed_it(query: Query, linked: Linked) -> Query:
    """Events detected by a monitor are those that it detected, not all that anything did; what went wrong is told in the detail and noticed nothing."""
    noticing = [slot for slot, value in linked.bindings.items() if isinstance(value, Text) and set(value.values) & set(linked.detectors)]

    def told(predicate: Predicate) -> Predicate:
        match predicate:
            case Condition(column, "CONTAINS" | "EQ", slot) if column.startswith("node_events.") and slot in noticing:
                return Condition(DETECTED, "CONTAINS", slot)
            case Condition(column, "CONTAINS", slot) if column == DETECTED and slot.startswith("@term"):
                return replace(predicate, column=DETAIL)
        return predicate

    query = mapped(query, told)
    free = [slot for slot in noticing if slot not in spelled(query).split()]
    if query.view != "node_events" or len(free) != 1:
        return query
    rest = tuple(p for p in query.where if p != Condition(DETECTED, "NOT_NULL"))
    return replace(query, where=(*rest, Condition(DETECTED, "CONTAINS", free[0])))
