"""What a federated round worked on and who took part in it, which it lists itself: no join of the model's leads through a list.

The model goes the way that it knows, from the round over its model to all that the model descends from, or to the one node that was slowest.
"""

import re
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Join, Predicate, Query, Segment

DATA = Join("datasets.name=training_rounds.datasets", "datasets")
NODES = Join("nodes.node=training_rounds.participants", "nodes")
MODEL, FLOW, SOURCE, SLOWEST = "models.name=training_rounds.model", "lineage.downstream=models.name", "lineage.upstream", "nodes.node=training_rounds.slowest_node"
PUBLISHER, PARTICIPANTS, PLACE = "nodes.node=training_rounds.node", "training_rounds.participants", "training_rounds.jurisdiction"
OF_MODEL = re.compile(
    r"\b(?:models?\d?|upstream|ancest\w+|descend\w*|descent|stems?|lineage|trac(?:e[sd]?|ing)|origin\w*|sources?|derive\w*|(?:go(?:es)?|going|went|led|leads?) back|behind|indirect\w*|built|comes? from|rest(?:s|ed)? on)\b"
)
"""Words by which the model of a round may be meant, and all that it descends from."""
TAKES_PART = re.compile(r"\b(?:t(?:ook|akes?|aken|aking) part|participa\w+|joined|joins|in which|involv\w+|member\w*|contribut\w+|on which)\b")
SLOW = re.compile(r"\b(?:slow\w*|straggl\w*|delay\w*|late|last|held|hold\w*|bottleneck\w*|wait\w*|report\w*)\b")
"""Words by which the one node that reported last is meant."""


def of_its_own_data(query: Query, linked: Linked) -> Query:
    """Rounds on data of a kind are those with such a dataset among theirs, not those whose model descends from such data, unless that comes up."""
    if query.view != "training_rounds" or OF_MODEL.search(linked.text):
        return query
    return replace(query, where=tuple(_of_data(p) for p in query.where))


def of_who_took_part(query: Query, linked: Linked) -> Query:
    """Rounds in which a node of a kind took part are those with such a node among theirs."""
    if query.view != "training_rounds" or not TAKES_PART.search(linked.text) or SLOW.search(linked.text):
        return query
    listed = Condition(PARTICIPANTS, "NOT_NULL")
    is_placed = listed in query.where and any(_is_of_place(p) for p in query.where)
    return replace(query, where=tuple(_of_participant(p, is_placed) for p in query.where if not is_placed or p != listed))


def _of_participant(predicate: Predicate, is_placed: bool) -> Predicate:
    """What is asked of the node that published a round, or of the slowest one, as asked of a node that took part; the place of a round too, where its participants come up."""
    if isinstance(predicate, Exists) and predicate.join.edge in (SLOWEST, PUBLISHER):
        return replace(predicate, join=NODES)
    if is_placed and _is_of_place(predicate) and isinstance(predicate, Condition):
        return Exists(NODES, (replace(predicate, column="nodes.jurisdiction"),), False)
    return predicate


def _is_of_place(predicate: Predicate) -> bool:
    return isinstance(predicate, Condition) and predicate.column == PLACE


def _of_data(predicate: Predicate) -> Predicate:
    """The condition on data that a model descends from as one on the datasets of the round; any other as it is."""
    match predicate:
        case Exists(Join(edge=first), (Exists(Join(edge=second), flows, False),), negated) if first == MODEL and second == FLOW:
            related = [p for p in flows if p != Segment("lineage:table_level")]
            if len(related) == 1 and isinstance(related[0], Exists) and not related[0].negated:
                return Exists(DATA, _of_dataset(related[0]), negated)
    return predicate


def _of_dataset(related: Exists) -> tuple[Predicate, ...]:
    """What is asked of each source as conditions on a dataset: on itself, or on other rows that name it."""
    keyed = next(end for end in related.join.edge.split("=") if end != SOURCE)
    if related.join.view == "datasets":
        return related.conditions
    return (Exists(Join(f"datasets.name={keyed}", related.join.view), related.conditions, False),)
