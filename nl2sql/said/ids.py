"""The one row that a question names by its identifier, which the model never sees."""

from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import ROW_ID, Linked
from nl2sql.plan.language import Condition, Exists, Predicate, Query
from nl2sql.said.words import said_values


def of_its_id(query: Query, linked: Linked) -> Query:
    """Grant G-0012 is the grant of that identifier, where the view has one that tells its rows apart; what the model made up to tell it apart gives way."""
    key = views()[query.view].key
    if ROW_ID not in linked.bindings or len(key) != 1 or not key[0].endswith("_id"):
        return query
    rest = tuple(p for p in query.where if _is_said(p, linked.text))
    return replace(query, where=(*rest, Condition(f"{query.view}.{key[0]}", "EQ", ROW_ID)))


def _is_said(predicate: Predicate, text: str) -> bool:
    """It is of related rows, or of a value of the question."""
    if not isinstance(predicate, Condition):
        return isinstance(predicate, Exists)
    return predicate.value.startswith("@") or predicate.value in {said.value for said in said_values(predicate.column, text)}
