"""Plans against the words of the question: what the words rule out is mended, where they leave but one thing that can be meant.

A rule only ever chooses another plan of the closed language; the text itself goes nowhere.
"""

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Query
from nl2sql.said.amounts import all_of_them, in_total, of_both_parts, of_each, that_is_given, with_its_measure
from nl2sql.said.flows import at_depth, of_its_end
from nl2sql.said.rounds import of_its_own_data, of_who_took_part
from nl2sql.said.times import since_before, when_it_happened
from nl2sql.said.values import as_listed, in_its_state, of_compared_groups, of_every, unlike_its_state


def as_said(query: Query, linked: Linked) -> Query:
    """The query with what its words rule out mended."""
    for rule in RULES:
        query = rule(query, linked)
    return query


RULES = (
    *(at_depth, of_its_end),
    *(of_its_own_data, of_who_took_part),
    *(as_listed, in_its_state, unlike_its_state, of_every, of_compared_groups),
    *(when_it_happened, since_before),
    *(in_total, with_its_measure, that_is_given, of_each, of_both_parts, all_of_them),
)
