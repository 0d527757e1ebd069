"""Names: a written name means the one dataset that bears it, and nobody when two do."""

import pytest

from catalog.ingest.names import Names, plain

CATALOG = Names(
    [
        ("squad_v1", ("rajpurkar/squad",)),
        ("alpaca", ("tatsu-lab/alpaca",)),
        ("wiki_qa", ("microsoft/wiki_qa",)),
        ("math_dataset", ()),
        ("a1", ("shared", "org1/twin")),
        ("a2", ("shared", "org2/twin")),
        ("MED", ()),
    ]
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("squad_v1", "squad_v1"),
        ("SQuADv1", "squad_v1"),
        ("https://huggingface.co/datasets/tatsu-lab/alpaca", "alpaca"),
        ("huggingface.co/datasets/rajpurkar/squad?x=1", "squad_v1"),
        ("Squad", "squad_v1"),
        ("WikiQA dataset", "wiki_qa"),
        ("The MED Dataset", "MED"),
        ("MATH", None),
        ("shared", None),
        ("twin", None),
        ("a1", "a1"),
        ("unknown", None),
        ("", None),
        ("dataset", None),
    ],
)
def test_a_written_name_is_resolved(written: str, meant: str | None) -> None:
    assert CATALOG.resolve(written) == meant


def test_spellings_are_one() -> None:
    assert plain("SQuAD-v1") == plain("squad_V1") == "squadv1"
