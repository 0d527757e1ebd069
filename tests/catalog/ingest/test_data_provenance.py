"""Summaries of speech and video, whose entries are named in other ways and say other things than those of text."""

from typing import Any

import pytest

from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Claim, Dataset

from .samples import stated

SPEECH: dict[str, Any] = {
    "Unique Dataset Identifier": "tongues-1",
    "Dataset Name": "tongues-1",
    "Collection": "Tongues 1",
    "Hours": 108.0,
    "Speakers": "Unclear",
    "Languages": ["Hindi"],
    "Tasks": ["Speech Recognition"],
    "Topics": ["Agriculture", "Unclear"],
    "Source": ["Calling Platform"],
    "Location": ["India"],
    "Year Released": 2022,
    "Creators": ["A lab"],
    "Licenses": [{"License": "CC BY 4.0"}],
    "Inferred Metadata": {"GitHub License": "MIT License"},
}
VIDEO: dict[str, Any] = {
    "Unique Dataset Identifier": "moves",
    "Dataset Name": "Moves: all of them (CONF 2018)",
    "Collection": "moves",
    "Video Hours": 275,
    "Video Sources": ["flickr"],
    "Task Categories": ["Localization"],
    "Countries": ["Kenya"],
    "Taken Down": "True",
    "Creators": ["A lab"],
    "Licenses": [{"License": "Custom"}],
    "Inferred Metadata": {},
}


def test_speech() -> None:
    document = {"Tongues 1": SPEECH}
    dataset = next(d for d in stated(document, Dataset) if d.owner)
    assert (dataset.name, dataset.data_type, dataset.domain, dataset.tasks, dataset.deprecated) == ("tongues-1", "audio", "Agriculture", ("Speech Recognition",), False)
    assert dataset.description == "Hours: 108.0. Sources: Calling Platform. Topics: Agriculture. Countries: India. Released: 2022."
    assert {(c.claimant, c.claimed_value) for c in stated(document, Claim) if c.attribute == "licence"} == {
        ("Data Provenance Initiative", "CC BY 4.0"),
        ("GitHub", "MIT License"),
    }


def test_video() -> None:
    dataset = next(d for d in stated({VIDEO["Dataset Name"]: VIDEO}, Dataset) if d.owner)
    assert (dataset.name, dataset.data_type, dataset.tasks, dataset.deprecated) == ("moves", "video", ("Localization",), True)
    assert dataset.description == "Hours: 275. Video sources: flickr. Countries: Kenya."


@pytest.mark.parametrize(("key", "kept"), [("moves", True), ("moves: The Moves", True), ("Moves: all of them (CONF 2018)", True), ("other", False)])
def test_an_entry_under_the_name_of_another_is_not_trusted(key: str, kept: bool) -> None:
    problems: list[str] = []
    found = Document("a", {key: VIDEO})
    reader = next(reader for reader in READERS if reader.detects(found))
    assert bool(list(reader.read(found, Context("n", lambda path, expected: problems.append(expected))))) is kept
    assert problems == ([] if kept else ["the key of the entry"])
