"""Server-sent events in any pieces, and what they say that a model wrote."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.backends.base import MOST_TOLD
from nl2sql.backends.samples import Sample
from nl2sql.backends.stream import Events, Stream, Unreadable
from tests.nl2sql.model_server import DONE, delta, event, streamed

EVENTS = [
    (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [b"a", b"b", b"c"]),
    (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    (b": hello\n\ndata: a\n: more\n\n\n\n", [b"a"]),
    (b"data:a\ndata:  b\ndata\n\n", [b"a\n b\n"]),
    (b"event: error\nid: 1\nretry: 9\ndata: a\nnonsense\n\xff\xfe: b\n\n", [b"a"]),
    (b"data: a\n", []),  # without the empty line it is none
    (b"data: a", []),
    (b"", []),
]


def read(stream: bytes, cuts: list[int]) -> list[bytes]:
    events, at = Events(), [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [data for start, end in pairwise(at) for data in events.feed(stream[start:end])]


@pytest.mark.parametrize(("stream", "found"), EVENTS)
def test_events_are_read_as_the_standard_says(stream: bytes, found: list[bytes]) -> None:
    assert read(stream, []) == read(stream, list(range(len(stream)))) == found


@given(st.sampled_from([stream for stream, _ in EVENTS]), st.lists(st.integers(0, 1000)))
def test_how_a_stream_is_cut_into_pieces_does_not_matter(stream: bytes, cuts: list[int]) -> None:
    assert read(stream, cuts) == read(stream, [])


@given(st.text(max_size=60), st.integers(1, 9), st.floats(0.01, 1.0))
def test_a_text_in_pieces_is_the_text(text: str, size: int, probability: float) -> None:
    told: list[str] = []
    stream = Stream(told.append)
    for piece in streamed(text, probability, size).pieces:
        stream.feed(piece)
    found = stream.sample()
    assert found is not None and stream.is_whole and stream.is_ended
    assert found.text == text
    assert (found.log_probability or 0.0) == pytest.approx(math.log(probability) if text else 0.0)
    assert told == [text[: at + size] for at in range(0, len(text), size)]


def written(*pieces: bytes) -> Sample | None:
    stream = Stream(lambda text: None)
    stream.feed(b"".join(pieces))
    return stream.sample()


@pytest.mark.parametrize(
    ("pieces", "found"),
    [
        ((), None),
        ((event({"choices": [], "usage": {"total_tokens": 3}}), DONE), None),
        ((event({"choices": [{"delta": {}}]}), DONE), Sample("")),
        ((event({"choices": [{"delta": {"content": None, "reasoning": "hm"}}]}), delta("a"), DONE), Sample("a")),
        ((delta("a", 0.5), delta("b", 0.5), DONE), Sample("ab", 2 * math.log(0.5))),
        ((delta("a", 0.5), delta("b"), DONE), Sample("ab")),  # how probable all of it is, nobody knows
        ((delta("a"), delta("b", 0.5), DONE), Sample("ab")),
        ((delta("a", 0.5), delta("", 0.5), DONE), Sample("a", 2 * math.log(0.5))),  # the end is a token too
        ((delta("a", 0.5), DONE, delta("b", 0.5)), Sample("a", math.log(0.5))),
        ((event({"choices": [{"index": 1, "text": "b"}, {"index": 0, "text": "a"}]}),), Sample("a")),
        ((event({"choices": [{"text": "ab", "logprobs": {"token_logprobs": [-1, -2.5]}}]}),), Sample("ab", -3.5)),
        ((event({"choices": [{"text": "a", "logprobs": {"token_logprobs": [None]}}]}),), Sample("a")),
        ((event({"choices": [{"text": "a", "logprobs": {"content": [{"logprob": True}]}}]}),), Sample("a")),
        ((event({"choices": [{"text": "a", "logprobs": {"content": [{"logprob": -(10**400)}]}}]}),), Sample("a")),
        ((event({"choices": [{"text": "a", "logprobs": {"content": ["x"]}}]}),), Sample("a")),
    ],
)
def test_what_pieces_come_to(pieces: tuple[bytes, ...], found: Sample | None) -> None:
    assert written(*pieces) == found


@pytest.mark.parametrize(
    "piece",
    [b"data: {\n\n", b"data: \xff\xfe\n\n", b"data: " + b"[" * 200_000 + b"\n\n", *map(event, (1, [], None, "x", {}, {"choices": 5}, {"choices": [5]}, {"choices": [{}]}, {"choices": [{"delta": {"content": 5}}]}, {"choices": [{"text": 5}]}, {"choices": [{"delta": None}]}))],
    ids=lambda piece: piece[:40].decode("ascii", "replace"),
)
def test_what_is_not_of_the_protocol_is_said_to_be_so(piece: bytes) -> None:
    with pytest.raises(Unreadable):
        written(delta("a"), piece)


@pytest.mark.parametrize(
    ("error", "status"),
    [({"message": "no", "code": 400}, 400), ({"message": "no", "code": 503}, 503), ({"code": "400"}, 500), ({"code": True}, 500), ({"code": 200}, 500), ({"code": 10**400}, 500), ("no", 500)],
)
def test_an_error_in_the_middle_is_what_it_would_have_been_at_the_beginning(error: object, status: int) -> None:
    stream = Stream(lambda text: None)
    stream.feed(delta("a") + event({"error": error}) + delta("b"))
    assert stream.error is not None and stream.is_whole
    assert (stream.error[0], json.loads(stream.error[1])) == (status, {"error": error})


def test_only_so_much_of_a_text_is_told() -> None:
    told: list[str] = []
    stream = Stream(told.append)
    for _ in range(50):
        stream.feed(delta("x" * 1000))
    found = stream.sample()
    assert found is not None and len(found.text) == 50_000
    assert len(told) == MOST_TOLD // 1000 and max(map(len, told)) == MOST_TOLD
