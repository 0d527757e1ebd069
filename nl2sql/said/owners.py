"""Organisations: whose a thing is, which is not who runs the node that publishes it."""

import re
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Item, Query, Segment
from nl2sql.plan.parts import each_item, items_of, tokens_of_item
from nl2sql.said.parts import tests_of

OPERATOR = "nodes.operator"
ORGANISATION = re.compile(r"\b(?:organi[sz]ations?|compan(?:y|ies)|firms?|labs?|makers?|vendors?|institutions?|corporations?|owners?)\b")
OF_NODE = re.compile(r"\b(?:nodes?\d?|operat\w*|runs?|running|host\w*|servers?|machines?|sites?|publish\w*|hold\w*|stor\w*)\b")
"""Words by which who runs a node may be meant."""


def by_its_owner(query: Query, linked: Linked) -> Query:
    """Models per organisation are per owner, unless their nodes come up."""
    is_owned = "owner" in views()[query.view].columns and [join.edge for join in query.joins] == [f"nodes.node={query.view}.node"]
    if not is_owned or query.per or query.having or not ORGANISATION.search(linked.text) or OF_NODE.search(linked.text):
        return query
    shown = {token for item in items_of(query) for token in tokens_of_item(item) if token.startswith("nodes")}
    tested = {test.token if isinstance(test, Segment) else test.column for test in tests_of(query)}
    if shown != {OPERATOR} or any(token.startswith("nodes") for token in tested):
        return query

    def own(item: Item) -> Item:
        return replace(item, args=tuple(f"{query.view}.owner" if a == OPERATOR else a for a in item.args))

    return replace(each_item(query, own), joins=())
