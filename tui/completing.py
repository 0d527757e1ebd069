"""The names that a shell may offer one asker: kept in their private folder, and read without an engine, a policy or a parser.

What counts for them is in the key of the file: the policy's text, the generation, the asker's live grants and the day. When one of these
changes the file is another; when policy or grants change, the old one goes with everything else that was made by them.
``python -m tui.completing`` makes it, for the catalog and token of its environment.
"""

import hashlib
import os
import re
import sqlite3
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import GovernanceError
from catalog.opening import NotRegular, regular

LAYOUT = 1
PLAIN = re.compile(r"[A-Za-z0-9][\w@%+=.,/:-]{0,199}", re.ASCII)
"""What a shell takes as it is. Other names are never offered: they come from others' nodes, and a shell may act on them."""
SOURCES = {
    "dataset": ("datasets", "name"),
    "model": ("models", "name"),
    "node": ("nodes", "node"),
    "metric": ("quality_metrics", "metric"),
}
"""Where names of a kind stand: view and column."""
MOST_KEPT = 500_000


@dataclass(frozen=True, slots=True)
class Names:
    """Lists of names, each line ``kind/lower case<tab>name``, in order."""

    content: bytes

    def beginning(self, kind: str, with_: str, most: int) -> list[str]:
        """Names of a kind that begin so, letter case aside."""
        start = f"\n{kind}/{with_.lower()}".encode()
        at, found = self.content.find(start), list[str]()
        while at >= 0 and len(found) < most and self.content.startswith(start, at):
            end = self.content.find(b"\n", at + 1)
            line = self.content[at + 1 : end if end >= 0 else None]
            name = line.partition(b"\t")[2].decode("utf-8", "replace")
            if PLAIN.fullmatch(name):  # whoever made the catalog's folder may have written the lists
                found.append(name)
            at = end
        return found


def kept(home: Path, token: str) -> Names | None:
    """The lists of whoever the token proves, as they are true now; None where they are still to be made, or nobody is proved."""
    path = _path(home, token)
    if path is None:
        return None
    try:
        with open(path, "rb", opener=regular) as file:
            return Names(b"\n" + file.read())
    except (FileNotFoundError, NotRegular):
        return None


def _path(home: Path, token: str) -> Path | None:
    """Where the lists lie that are true now. No module is loaded for it that takes long."""
    from catalog.storage.encryption import is_active
    from catalog.storage.generations import current
    from catalog.storage.state import State

    if is_active(home):  # names are not left in plain beside what is encrypted
        return None
    name = State(home).verify_token(token) if token else "anonymous"
    if name is None:
        return None
    generation = current(home)
    stat = generation.path.stat()
    digest = hashlib.sha256(f"{LAYOUT}\0{name}\0{generation.number}\0{stat.st_mtime_ns}\0{stat.st_size}\0{_day(home)}\0{_grants(home, name)}\0".encode())
    with open(home / "policy.yaml", "rb", opener=regular) as policy:
        digest.update(policy.read())
    return home / "snapshots" / hashlib.sha256(name.encode()).hexdigest()[:24] / f"names-{digest.hexdigest()[:24]}.txt"


def _day(home: Path) -> str:
    from datetime import UTC, datetime

    with suppress(OSError, UnicodeDecodeError), open(home / "clock", encoding="utf-8", opener=regular) as clock:
        return clock.read(100).strip()[:10]
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _grants(home: Path, name: str) -> list[tuple[str, ...]]:
    """Grants of somebody that have not ended."""
    from datetime import UTC, datetime

    state = home / "state.sqlite"
    if not state.exists():
        return []
    with closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as connection, suppress(sqlite3.OperationalError):
        sql = "SELECT dataset, permission, expires FROM dataset_grant WHERE principal = ? AND revoked IS NULL AND expires > ? ORDER BY 1, 2, 3"
        return connection.execute(sql, [name, datetime.now(UTC).isoformat()]).fetchall()
    return []


def make(home: Path, token: str) -> None:
    """Make the lists of whoever the token proves, from their own snapshot. Raises `GovernanceError`."""
    from catalog.audit.log import AuditLog
    from catalog.engine.folders import directory
    from catalog.engine.snapshot import prepare
    from catalog.quality.freshness import opened
    from catalog.storage.generations import pinned
    from catalog.storage.state import State
    from nl2sql.session import identify, read_clock

    path = _path(home, token)
    if path is None:
        return
    with pinned(home) as generation:
        allowed = identify(State(home), home, token or None)
        shown = {
            kind: source
            for kind, source in SOURCES.items()
            if (permit := allowed.permits.get(source[0])) is not None and permit.columns.get(source[1]) == "show"
        }
        lines = [f"view/{view}\t{view}" for view in (*allowed.permits, *allowed.cubes)]
        if shown:
            views = {view for view, _ in shown.values()}
            with opened(prepare(home, generation, AuditLog(home), allowed, views, read_clock(home))) as connection:
                for kind, (view, column) in shown.items():
                    rows = connection.execute(f'SELECT DISTINCT "{column}" FROM "{view}" LIMIT {MOST_KEPT}').fetchall()
                    lines += [f"{kind}/{name.lower()}\t{name}" for (name,) in rows if isinstance(name, str) and PLAIN.fullmatch(name)]
        folder = directory(home, allowed.principal)
        if path.parent != folder or _path(home, token) != path:  # something changed meanwhile
            return
        for old in folder.glob("names-*.txt"):
            old.unlink(missing_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=folder)  # of mode 0600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(sorted(set(lines), key=str.encode)))
        Path(draft).replace(path)


def main() -> None:
    """Make the lists for the environment's catalog and token, unless somebody does already."""
    from filelock import FileLock, Timeout

    home = Path(os.environ["STEWARD_CATALOG"])
    lock = FileLock(home / "snapshots" / ".names.lock", timeout=0)
    with suppress(GovernanceError, OSError, Timeout), lock:
        make(home, os.environ.get("STEWARD_TOKEN", ""))


if __name__ == "__main__":
    main()
