"""What a turn points at among what the answer before it showed."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.readings.conversation import Earlier
from nl2sql.readings.pointed import pointed

NOW = datetime(2026, 10, 16, 12)
INDEX = NameIndex()
NAMES = {"dataset": ("lab_results", "C4", "parcels"), "node": ("oslo-2", "oslo-3"), "org": ("Meta", "Hospital Group"), "person": ("Mei Chen",), "model": ("churn-predictor",)}
for kind, names in NAMES.items():
    for name in names:
        INDEX.add(kind, name, name)

ONE_NODE, TWO_NODES = (("oslo-2", "storage"),), (("oslo-2",), ("oslo-3",))
OWNED = (("lab_results", "Hospital Group"),)
SHOWN = [
    ("what is the trust of that node?", ONE_NODE, "what is the trust of oslo-2?"),
    ("that node's uptime", ONE_NODE, "oslo-2's uptime"),
    ("any events on that box", ONE_NODE, "any events on oslo-2"),
    ("what happened there since May", ONE_NODE, "what happened at oslo-2 since May"),
    ("who owns that one, and where is it held?", OWNED, "who owns lab_results, and where is it held?"),
    ("who owns the second one", TWO_NODES, "who owns oslo-3"),
    ("trust of the first", TWO_NODES, "trust of oslo-2"),
    ("and the last one's operator", TWO_NODES, "and oslo-3's operator"),
    ("its rows", (("parcels",),), '"parcels"\'s rows'),
    ("what trains on it", (("C4",),), "what trains on C4"),
    ("which grants does she hold", (("Mei Chen",),), 'which grants does "Mei Chen" hold'),
    ("show her grants", (("Mei Chen",),), 'show "Mei Chen"\'s grants'),
    ("other datasets of theirs?", (("Meta",),), 'other datasets of "Meta"?'),
    ("what did they buy", (("Meta",),), 'what did "Meta" buy'),
    ("what else does that publisher own", OWNED, 'what else does "Hospital Group" own'),
]
NOTHING = [
    ("what is the trust of that node?", TWO_NODES),
    ("what is the trust of those nodes?", ONE_NODE),
    ("are there any others", ONE_NODE),
    ("how many is there in all", ONE_NODE),
    ("did the restore work there", (("lab_results", "oslo-2"),)),
    ("who owns the third one", TWO_NODES),
    ("who is the first one to buy it", (("secret",), ("other",))),
    ("back to that node", ONE_NODE),
    ("who owns it", TWO_NODES),
    ("who owns it", (("not in the catalog",),)),
    ("lab_results, who owns it", (("C4",),)),
    ("what did they buy", OWNED),
    ("who gave her access", (("oslo-2",),)),
    ("who owns that one", (('a"; drop',),)),
    ("who owns that one", ()),
]


def after(question: str, shown: tuple[tuple[str, ...], ...], before: str = "which ones are there") -> str | None:
    return pointed(question, [Earlier(before, shown)], INDEX, NOW)


@pytest.mark.parametrize(("question", "shown", "full"), SHOWN, ids=[question for question, *_ in SHOWN])
def test_what_was_shown_is_named(question: str, shown: tuple[tuple[str, ...], ...], full: str) -> None:
    assert after(question, shown) == full


@pytest.mark.parametrize(("question", "shown"), NOTHING)
def test_what_is_not_shown_alone_is_not_named(question: str, shown: tuple[tuple[str, ...], ...]) -> None:
    assert after(question, shown) is None


def test_what_was_asked_about_by_name_is_left_to_the_model() -> None:
    assert after("who owns that node", ONE_NODE, "what runs on oslo-2") is None
    assert after("who owns it", (("C4",),), "what is lab_results made of") is None
    assert pointed("who owns it", [], INDEX, NOW) is None
    asked = [Earlier("who owns lab_results"), Earlier("and the newest?", (("C4",),))]
    assert pointed("how big is it", asked, INDEX, NOW) is None
    assert pointed("how big is that one", asked, INDEX, NOW) == "how big is C4"
