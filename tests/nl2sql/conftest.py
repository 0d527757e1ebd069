"""What tests of served models share: the way to servers of their own, on this machine."""

import socket
from typing import Any

import pytest

CONNECT = socket.socket.connect


@pytest.fixture
def own_machine(hermetic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test speak to servers of its own; nothing of who runs it names another."""

    def connect(self: socket.socket, to: Any) -> None:
        assert self.family == socket.AF_UNIX or to[0] == "127.0.0.1", f"a test reached for the network: {to}"
        CONNECT(self, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("URL", "MODEL", "KEY", "KEY_FILE", "TIMEOUT"):
        monkeypatch.delenv(f"STEWARD_VLLM_{name}", raising=False)
