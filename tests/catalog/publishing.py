"""A node that publishes for tests, its documents, and what a catalog holds after a pull."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from tuf.api.metadata import Metadata, Snapshot, Targets, Timestamp

from catalog.node import publication
from catalog.node.publication import Expiry, publish
from catalog.node.sources import Source
from catalog.pull.fetch import Limits
from catalog.pull.trust import Examined, examine
from catalog.storage.generations import current

CROISSANT = {"@context": {"@vocab": "https://schema.org/"}, "@type": "sc:Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0"}


@dataclass(frozen=True)
class PublishingNode:
    """A node's folder and its publication."""

    folder: Path
    to: Path

    @classmethod
    def at(cls, folder: Path, name: str = "berlin-1", documents: int = 3) -> "PublishingNode":
        (folder / "documents").mkdir(parents=True)
        node = cls(folder, folder.parent / f"{folder.name}-publication")
        node.name(name)
        for i in range(documents):
            node.document(f"d{i}")
        return node

    @property
    def root(self) -> bytes:
        return (self.folder / "metadata" / "1.root.json").read_bytes()

    @property
    def metadata(self) -> Path:
        return self.to / "metadata"

    def name(self, name: str) -> None:
        (self.folder / "node.toml").write_text(f'name = "{name}"\ncountry = "DE"\njurisdiction = "EU"\n', encoding="utf-8")

    def document(self, name: str, **said: Any) -> None:
        path = self.folder / "documents" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(CROISSANT | {"name": Path(name).name, "description": f"About {name}."} | said), encoding="utf-8")

    def publish(self, days_ago: float = 0) -> None:
        publish(self.folder, self.to, now=datetime.now(UTC) - timedelta(days=days_ago))

    def sign(self, change: Callable[[Targets], None]) -> None:
        """Publish what no honest node would: its own targets, changed and signed with its own keys."""
        own = self.folder / "metadata"
        targets: Metadata[Targets] = Metadata[Targets].from_file(str(own / "targets.json"))
        change(targets.signed)
        root = publication._load(publication._root_file(self.folder), publication.Root).signed
        signing = publication._Signing(self.folder, root, None)
        meta = signing.sign("targets", targets.signed, Expiry().targets, None)
        snapshot = signing.sign("snapshot", Snapshot(meta={"targets.json": meta}), Expiry().snapshot, None)
        signing.sign("timestamp", Timestamp(snapshot_meta=snapshot), Expiry().timestamp, None)
        for role, version in (("targets", meta.version), ("snapshot", snapshot.version)):
            (self.metadata / f"{version}.{role}.json").write_bytes((own / f"{role}.json").read_bytes())
        (self.metadata / "timestamp.json").write_bytes((own / "timestamp.json").read_bytes())

    def files(self) -> list[Path]:
        return sorted(path for path in self.to.rglob("*") if path.is_file())

    def newest(self, role: str) -> Path:
        return max(self.metadata.glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))


def read(node: PublishingNode, scratch: Path, root: bytes | None = None) -> Examined:
    """A publication as a catalog that never saw it before reads it."""
    source = Source("berlin-1", str(node.to), root or node.root, datetime.now(UTC))
    (scratch / "store").mkdir(parents=True, exist_ok=True)
    return examine(source, ({}, {}), {}, scratch / "work", scratch / "store", Limits())


def said(found: Examined) -> dict[str, bytes]:
    """Documents by name."""
    return {document.name: document.path.read_bytes() for document in found.documents if document.path}


def rows(home: Path, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(current(home).path), read_only=True) as connection:
        return connection.execute(sql, parameters).fetchall()


def datasets(home: Path, node: str = "berlin-1") -> list[str]:
    return [name for (name,) in rows(home, "SELECT name FROM dataset WHERE node = ? ORDER BY name", node)]
