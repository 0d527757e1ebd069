"""A file server for tests: serves the folders below its own, each well or badly according to its name. Prints its port.

Run as a process: ``python unruly_server.py FOLDER``.
"""

import hashlib
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
ASKED: Counter[str] = Counter()


class Unruly(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Serve a file below the folder, in the manner of the first part of its path."""
        manner, _, rest = self.path.lstrip("/").partition("/")
        ASKED[self.path] += 1
        if self.path == "/asked":
            self._send(200, "\n".join(f"{count} {path}" for path, count in ASKED.items()).encode())
            return
        path = FOLDER / manner / rest
        if manner == "flaky" and ASKED[self.path] < 3:
            self._send(503, b"")
        elif manner == "broken":
            self._send(500, b"")
        elif manner == "elsewhere":
            self._redirect("http://localhost:1/" + rest)
        elif manner == "downgraded":
            self._redirect("ftp://127.0.0.1/" + rest)
        elif manner == "circle":
            self._redirect(self.path)
        elif manner == "moved":
            self._redirect("/calm/" + rest)
        elif manner == "silent":
            time.sleep(30)
        elif manner == "drip-head":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000)
        elif manner == "drip":
            self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b" " * 9000)
        elif manner == "endless":
            self._endless()
        elif not path.is_file():
            self._send(404, b"not here")
        elif manner == "torn" and rest.endswith("targets.json"):
            body = path.read_bytes()
            self._head(200, len(body) + 1000)
            self.wfile.write(body)
            self.close_connection = True
        else:
            body = path.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()}"'
            if self.headers.get("If-None-Match") == etag:
                ASKED[f"304 {self.path}"] += 1
                self._send(304, b"", etag)
            else:
                self._send(200, body, etag)

    def _head(self, status: int, length: int, etag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()

    def _send(self, status: int, body: bytes, etag: str = "") -> None:
        self._head(status, len(body), etag)
        self.wfile.write(body)

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self, data: bytes) -> None:
        self.close_connection = True
        try:
            for byte in data:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def _endless(self) -> None:
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                self.wfile.write(b" " * 65_536)
        except OSError:
            pass

    def log_message(self, *said: object) -> None:
        """Say nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Unruly)
print(server.server_port, flush=True)
server.serve_forever()
