"""HTTP connections that somebody else can end: each enters its socket in a list as soon as it has one. Knows no protocol above HTTP."""

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import urllib3
import urllib3.connection


def pool(silence_s: float, live: list[socket.socket], connect_s: float | None = None, admit: Callable[[], object] | None = None) -> urllib3.PoolManager:
    """Connections that enter their sockets in ``live``; ``silence_s`` may pass between two bytes, ``connect_s`` until there is one.

    ``admit`` is called once a connection is entered and before anything is sent: what it raises ends the request.
    """

    def entered(sock: socket.socket) -> None:
        live[:] = [one for one in live if one.fileno() >= 0]
        live.append(sock)
        if admit is not None:
            admit()

    class Plain(urllib3.connection.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            entered(cast(socket.socket, self.sock))

    class Secure(urllib3.connection.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            entered(cast(socket.socket, self.sock))

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    made = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=connect_s or silence_s, read=silence_s), maxsize=1, num_pools=4)
    made.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
    return made


def cut(live: list[socket.socket]) -> None:
    """End every connection: whoever waits for a byte of it gets an error."""
    for sock in list(live):
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


def reason(failure: Exception) -> str:
    """Why there is no answer, in words that end a sentence."""
    match failure:
        case urllib3.exceptions.NameResolutionError():
            return "its name is not known"
        case urllib3.exceptions.NewConnectionError():  # to urllib3 a kind of the next
            return "the connection is refused or there is no way there"
        case urllib3.exceptions.ConnectTimeoutError():
            return "nobody answers"
        case urllib3.exceptions.SSLError():
            return "its certificate does not hold"
    return "the connection broke"
