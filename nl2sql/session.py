"""One asker's open catalog: generation, authorisation, names they may mention, sandboxed engine. Opened once, asked often."""

import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from catalog.engine import Engine, Limits
from catalog.errors import AccessDenied, CatalogUnavailable
from catalog.generations import Generation
from catalog.policy import ANONYMOUS, POLICY_FILE, Authorisation, Principal, authorise, load_policy
from catalog.snapshot import directory, prepare
from catalog.state import State
from nl2sql.guard import Schema, schema_of
from nl2sql.linking.index import NameIndex, build_index

CLOCK_FILE = "clock"
NAMES_LAYOUT = 3
"""Part of the name of a kept index: another way to write one makes the old ones stale."""


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
    _schema: Schema | None = None

    @property
    def principal(self) -> Principal:
        return self.authorisation.principal

    @property
    def schema(self) -> Schema:
        """What this asker's SQL may read."""
        if self._schema is None:
            self._schema = schema_of(self.authorisation)
        return self._schema

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
    cached = snapshot.with_suffix(f".names{NAMES_LAYOUT}.json")
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):  # absent, or damaged and made anew
        return NameIndex.load(cached.read_text(encoding="utf-8"))
    index = build_index(snapshot, _shown(authorisation))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=cached.parent, prefix=".names-", delete=False) as draft:  # mode 0600
        draft.write(index.dump())
    Path(draft.name).replace(cached)
    return index


def open_session(home: Path, generation: Generation, token: str | None, now: datetime | None = None, limits: Limits | None = None) -> Session:
    """Prove who asks and open what they may see; no token is the anonymous principal.

    Raises `CatalogUnavailable` without a catalog or policy, `AccessDenied` for a token that proves nobody.
    """
    state = State(home)
    clock = now or read_clock(home)
    authorisation = identify(state, home, token)
    engine = Engine(directory(home, authorisation.principal))
    return Session(home, generation, authorisation, state, engine, clock, limits or Limits())


def identify(state: State, home: Path, token: str | None) -> Authorisation:
    """What the bearer of ``token`` may see, by the policy of the catalog. A token that proves nobody is recorded.

    Raises `CatalogUnavailable` or `UsageError` for a policy that cannot be read, `AccessDenied` for such a token.
    """
    policy = load_policy(home / POLICY_FILE)
    if not token:
        return authorise(ANONYMOUS, policy)
    name = state.verify_token(token)
    if name is None or name not in policy.principals:
        clock = read_clock(home)
        state.end(state.begin(ANONYMOUS.name, None, "login", None, None, now=clock), "denied", "token", 0, now=clock)
        raise AccessDenied("This token proves nobody: it is unknown, expired or revoked.", "token", "Ask for a new one: steward token issue NAME.")
    return authorise(policy.principals[name], policy)


def read_clock(home: Path) -> datetime:
    """The catalog's own date when it has one, as the demo does, else the time of day; UTC without a zone."""
    try:
        set_to = datetime.fromisoformat((home / CLOCK_FILE).read_text(encoding="utf-8").strip())
        return set_to.astimezone(UTC).replace(tzinfo=None) if set_to.tzinfo else set_to
    except FileNotFoundError:
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError) as bad:
        raise CatalogUnavailable(f"The clock file of the catalog is not a date: {bad}.") from bad


def _shown(authorisation: Authorisation) -> dict[str, list[str]]:
    """Unmasked columns per permitted view that hold nameable values or text to search."""
    return {name: [c for c, how in permit.columns.items() if how == "show"] for name, permit in authorisation.permits.items() if name != "audit_log"}


def _nameable(authorisation: Authorisation) -> list[str]:
    return [name for name in authorisation.permits if name != "audit_log"]
