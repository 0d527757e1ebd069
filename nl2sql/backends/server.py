"""Speaks the HTTP protocol that vLLM, SGLang, Ollama and LM Studio share, OpenAI's. Knows nothing about questions or SQL.

Bounded: seconds to connect, between two bytes and in all, bytes of an answer. Goes nowhere but to the address that it is given.
Whoever waits may stop it from another thread: the connection is closed at once, at which the server stops writing too.
"""

import json
import math
import os
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from catalog.engine.connections import cut, pool, reason
from catalog.errors import UsageError
from nl2sql.backends.base import Tell
from nl2sql.backends.samples import Sample
from nl2sql.backends.stream import MOST_NUMBER, Stream, Unreadable, sample_of
from nl2sql.errors import BackendUnavailable, Stopped
from nl2sql.stop import Stop

DEFAULT_URL = "http://127.0.0.1:8000/v1"
CONNECT_S = 3.0
TOTAL_S = 60.0
"""Seconds that drafting one question may take, retries included."""
MOST_BYTES = 2_000_000
"""Of one answer; the log-probabilities of a few long statements are half of it."""
CHUNK = 65_536
END_S = 0.2
"""For a stream to end after it has said that nothing more is to come."""
RETRIES = 3
FIRST_PAUSE_S = 0.2
"""Before the first retry; twice as long before each further one."""
RETRIED = frozenset({429, 502, 503, 504})
SAID = 200
"""Characters of a server's own complaint that are passed on."""
SEE = "See that it runs and that STEWARD_VLLM_URL is its address, such as http://127.0.0.1:8000/v1; or choose another --backend."


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is, which of its models is asked ('' for the only one), and the key that it wants."""

    url: str = DEFAULT_URL
    model: str = ""
    key: str = field(default="", repr=False)
    total_s: float = TOTAL_S


@dataclass(frozen=True, slots=True)
class Model:
    """A served model and how many tokens it reads and writes at once; None where the server does not say."""

    name: str
    longest: int | None = None
    root: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, type and bytes of an answer; of one that came as a stream, what it read as."""

    status: int
    kind: str
    content: bytes
    stream: Stream | None = None


class Rejected(BackendUnavailable):
    """The server does not take the request as it is: ``said`` is its complaint."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(what, "See the server's own log, or choose another --backend.")
        self.said = said


def address(argument: str = "", environment: Mapping[str, str] = os.environ) -> Address:
    """The server of ``vllm:ARGUMENT``, an address or the name of a model, and of the environment.

    ``STEWARD_VLLM_URL``, ``STEWARD_VLLM_MODEL``, ``STEWARD_VLLM_KEY`` or ``STEWARD_VLLM_KEY_FILE``, ``STEWARD_VLLM_TIMEOUT`` in seconds.
    Raises `UsageError` for one that cannot be meant.
    """
    is_url = argument.startswith(("http://", "https://"))
    url = argument if is_url else environment.get("STEWARD_VLLM_URL") or DEFAULT_URL
    model = argument if argument and not is_url else environment.get("STEWARD_VLLM_MODEL", "")
    return Address(url=_checked(url), model=model, key=_key(environment), total_s=_seconds(environment.get("STEWARD_VLLM_TIMEOUT", "")))


def _checked(url: str) -> str:
    """The address as it is used: with the path of the API, without what would be shown to others."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as bad:
        raise UsageError("The address of the model server cannot be read.", SEE) from bad
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError(f"{url} is no http(s) address of a model server.", SEE)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("The address of a model server has neither password nor query.", "Give a key as STEWARD_VLLM_KEY or in STEWARD_VLLM_KEY_FILE.")
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/v1"


def _key(environment: Mapping[str, str]) -> str:
    key, file = environment.get("STEWARD_VLLM_KEY", ""), environment.get("STEWARD_VLLM_KEY_FILE")
    if not key and file:
        try:
            key = Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError) as bad:
            raise UsageError(f"The key file {file} cannot be read.", "STEWARD_VLLM_KEY_FILE names a file that holds the key alone.") from bad
    key = key.strip()
    if not key.isascii() or not key.isprintable():
        raise UsageError("The key of the model server is not one line of plain characters.", "See STEWARD_VLLM_KEY and STEWARD_VLLM_KEY_FILE.")
    return key


def _seconds(written: str) -> float:
    try:
        seconds = float(written or TOTAL_S)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= 3600:
        raise UsageError(f"STEWARD_VLLM_TIMEOUT is {written!r}, not 1 to 3600 seconds.")
    return seconds


class Server:
    """One server, asked by one thread at a time.

    Every call raises `BackendUnavailable`, saying what is wrong, within the time there is, and `Stopped` as soon as it is stopped.
    """

    def __init__(self, where: Address) -> None:
        self.address = where
        self._live: list[socket.socket] = []
        self._pool = pool(where.total_s, self._live, CONNECT_S, self._in_time)
        self._until = math.inf
        self._stop = Stop()
        self._model: Model | None = None

    def begin(self, stop: Stop | None = None) -> None:
        """Start the clock of a question, which ``stop`` ends early."""
        self._until = time.monotonic() + self.address.total_s
        self._stop = stop or Stop()

    def models(self) -> list[Model]:
        """What it serves."""
        listed = self._read_json(self._asked("GET", "models"))
        found = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(found, list):
            raise self._no_api("its list of models is none")
        models = [m for m in found if isinstance(m, dict) and isinstance(m.get("id"), str)]
        return [Model(m["id"], _longest(m.get("max_model_len")), str(m.get("root") or "")) for m in models]

    @property
    def model(self) -> Model:
        """The one that is asked; looked up once."""
        if self._model is None:
            wanted, found = self.address.model, self.models()
            named = [m for m in found if m.name == wanted] if wanted else found
            if len(named) != 1:
                listed = ", ".join(m.name[:60] for m in found[:8]) or "none"
                what = f"The model server has no model {wanted!r}" if wanted else f"The model server has {len(found) or 'no'} models"
                raise BackendUnavailable(f"{what}; it serves: {listed}.", "Name one with STEWARD_VLLM_MODEL or --backend vllm:MODEL.")
            self._model = named[0]
        return self._model

    def chat(self, messages: list[dict[str, str]], told: Tell | None = None, **options: Any) -> list[Sample]:
        """Replies to a chat. Where one is ``told`` of it the reply is asked for as a stream. Raises `Rejected` where it does not take the request."""
        return self._samples("chat/completions", {"messages": messages, **options}, told)

    def complete(self, prompt: str, told: Tell | None = None, **options: Any) -> list[Sample]:
        """Continuations of a text, for a model without a chat template, told as those of a chat. Raises `Rejected`."""
        return self._samples("completions", {"prompt": prompt, **options}, told)

    def _samples(self, path: str, body: dict[str, Any], told: Tell | None) -> list[Sample]:
        asked = {"model": self.model.name, **body}
        answer = self._asked("POST", path, asked if told is None else asked | {"stream": True}, told)
        if answer.stream is not None:
            found = [answer.stream.sample()]
        else:
            reply = self._read_json(answer)
            choices = reply.get("choices") if isinstance(reply, dict) else None
            found = [sample_of(choice) for choice in choices] if isinstance(choices, list) else []
        if not found or None in found:
            raise self._no_api("its reply holds no text of a model")
        return [sample for sample in found if sample is not None]

    def _asked(self, method: str, path: str, body: dict[str, Any] | None = None, told: Tell | None = None) -> Answer:
        """An answer that is none of a failure."""
        if self._until == math.inf:
            self.begin()
        watch = threading.Timer(max(0.0, self._until - time.monotonic()), cut, [self._live])
        watch.daemon = True
        watch.start()
        try:
            with self._stop.calling(lambda: cut(self._live)):
                answer = self._answer(method, f"{self.address.url}/{path}", body, told)
        finally:
            watch.cancel()
        self._raise_for(answer.status, answer.content)
        return answer

    def _read_json(self, answer: Answer) -> Any:
        if "json" not in answer.kind:
            raise self._no_api(f"it answers with {answer.kind[:40] or 'no type of content'}, not JSON")
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as bad:
            raise self._no_api("its answer is no JSON") from bad

    def _answer(self, method: str, url: str, body: dict[str, Any] | None, told: Tell | None) -> Answer:
        """The answer, after retries where they may help."""
        taken = "application/json" if told is None else "text/event-stream, application/json"
        headers = {"User-Agent": "steward", "Accept": taken, "Accept-Encoding": "identity"}
        headers |= {"Authorization": f"Bearer {self.address.key}"} if self.address.key else {}
        sent = None if body is None else json.dumps(body).encode("ascii")
        headers |= {"Content-Type": "application/json"} if sent else {}
        pause = FIRST_PAUSE_S
        for left in range(RETRIES, -1, -1):
            self._in_time()
            try:
                response = self._pool.request(method, url, body=sent, headers=headers, preload_content=False, redirect=False)
                answer = self._read(response, told)
                if answer.status not in RETRIED or not left:
                    return answer
            except Unreadable as bad:
                raise self._no_api(str(bad)) from bad
            except urllib3.exceptions.ReadTimeoutError as late:
                self._in_time()
                raise self._late() from late
            except (urllib3.exceptions.HTTPError, OSError) as failure:
                self._in_time()
                if not left or _is_final(failure):
                    raise BackendUnavailable(f"The model server at {self.address.url} cannot be reached: {reason(failure)}.", SEE) from failure
            self._stop.wait(max(0.0, min(pause, self._until - time.monotonic())))
            pause *= 2
        raise AssertionError("the last try returns or raises")

    def _read(self, response: urllib3.BaseHTTPResponse, told: Tell | None) -> Answer:
        """Everything that comes, at most so much. read1 returns what is there: a server that drips cannot hold it."""
        kind = response.headers.get("Content-Type", "").lower()
        stream = Stream(told) if told is not None and response.status == 200 and kind.startswith("text/event-stream") else None
        content, size = bytearray(), 0
        with ExitStack() as unfinished:
            unfinished.callback(response.close)
            while chunk := response.read1(CHUNK):
                self._in_time()
                size += len(chunk)
                if size > MOST_BYTES:
                    raise self._no_api(f"its answer is longer than {MOST_BYTES:,} bytes")
                if stream is None:
                    content += chunk
                    continue
                stream.feed(chunk)
                if stream.is_whole:
                    self._take_end(response)
                    break
            self._in_time()  # a connection that is cut ends like one that has no more to say
            unfinished.pop_all()
        if response.length_remaining or (stream is not None and not (stream.is_whole or stream.is_ended)):
            raise urllib3.exceptions.ProtocolError("the answer is torn")
        response.release_conn()
        if stream is not None and stream.error is not None:
            return Answer(stream.error[0], "application/json", stream.error[1])
        return Answer(response.status, kind, bytes(content), stream)

    def _take_end(self, response: urllib3.BaseHTTPResponse) -> None:
        """Take what ends a stream that has said all, so that the connection can be used again; where it does not end, it is closed."""
        for sock in self._live:
            with suppress(OSError):
                sock.settimeout(END_S)
        with suppress(urllib3.exceptions.HTTPError, OSError):
            if not response.read1(CHUNK):
                return
        response.close()

    def _in_time(self) -> None:
        """Raise `Stopped` where nobody waits any more, `BackendUnavailable` where the time is over."""
        if self._stop.is_set():
            raise Stopped
        if time.monotonic() >= self._until:
            raise self._late()

    def _late(self) -> BackendUnavailable:
        what = f"The model server at {self.address.url} has not answered within {self.address.total_s:g} s."
        return BackendUnavailable(what, "See how busy it is, or allow more with STEWARD_VLLM_TIMEOUT (seconds).")

    def _no_api(self, why: str) -> BackendUnavailable:
        return BackendUnavailable(f"What answers at {self.address.url} is no model server that Steward knows: {why}.", SEE)

    def _raise_for(self, status: int, content: bytes) -> None:
        where = f"The model server at {self.address.url}"
        if status in (400, 422):
            said = _complaint(content)
            raise Rejected(f"{where} does not take the question{f': {said}' if said else ''}.", said)
        if status in (401, 403):
            raise BackendUnavailable(f"{where} wants another key.", "Give it as STEWARD_VLLM_KEY, or in the file that STEWARD_VLLM_KEY_FILE names.")
        if 300 <= status < 400:
            raise BackendUnavailable(f"{where} sends elsewhere, which is not followed.", "Give the address that it is at as STEWARD_VLLM_URL.")
        if status == 404:
            raise self._no_api("it has no such path or model")
        if status != 200:
            raise BackendUnavailable(f"{where} is in trouble: HTTP status {status}.", "See its own log, or choose another --backend.")


def _is_final(failure: Exception) -> bool:
    """Whether another try cannot help: silence has cost its time, and a certificate or a name does not change."""
    if isinstance(failure, urllib3.exceptions.NewConnectionError):  # which urllib3 counts among time-outs
        return isinstance(failure, urllib3.exceptions.NameResolutionError)
    return isinstance(failure, urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.SSLError)


def _complaint(content: bytes) -> str:
    """What a server says is wrong, on one line and short; it is others' text."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    for key in ("error", "detail", "message"):
        found = found.get(key, found) if isinstance(found, dict) else found
    text = found if isinstance(found, str) else ""
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())[:SAID].rstrip(".")


def _longest(told: Any) -> int | None:
    """A number of tokens that a model may have, else None."""
    return told if isinstance(told, int) and 0 < told < MOST_NUMBER else None
