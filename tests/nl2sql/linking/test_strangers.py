"""People and organisations that nobody in the catalog is: taken where only one can stand, and left where a word can be anything."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)


@pytest.mark.parametrize(
    ("question", "text", "name"),
    [
        ("grants of John Smith", "grants of person1", "John Smith"),
        ("grants of Priya Sharma", "grants of person1", "Priya Sharma"),  # no Priya Nair
        ("exports by Jürgen Groß since August", "exports by person1 period1", "Jürgen Groß"),
        ("what did Karl van der Berg export?", "what did person1 export?", "Karl van der Berg"),
        ("what did jsmith query", "what did person1 query", "jsmith"),
        ("until when may clara read orders", "until when may person1 read dataset1", "clara"),
        ("did john smith see customers?", "did person1 see dataset1?", "john smith"),
        ("who gave peter access", "who gave person1 access", "peter"),
        ("alerts assigned to bob", "alerts assigned to person1", "bob"),
        ("Anna Bloch's queries", "person1's queries", "Anna Bloch"),
        ("who can read it besides Clara?", "who can read it besides person1?", "Clara"),
        ("datasets Boris Petrov looks after", "datasets person1 looks after", "Boris Petrov"),
        ("alerts on Boris Petrov's desk", "alerts on person1's desk", "Boris Petrov"),
        ("is Boris Petrov the steward of orders", "is person1 the steward of dataset1", "Boris Petrov"),
        ("how many nodes does Initech run", "how many nodes does org1 run", "Initech"),
        ("Initech's datasets", "org1's datasets", "Initech"),
        ("datasets owned by Initech", "datasets owned by org1", "Initech"),
        ("nodes run by Umbrella and the like", "nodes run by org1 and the like", "Umbrella"),
        ("models from DeepSeek", "models from org1", "DeepSeek"),
        ("datasets under the Elastic licence", "datasets under the licence1 licence", "Elastic"),
        ("data licensed under WTFPL", "data licensed under licence1", "WTFPL"),
        ("datasets in Avro format", "datasets in format1 format", "Avro"),
        ("files stored as ORC", "files stored as format1", "ORC"),
        ("rounds run with Substra", "rounds run with framework1", "Substra"),
        ("nodes in network moonbase", "nodes in network network1", "moonbase"),
        ("is Anna Bloch still allowed to read it", "is person1 still allowed to read it", "Anna Bloch"),
        ("who looks after Flurb Atlas?", "who looks after dataset1?", "Flurb Atlas"),
        ("price of the Flurb Atlas", "price of the dataset1", "Flurb Atlas"),
        ("when was Flurb last updated", "when was dataset1 last updated", "Flurb"),
        ("how big is Flurbistan Weather?", "how big is dataset1?", "Flurbistan Weather"),
        ("what happened on tallinn-1", "what happened on node1", "tallinn-1"),
        ("accuracy of zebra-flower-2", "accuracy of run1", "zebra-flower-2"),
        ("has b.adeyemi ever been turned away", "has person1 ever been turned away", "b.adeyemi"),
        ("zbyszek's open alerts", "person1's open alerts", "zbyszek"),
        ("approved by a certain Mr Cholmondeley", "approved by a certain mr person1", "Cholmondeley"),
        ("whether Quibblo runs any of the machines", "whether org1 runs any of the machines", "Quibblo"),
        ("data belonging to the University of Ghent", "data belonging to the org1", "University of Ghent"),
        ("accuracy of the Zapfl runs", "accuracy of the framework1 runs", "Zapfl"),
        ("consents of Martians", "consents of group1", "Martians"),
    ],
)
def test_somebody_unknown_is_somebody(question: str, text: str, name: str, index: NameIndex) -> None:
    linked = link(question, index, NOW)
    (slot,) = (slot for slot, mention in linked.mentions.items() if not mention.known)
    assert linked.text == text and linked.bindings[slot] == Text((name,))


@pytest.mark.parametrize(
    "question",
    [
        "grants of Priya Nair",
        "models by Meta",
        "datasets from Germany",
        "grants of engineers",
        "did anyone export it",
        "has nobody asked for it",
        "can outsiders read it",
        "did marketing see it",
        "may the steward read it",
        "who granted write",
        "queries by role",
        "purchases of Kenya daily weather",
        "checks by severity",
        "nodes run by the same operator",
        "exports in August",
        "was Flurb queried last month",
        "size of Sentinel",
        "is Flurb allowed commercially",
        "datasets under an open licence",
        "data licensed under CC BY 4.0",
        "stored as CSV",
        "models built with PyTorch",
        "models trained with personal data",
        "nodes in the network of Google",
        "which data does it use",
    ],
)
def test_no_stranger_where_it_can_be_anything_else(question: str, index: NameIndex) -> None:
    linked = link(question, index, NOW)
    assert [mention.surface for mention in linked.mentions.values() if not mention.known] == []
