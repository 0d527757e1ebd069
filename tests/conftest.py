"""Hermetic tests: a catalog folder of their own, no token, no network."""

import shutil
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from catalog.storage.records import Record

settings.register_profile("steward", deadline=None)  # no test asserts on time: a busy machine is no failure
settings.load_profile("steward")

LONGEST = ("test_docs.py", "test_mutants.py", "test_embedded.py", "test_noninterference.py", "test_encryption.py", "test_audit_log.py", "test_mutation.py", "test_injected.py", "test_kills.py")
"""Files that take longest. They are begun first, so that no core waits for the last of them while the others have nothing left."""

CONNECT = socket.socket.connect
SHARED = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True)
def hermetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test away from the user's catalog and from the network."""
    monkeypatch.setenv("STEWARD_CATALOG", str(tmp_path / "catalog"))
    for place in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{place}_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("STEWARD_TOKEN", raising=False)

    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield


@pytest.fixture
def own_machine(hermetic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a test speak to servers of its own; nothing of who runs it names another."""

    def connect(self: socket.socket, to: Any) -> None:
        assert self.family == socket.AF_UNIX or to[0] == "127.0.0.1", f"a test reached for the network: {to}"
        CONNECT(self, to)

    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("URL", "MODEL", "KEY", "KEY_FILE", "TIMEOUT"):
        monkeypatch.delenv(f"STEWARD_VLLM_{name}", raising=False)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo catalog, built once for the whole run; tests read it only."""
    from catalog.demo.build import build

    home = tmp_path_factory.mktemp("demo")
    build(home)
    return home


@pytest.fixture(scope="session")
def demo_records() -> list[Record]:
    """The records of the demo, which take longer to write down than to copy."""
    from catalog.demo.build import DEMO_NOW, records

    return list(records(DEMO_NOW))


@pytest.fixture
def demo_once(demo_home: Path, demo_records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of evals get the demo that was built once, where each would build its own."""
    from catalog.demo.build import DEMO_NOW

    def same_records(now: datetime) -> list[Record]:
        assert now == DEMO_NOW
        return demo_records

    monkeypatch.setattr("eval.ground.build", lambda home: shutil.copytree(demo_home, home, ignore=shutil.ignore_patterns("snapshots")))
    monkeypatch.setattr("eval.run.records", same_records)
    monkeypatch.setattr("eval.instances.stock.records", same_records)


@pytest.fixture
def shared() -> Path:
    """Real input beside the checkout; skips with a clear message where it is absent."""
    if not SHARED.exists():
        pytest.skip("../shared/data is absent: this test reads real files that are not part of the project")
    return SHARED
