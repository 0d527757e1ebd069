"""Parts of the world: where they are places, and where they are words like any others."""

from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.linking.places import continents, countries
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)


@pytest.fixture(scope="module")
def world(index: NameIndex) -> NameIndex:
    """The common index with all parts of the world and a dataset named after one."""
    made = NameIndex.load(index.dump())
    for name, codes in continents().items():
        for code in codes:
            made.add("country", name, code)
    for name in countries()["ZA"]:
        made.add("country", name, "ZA")
    made.add("dataset", "Africa field boundary labels", "Africa field boundary labels")
    return made


@pytest.mark.parametrize(
    ("question", "text", "codes"),
    [
        ("which machines stand in Asia", "which machines stand in country1", "IN JP"),
        ("hospitals in South America", "hospitals in country1", "BR CL"),
        ("anything transferred to africa last week", "anything transferred to country1 period1", "KE ZA"),
        ("list scandinavian nodes", "list country1 nodes", "DK NO SE"),
        ("copies outside the Nordics, please", "copies outside the country1, please", "FI IS"),
        ("South African nodes", "country1 nodes", "ZA"),
    ],
)
def test_places(question: str, text: str, codes: str, world: NameIndex) -> None:
    linked = link(question, world, NOW)
    value = linked.bindings["@country1"]
    assert linked.text == text
    assert isinstance(value, Text)
    assert set(codes.split()) <= set(value.values)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("datasets with African languages", ""),
        ("text in Asian languages", ""),
        ("maps of Africa", ""),
        ("data about Scandinavia", "term"),
        ("an Africa-run network", ""),
        ("owner of the african field boundary labels", "dataset"),
        ("nodes in Kenya", "country"),
    ],
)
def test_no_places(question: str, kinds: str, world: NameIndex) -> None:
    linked = link(question, world, NOW)
    assert " ".join(m.kind for m in linked.mentions.values()) == kinds
    assert all(len(m.value.values) == 1 for m in linked.mentions.values() if isinstance(m.value, Text))


def test_parts_of_the_world_hold_each_country_once() -> None:
    assert all(len(codes) == len(set(codes)) and all(len(code) == 2 and code.isupper() for code in codes) for codes in continents().values())
    assert set(continents()["asia"]).isdisjoint(continents()["africa"])
