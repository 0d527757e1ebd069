"""A model server for tests, in a thread: OpenAI's protocol, well or badly, and every request kept."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODELS = {"data": [{"id": "tiny", "max_model_len": 8192, "root": "/models/tiny"}]}


@dataclass
class Reply:
    """What is sent back to one request; ``drip`` sends a byte now and then."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    drip: bool = False
    torn: bool = False


Manner = Callable[[dict[str, Any], int], Reply]
"""The reply to a body, and how many requests for text there were before it."""


def said(*texts: str, probability: float | None = None, status: int = 200) -> Reply:
    """Texts of a model, as a chat has them; ``probability`` is that of the first."""
    choices: list[dict[str, Any]] = [{"message": {"role": "assistant", "content": text}, "text": text} for text in texts]
    if probability is not None:
        choices[0]["logprobs"] = {"content": [{"token": "x", "logprob": math.log(probability)}]}
    return Reply(json.dumps({"choices": choices}).encode(), status)


def complaint(text: str, status: int = 400) -> Reply:
    return Reply(json.dumps({"error": {"message": text, "code": status}}).encode(), status)


@dataclass
class Served:
    """A running server: its address, what was asked of it in order, and its headers."""

    url: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


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
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + (100 if reply.torn else 0)))
                self.end_headers()
                for at in range(0, len(reply.body), 1 if reply.drip else len(reply.body) or 1):
                    self.wfile.write(reply.body[at : at + 1] if reply.drip else reply.body)
                    self.wfile.flush()
                    time.sleep(0.1 if reply.drip else 0)
                self.close_connection = self.close_connection or reply.torn
            except OSError:
                self.close_connection = True

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
