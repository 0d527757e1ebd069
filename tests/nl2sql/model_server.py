"""A model server for tests, in a thread: OpenAI's protocol, well or badly, and every request kept."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

MODELS = {"data": [{"id": "tiny", "max_model_len": 8192, "root": "/models/tiny"}]}


@dataclass
class Reply:
    """What is sent back to one request; ``drip`` sends a byte now and then.

    ``pieces`` are sent one by one, in chunks, in place of a body of a known length. ``holds`` goes silent, before the reply or in its
    middle, until whoever asked has gone away.
    """

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip: bool = False
    torn: bool = False
    pieces: tuple[bytes, ...] = ()
    pause_s: float = 0.0
    holds: Literal["", "before", "amid"] = ""


Manner = Callable[[dict[str, Any], int], Reply]
"""The reply to a body, and how many requests for text there were before it."""


def said(*texts: str, probability: float | None = None, status: int = 200) -> Reply:
    """Texts of a model, as a chat has them; ``probability`` is that of the first."""
    choices: list[dict[str, Any]] = [{"message": {"role": "assistant", "content": text}, "text": text} for text in texts]
    if probability is not None:
        choices[0]["logprobs"] = {"content": [{"token": "x", "logprob": math.log(probability)}]}
    return Reply(json.dumps({"choices": choices}).encode(), status)


def event(piece: Any) -> bytes:
    """A server-sent event with JSON."""
    return b"data: " + json.dumps(piece).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def delta(text: str, probability: float | None = None, ends: bool = False) -> bytes:
    """A piece of a chat that is a piece of a completion too; ``probability`` is that of its one token."""
    choice: dict[str, Any] = {"index": 0, "delta": {"content": text}, "text": text, "finish_reason": "stop" if ends else None}
    if probability is not None:
        choice["logprobs"] = {"content": [{"token": "x", "logprob": math.log(probability)}]}
    return event({"choices": [choice]})


def streamed(text: str, probability: float | None = None, size: int = 4, **how: Any) -> Reply:
    """A text as vLLM streams it: the role, pieces of it, an empty one at the end. The first piece is as probable as all of them."""
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    pieces = [delta(part, probability if not at or probability is None else 1.0) for at, part in enumerate(parts)]
    return Reply(b"", kind="text/event-stream; charset=utf-8", pieces=(event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}), *pieces, delta("", ends=True), DONE), **how)


def complaint(text: str, status: int = 400) -> Reply:
    return Reply(json.dumps({"error": {"message": text, "code": status}}).encode(), status)


@dataclass
class Served:
    """A running server: its address, what was asked of it in order, and its headers."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    """Set once somebody went away before their reply was all there."""


@contextmanager
def serving(manner: Manner, models: Any = MODELS) -> Iterator[Served]:
    """A server that answers in this manner."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.headers.append(dict(self.headers))
            self._send(models if isinstance(models, Reply) else Reply(json.dumps(models).encode()))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            before = len(served.bodies)
            served.bodies.append(body)
            served.paths.append(self.path)
            served.headers.append(dict(self.headers))
            self._send(manner(body, before))

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.wait_s)
            try:
                if reply.holds == "before":
                    self._hold()
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.pieces:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    self.send_header("Content-Length", str(len(reply.body) + (100 if reply.torn else 0)))
                self.end_headers()
                for piece in reply.pieces:
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    self.wfile.flush()
                    time.sleep(reply.pause_s)
                if reply.holds:
                    self._hold()
                    return
                if reply.pieces and not reply.torn:
                    self.wfile.write(b"0\r\n\r\n")
                for at in range(0, len(reply.body), 1 if reply.drip else len(reply.body) or 1):
                    self.wfile.write(reply.body[at : at + 1] if reply.drip else reply.body)
                    self.wfile.flush()
                    time.sleep(0.1 if reply.drip else 0)
                self.close_connection = self.close_connection or reply.torn
            except OSError:
                self.close_connection = True
                served.gone.set()

        def _hold(self) -> None:
            self.close_connection = True
            if not self.rfile.read(1):
                served.gone.set()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    served = Served(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
