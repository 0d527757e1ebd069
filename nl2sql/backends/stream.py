"""What a model wrote, from a whole reply of OpenAI's protocol or from one that comes in pieces, as server-sent events. Knows no HTTP."""

import json
import math
from collections.abc import Iterator
from typing import Any

from nl2sql.backends.base import MOST_TOLD, Tell
from nl2sql.backends.samples import Sample

MOST_NUMBER = 2**53
"""Numbers of a server from here on are none: JSON may write some that no float holds."""
BOM = "\ufeff".encode()


class Unreadable(ValueError):
    """A stream that is not of the protocol; the text says in what."""


class Events:
    """The data of server-sent events (WHATWG HTML, section 9.2.6), from bytes that come in any pieces."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._is_first, self._after_return = True, False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of every event that these bytes complete. An event is complete with the empty line after it."""
        if self._after_return:
            chunk = chunk.removeprefix(b"\n")
        self._after_return = chunk.endswith(b"\r")
        *ends, rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for end in ends:
            self._line += end
            line = bytes(self._line)
            self._line.clear()
            yield from self._read(line)
        self._line += rest

    def _read(self, line: bytes) -> Iterator[bytes]:
        if self._is_first:
            line, self._is_first = line.removeprefix(BOM), False
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif not line and self._data:
            yield b"\n".join(self._data)
            self._data.clear()


class Stream:
    """A reply in pieces: its text so far, and what the server says beside it.

    ``is_whole`` once nothing more is to come, ``is_ended`` once the text at least has ended. ``error`` is the status and the
    body that the server would have answered with, had it not begun to write.
    """

    def __init__(self, told: Tell) -> None:
        self.is_whole = self.is_ended = False
        self.error: tuple[int, bytes] | None = None
        self._told, self._shown = told, ""
        self._events = Events()
        self._texts: list[str] = []
        self._logs: list[Any] = []
        self._is_probable = True
        """Whether every part of the text so far came with how probable it is."""
        self._is_begun = False

    def feed(self, chunk: bytes) -> None:
        """Read on. Raises `Unreadable`."""
        for data in self._events.feed(chunk):
            if self.is_whole:
                return
            if data.strip() == b"[DONE]":
                self.is_whole = True
            else:
                self._piece(data)

    def sample(self) -> Sample | None:
        """What was written; None where it is no text of a model."""
        return Sample("".join(self._texts), _sum(self._logs) if self._is_probable else None) if self._is_begun else None

    def _piece(self, data: bytes) -> None:
        try:
            piece = json.loads(data)
        except (ValueError, RecursionError) as bad:
            raise Unreadable("its answer is no JSON") from bad
        match piece:
            case {"error": error} if error:
                code = error.get("code") if isinstance(error, dict) else None
                self.error = code if type(code) is int and 400 <= code < 600 else 500, data
                self.is_whole = True
            case {"choices": [*choices]}:
                for choice in choices:
                    self._choice(choice)
            case _:
                raise Unreadable("its reply holds no text of a model")

    def _choice(self, choice: Any) -> None:
        match choice:
            case {"delta": {"content": str(text)}} | {"text": str(text)}:
                pass
            case {"delta": {**more}} if more.get("content") is None:
                text = ""
            case _:
                raise Unreadable("its reply holds no text of a model")
        if choice.get("index", 0) != 0:
            return
        self._is_begun = True
        self.is_ended = self.is_ended or choice.get("finish_reason") is not None
        found = _tokens(choice.get("logprobs"))
        self._logs += found
        self._is_probable &= bool(found) or not text
        if not text:
            return
        self._texts.append(text)
        if len(self._shown) < MOST_TOLD:
            self._shown = (self._shown + text)[:MOST_TOLD]
            self._told(self._shown)


def sample_of(choice: Any) -> Sample | None:
    """One choice of a whole reply, of a chat or of a completion; None where it is none."""
    match choice:
        case {"message": {"content": str(text)}} | {"text": str(text)}:
            return Sample(text, _sum(_tokens(choice.get("logprobs"))))
        case {"message": {"content": None}}:
            return Sample("")
    return None


def _tokens(written: Any) -> list[Any]:
    """The log-probabilities of tokens, in either form of the protocol, as they are written."""
    match written:
        case {"content": [*tokens]}:
            return [token.get("logprob") if isinstance(token, dict) else None for token in tokens]
        case {"token_logprobs": [*found]}:
            return found
    return []


def _sum(found: list[Any]) -> float | None:
    """Of the whole text; None where that of a token is not known."""
    numbers = [float(n) for n in found if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < MOST_NUMBER]
    if not numbers or len(numbers) < len(found) or not all(map(math.isfinite, numbers)):
        return None
    return min(0.0, sum(numbers))
