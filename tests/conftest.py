"""Hermetic tests: a catalog folder of their own, no token, no network."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def hermetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test away from the user's catalog and from the network."""
    monkeypatch.setenv("STEWARD_CATALOG", str(tmp_path / "catalog"))
    for place in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{place}_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("STEWARD_TOKEN", raising=False)

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"a test reached for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo catalog, built once for the whole run; tests read it only."""
    from catalog.demo.build import build

    home = tmp_path_factory.mktemp("demo")
    build(home)
    return home


@pytest.fixture
def shared() -> Path:
    """Real input beside the checkout; skips with a clear message where it is absent."""
    if not SHARED.exists():
        pytest.skip("../shared/data is absent: this test reads real files that are not part of the project")
    return SHARED
