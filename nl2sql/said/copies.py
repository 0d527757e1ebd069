"""Where copies are and how many: what a question says of the copies of a dataset is not said of the dataset itself."""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, literal

NAME = "replicas.dataset"
SAME = {"datasets.name": NAME, "datasets.node": "replicas.node", "datasets.jurisdiction": "replicas.jurisdiction"}
"""What a row of datasets says of where it is, and the column of copies that says the same."""
PLACES = ("datasets.country", "datasets.jurisdiction")
KIND = "replicas.kind"
ON_NODES = Join("nodes.node=replicas.node", "nodes")
ITSELF = Join(f"{NAME}={NAME}", "replicas")
COPIES = r"(?:copy|copies|replicas?|back-?ups?|mirrors?)"
ONE = re.compile(rf"\b(?:whose|with|have|has|having|of which)(?: (?:only|just|a|the|but|exactly))* (?:only|single|sole|one) {COPIES}\b")
WHERE = re.compile(r"\b(?:where|on which|(?:and|plus|with)(?: also)? (?:the|their|its|which) (?:nodes?|machines?|servers?|hosts?|sites?))\b")
"""Asks where each of what is counted is."""


def of_copies(query: Query) -> Query:
    """Where a dataset is kept as asked of its copies; as it is where anything else is asked of it."""
    tested = {p.column if isinstance(p, Condition) else "" for p in query.where}
    shown = {token for item in query.select for token in item.args}
    if query.view != "datasets" or not _is_plain(query) or not query.where or not tested <= {*SAME, *PLACES} or not shown <= set(SAME):
        return query
    where = tuple(_of_copy(p) for p in query.where if isinstance(p, Condition))
    return replace(query, view="replicas", where=where, select=tuple(replace(item, args=tuple(SAME[a] for a in item.args)) for item in query.select))


def _is_plain(query: Query) -> bool:
    return not (query.is_grouped or query.joins or query.order or query.limit or query.latest)


def _of_copy(test: Condition) -> Predicate:
    if test.column in SAME:
        return replace(test, column=SAME[test.column])
    return Exists(ON_NODES, (replace(test, column="nodes.country"),), False)


def where_copies_are(query: Query, linked: Linked) -> Query:
    """The place of a copy is asked of the copy, not of the dataset that it is one of: copies held in the US of Google's datasets, backups of orders outside the UK."""
    if query.view == "replicas" and _is_plain(query):
        return replace(query, where=tuple(c for p in query.where for c in _with_own_place(p, linked.text)))
    copies = [p for p in query.where if isinstance(p, Exists) and not p.negated and p.join.view == "replicas"]
    tests = [p for p in query.where if isinstance(p, Condition)]
    is_of_one = any(t.column == "datasets.name" and t.op == "EQ" for t in tests) and any(_is_place_of_copies(t, linked.text) for t in tests)
    if query.view != "datasets" or not _is_plain(query) or not is_of_one or (len(copies), len(tests), len(query.where)) != (1, 2, 3):
        return query
    where = (*map(_of_copy, tests), *copies[0].conditions)
    return Query(view="replicas", where=where, select=(Item("", (NAME,)), Item("", ("replicas.node",))))


def _with_own_place(predicate: Predicate, text: str) -> tuple[Predicate, ...]:
    """A condition on the dataset of a copy without the place that the question says of the copy, and that of the copy; any other as it is."""
    tests = predicate.conditions if isinstance(predicate, Exists) and not predicate.negated and predicate.join.view == "datasets" else ()
    places = [t for t in tests if isinstance(t, Condition) and _is_place_of_copies(t, text)]
    if not isinstance(predicate, Exists) or len(places) != 1 or len(tests) < 2:
        return (predicate,)
    return replace(predicate, conditions=tuple(t for t in tests if t is not places[0])), _of_copy(places[0])


def _is_place_of_copies(test: Predicate, text: str) -> bool:
    """A place that stands right behind the copies, or behind those of one named dataset."""
    if not isinstance(test, Condition) or test.column not in PLACES or not test.value.startswith("@"):
        return False
    return bool(re.search(rf"\b{COPIES}(?: (?!of |for )[\w-]+)?(?: of \w+\d)?(?: [\w-]+)? (?:in|inside|outside|within|from)(?: of)?(?: the)? {test.value[1:]}\b", text))


def of_only_one(query: Query, linked: Linked) -> Query:
    """Datasets whose only copy is on such a node have no other copy."""
    if query.view != "replicas" or not _is_plain(query) or query.select[0].args != (NAME,) or not ONE.search(linked.text):
        return query
    rest = tuple(p for p in query.where if p != Condition(KIND, "EQ", literal("replica")))  # the only copy may be the first
    kinds = tuple(p for p in rest if isinstance(p, Condition) and p.column == KIND)
    return replace(query, where=(*rest, Exists(ITSELF, kinds, False, ("EQ", "1"))))


def that_many(query: Query, linked: Linked) -> Query:
    """Each copy of the datasets that have so many, where the question asks where they are too: datasets with at least three copies, and on which nodes."""
    groups = [item.args[0] for item in query.select if item.is_group and not item.fn]
    if query.view != "replicas" or query.joins or query.order or query.limit or not query.having or not WHERE.search(linked.text):
        return query
    item, op, number = query.having
    if groups[:1] != [NAME] or not set(groups) <= {NAME, "replicas.node"} or item.fn not in ("COUNT", "COUNT_DISTINCT") or not isinstance(number, str):
        return query
    same = Exists(ITSELF, query.where, False, (op, number))
    return replace(query, select=(Item("", (NAME,)), Item("", ("replicas.node",))), where=(*query.where, same), having=None)
