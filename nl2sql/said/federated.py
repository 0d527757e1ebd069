"""Federated training from the side of datasets and nodes, which rounds list, and what its rounds took.

No edge that the model knows leads from a dataset or a node to the rounds that list it, so it goes another way: over the models that descend from a
dataset, or to the one node that was slowest.
"""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Query, Segment, literal
from nl2sql.plan.parts import each_item, items_of, view_tokens
from nl2sql.said.rounds import DATA, NODES, PUBLISHER, SLOW, SLOWEST, TAKES_PART

ROUNDS = "training_rounds"
NODE = Item("", ("nodes.node",))
OF_SOURCE = "datasets.name=lineage.upstream"
OF_ROUND = {"models.framework": "training_rounds.framework", "models.name": "training_rounds.model"}
"""What is told of a model and of the rounds of its training alike."""
OF_OFFER = "market.dataset=training_rounds.datasets"
LISTED = {"training_rounds.participants": ("nodes", "nodes.node", NODES), "training_rounds.datasets": ("datasets", "datasets.name", DATA)}
"""What a round lists: the view of such things, their names and the way there."""
FEDERATED = re.compile(r"\b(?:federated\w*|federation|fl (?:runs?|rounds?)|training (?:runs?|rounds?)|framework\d (?:runs?|rounds?)|(?:runs?|rounds?) (?:of|with|on|by|in|under) framework\d)\b")
TO_MODEL = frozenset((Condition("lineage.downstream_kind", "EQ", literal("model")), Segment("lineage:table_level")))
EACH_NODE = re.compile(r"\b(?:each|every|per|by|which|what) (?:node|machine|server|site|hospital|clinic|participant|client)s?\b")
NUMBER, PARTICIPANTS = Item("", ("training_rounds.nodes",)), Item("", ("training_rounds.participants",))
TIME = re.compile(r"\b(?:hours?|minutes?|seconds?|durations?|how long|time)\b")
AGO = re.compile(r"\b(?:ago|since|old|passed|elapsed)\b")
ENERGY = re.compile(r"\b(?:energy|kwh|power|electric\w*|consum\w*|watt\w*|carbon|emission\w*)\b")
LENGTH, AGES = Item("SUM", ("training_rounds.latency_s",)), ("HOURS_SINCE", "DAYS_SINCE", "AVG_AGE")
SPENT, SPENT_LAST = Item("SUM", ("training_rounds.epsilon",)), Item("MAX", ("training_rounds.epsilon",))
SUMMED = re.compile(r"\b(?:total\w*|sum\w*|in all|altogether|overall|add\w*|cumulat\w*)\b")

UNTIL = re.compile(r"\bhow many rounds\b.*\b(?:needs?|needed|t[ao]kes?|took|until|before|till)\b.*\b(?:reach\w*|gets?|got|hits?|pass\w*|exceed\w*|cross\w*|attain\w*|above|over)\b")
"""Asks how long it took to get somewhere."""

def of_federated_rounds(query: Query, linked: Linked) -> Query:
    """Data for federated training is what a round lists, not what any model descends from or any check was run on."""
    edge = {"datasets": DATA.edge, "market": OF_OFFER}.get(query.view, "")
    if not edge or not FEDERATED.search(linked.text):
        return query
    return replace(query, where=tuple(_listed(p, edge) if isinstance(p, Exists) else p for p in query.where))


def of_all_that_took_part(query: Query, linked: Linked) -> Query:
    """Nodes that took part are those that a round lists, whoever was slowest or published it."""
    if query.view != "nodes" or not TAKES_PART.search(linked.text) or SLOW.search(linked.text):
        return query
    where = (replace(p, join=Join(NODES.edge, ROUNDS)) if isinstance(p, Exists) and p.join.edge in (SLOWEST, PUBLISHER) else p for p in query.where)
    return replace(query, where=tuple(where))


def of_them_with_theirs(query: Query, linked: Linked) -> Query:
    """What is asked of each node that took part is asked of all that a round lists, not of the one that published it."""
    is_list = query.view == ROUNDS and not (query.is_grouped or query.order or query.limit or query.latest)
    if not is_list or [join.edge for join in query.joins] not in ([SLOWEST], [PUBLISHER]) or not TAKES_PART.search(linked.text) or SLOW.search(linked.text):
        return query
    asked = [item for item in query.select if item.args and item.args[0].startswith("nodes.") and item != NODE]
    own = tuple(p for p in query.where if all(token.startswith("nodes.") for token in view_tokens(p)))
    rounds = tuple(p for p in query.where if p not in own)
    return Query(view="nodes", where=(*own, Exists(Join(NODES.edge, ROUNDS), rounds, False)), select=(NODE, *asked))


def of_those_that_meet_it(query: Query, _: Linked) -> Query:
    """Of a round's nodes or datasets those of a kind are asked for: the nodes in Germany that took part, not all that took part beside one."""
    if query.view != ROUNDS or query.joins or query.is_grouped or query.order or query.limit or query.latest:
        return query
    for token, (view, key, join) in LISTED.items():
        column = Item("", (token,))
        one = next((p for p in query.where if isinstance(p, Exists) and p.join == join and not p.negated and p.conditions), None)
        if one is None or column not in query.select:
            continue
        rest = tuple(p for p in query.where if p is not one)
        if query.select[0] == column:
            return Query(view=view, where=(*one.conditions, Exists(Join(join.edge, ROUNDS), rest, False)), select=(Item("", (key,)),))
        return replace(query, joins=(join,), where=(*rest, *one.conditions), select=tuple(Item("", (key,)) if item == column else item for item in query.select))
    return query


def of_each_participant(query: Query, linked: Linked) -> Query:
    """Rounds per node are counted for each that took part; how many there were is no node."""
    if query.view != ROUNDS or not query.is_grouped or NUMBER not in query.select or not EACH_NODE.search(linked.text):
        return query
    return replace(query, select=tuple(PARTICIPANTS if item == NUMBER else item for item in query.select))


def for_how_long(query: Query, linked: Linked) -> Query:
    """How many hours a run took is the sum of its rounds, not how long ago they were, nor their energy."""
    if query.view != ROUNDS or not TIME.search(linked.text) or AGO.search(linked.text):
        return query

    def is_other(item: Item) -> bool:
        return item.fn in AGES or (item == Item("", ("training_rounds#total_energy",)) and not ENERGY.search(linked.text))

    return _with_amounts(query, {item: LENGTH for item in query.select if is_other(item)})


def of_budget_spent(query: Query, linked: Linked) -> Query:
    """The privacy budget of a run is what it has spent after its last round: it grows from round to round and is not added up, unless the question does so."""
    return query if SUMMED.search(linked.text) else _with_amounts(query, {SPENT: SPENT_LAST})


def until_it_was_met(query: Query, linked: Linked) -> Query:
    """How many rounds a run needs to reach an accuracy is which round reached it first, not how many did."""
    bounds = [p for p in query.where if isinstance(p, Condition) and p.column == "training_rounds.accuracy" and p.op in ("GE", "GT") and p.value.startswith("@number")]
    if query.view != ROUNDS or len(bounds) != 1 or not UNTIL.search(linked.text):
        return query
    return _with_amounts(query, {Item("COUNT"): Item("MIN", ("training_rounds.round",))})


def _with_amounts(query: Query, amounts: dict[Item, Item]) -> Query:
    """The query with amounts in the place of others, wherever they are."""
    if not amounts.keys() & {*items_of(query)}:
        return query
    changed = each_item(query, lambda item: amounts.get(item, item))
    return replace(changed, select=tuple(sorted(changed.select, key=lambda item: item.is_aggregate)))


def _listed(related: Exists, edge: str) -> Exists:
    """Related rows as rounds that list the thing, where they ask for no more than a round does."""
    if _is_elsewhere(related):
        return Exists(Join(edge, ROUNDS), (), related.negated)
    rest = [p for p in related.conditions if p not in TO_MODEL]
    model = rest[0] if related.join.edge == OF_SOURCE and len(rest) == 1 else None
    if isinstance(model, Exists) and model.join.view == "models" and not model.negated and model.conditions and all(isinstance(p, Condition) and p.column in OF_ROUND for p in model.conditions):
        own = tuple(replace(p, column=OF_ROUND[p.column]) for p in model.conditions if isinstance(p, Condition))
        return Exists(Join(edge, ROUNDS), own, related.negated)
    return related


def _is_elsewhere(related: Exists) -> bool:
    """Asks for no more than that there is a model made of a dataset, or that it has rows of a kind at all."""
    conditions = set(related.conditions)
    return (related.join.view == "lineage" and conditions <= TO_MODEL) or (related.join.view in ("quality_checks", "quality_metrics", "replicas") and not conditions)
