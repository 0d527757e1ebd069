"""Rows that a question names by an identifier, which the model never sees, or by a name where others know the identifier."""

from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import ROW_ID, Linked
from nl2sql.plan.language import Condition, Exists, Join, Predicate, Query
from nl2sql.said.parts import mapped
from nl2sql.said.words import said_values
from nl2sql.values import Text

DECIDED_BY = Join("policies.policy_id=audit_log.policy", "policies")


def of_its_id(query: Query, linked: Linked) -> Query:
    """Grant G-0012 is the grant of that identifier, where the view has one that tells its rows apart; what the model made up to tell it apart gives way."""
    key = views()[query.view].key
    if ROW_ID not in linked.bindings or len(key) != 1 or not key[0].endswith("_id"):
        return query
    rest = tuple(p for p in query.where if _is_said(p, linked.text))
    return replace(query, where=(*rest, Condition(f"{query.view}.{key[0]}", "EQ", ROW_ID)))


def of_the_rule_named(query: Query, linked: Linked) -> Query:
    """What a rule has decided is known by the rule's identifier, whatever it is called."""
    names = {slot for slot, m in linked.mentions.items() if m.kind == "policy" and isinstance(m.value, Text) and all(" " in value for value in m.value.values)}

    def one(predicate: Predicate) -> Predicate:
        is_named = isinstance(predicate, Condition) and predicate.column == "audit_log.policy" and predicate.op == "EQ" and predicate.value in names
        return Exists(DECIDED_BY, (Condition("policies.name", "EQ", predicate.value),), False) if is_named and isinstance(predicate, Condition) else predicate

    return mapped(query, one)


def _is_said(predicate: Predicate, text: str) -> bool:
    """It is of related rows, or of a value of the question."""
    if not isinstance(predicate, Condition):
        return isinstance(predicate, Exists)
    return predicate.value.startswith("@") or predicate.value in {said.value for said in said_values(predicate.column, text)}
