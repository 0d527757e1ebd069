"""Names that are asked for and that the question has in part."""

import pytest

from nl2sql.backends.base import Clarify, Decline, Draft
from nl2sql.linking.index import NameIndex
from nl2sql.readings.named import is_of_kind, named_after_all, offered

WHICH = Clarify("Which dataset?", (), 0.9, kind="dataset")


@pytest.fixture(scope="module")
def index() -> NameIndex:
    names = NameIndex()
    for kind, name in (("dataset", "harbour tides"), ("dataset", "river levels"), ("dataset", "river_depths"), ("model", "glacier-net")):
        names.add(kind, name, name)
    return names


@pytest.mark.parametrize(
    ("question", "draft", "full"),
    [
        ("is the tides one fresh", WHICH, "is the 'harbour tides' one fresh"),
        ("is the river one fresh", WHICH, ""),  # several
        ("is it fresh", WHICH, ""),
        ("is the tides one fresh", Clarify("Which?", ("a", "b"), 0.9), ""),
        ("is the tides one fresh", Clarify("Which dataset?", ("harbour tides", "river levels"), 0.9, kind="dataset"), ""),
        ("is the tides one fresh", Clarify("Which period?", (), 0.9, kind="period"), ""),
        ("is the tides one fresh", Decline("out_of_scope", 0.9), ""),
        ("is 'harbour tides' fresh", WHICH, ""),  # said in full
    ],
)
def test_the_one_name_that_the_words_can_stand_for_is_said_in_full(index: NameIndex, question: str, draft: Draft, full: str) -> None:
    assert (named_after_all(question, draft, index) or "") == full


def test_where_no_dataset_shares_a_word_what_does_is_offered_and_is_no_dataset(index: NameIndex) -> None:
    assert offered("steward of the glacier data", "dataset", index) == ["glacier-net"]
    assert not is_of_kind("glacier-net", "dataset", index)
    assert is_of_kind("river_depths", "dataset", index)
