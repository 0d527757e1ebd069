"""One asker's open catalog: generation, authorisation, names they may mention, sandboxed engine. Opened once, asked often."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from catalog.engine import Engine, Limits
from catalog.errors import AccessDenied, CatalogUnavailable
from catalog.generations import Generation
from catalog.policy import ANONYMOUS, POLICY_FILE, Authorisation, Principal, authorise, load_policy
from catalog.snapshot import directory, prepare
from catalog.state import State
from nl2sql.linking.index import NameIndex, build_index

CLOCK_FILE = "clock"


@dataclass(slots=True)
class Session:
    """Everything a question needs besides its words; close it to end the engine."""

    home: Path
    generation: Generation
    authorisation: Authorisation
    state: State
    engine: Engine
    now: datetime
    limits: Limits = field(default_factory=Limits)
    _index: NameIndex | None = None

    @property
    def principal(self) -> Principal:
        return self.authorisation.principal

    @property
    def index(self) -> NameIndex:
        """Names that this asker may see, read from their own snapshot and kept beside it."""
        if self._index is None:
            self._index = read_names(self.home, self.generation, self.state, self.authorisation, self.now)
        return self._index

    def close(self) -> None:
        """End the engine's process."""
        self.engine.close()


def read_names(home: Path, generation: Generation, state: State, authorisation: Authorisation, now: datetime) -> NameIndex:
    """The index of the names an asker may see, from a redacted snapshot of theirs, kept beside it."""
    snapshot = prepare(home, generation, state, authorisation, _nameable(authorisation), now)
    cached = snapshot.with_suffix(".names.json")
    if cached.exists():
        return NameIndex.load(cached.read_text(encoding="utf-8"))
    index = build_index(snapshot, _shown(authorisation))
    draft = cached.with_suffix(".tmp")
    draft.write_text(index.dump(), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(cached)
    return index


def open_session(home: Path, generation: Generation, token: str | None, now: datetime | None = None, limits: Limits | None = None) -> Session:
    """Prove who asks and open what they may see; no token is the anonymous principal.

    Raises `CatalogUnavailable` without a catalog or policy, `AccessDenied` for a token that proves nobody.
    """
    state = State(home)
    clock = now or read_clock(home)
    principal = _authenticate(state, home, token)
    authorisation = authorise(principal, load_policy(home / POLICY_FILE))
    engine = Engine(directory(home, principal))
    return Session(home, generation, authorisation, state, engine, clock, limits or Limits())


def read_clock(home: Path) -> datetime:
    """The catalog's own date when it has one, as the demo does, else the time of day; UTC without a zone."""
    try:
        return datetime.fromisoformat((home / CLOCK_FILE).read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    except ValueError as bad:
        raise CatalogUnavailable(f"The clock file of the catalog is not a date: {bad}.") from bad


def _authenticate(state: State, home: Path, token: str | None) -> Principal:
    if not token:
        return ANONYMOUS
    name = state.verify_token(token)
    if name is None:
        raise AccessDenied("This token proves nobody: it is unknown, expired or revoked.", "token", "Ask for a new one: steward token issue NAME.")
    return load_policy(home / POLICY_FILE).principal(name)


def _shown(authorisation: Authorisation) -> dict[str, list[str]]:
    """Unmasked columns per permitted view that hold nameable values or text to search."""
    return {name: [c for c, how in permit.columns.items() if how == "show"] for name, permit in authorisation.permits.items() if name != "audit_log"}


def _nameable(authorisation: Authorisation) -> list[str]:
    return [name for name in authorisation.permits if name != "audit_log"]
