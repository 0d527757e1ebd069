"""One asker's open catalog: generation, authorisation, names they may mention, sandboxed engine. Opened once, asked often."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from catalog.access.grants import Grants
from catalog.access.policy import (
    ANONYMOUS,
    POLICY_FILE,
    Authorisation,
    Policy,
    Principal,
    authorise,
    gates,
    load_policy,
    purpose_denial,
)
from catalog.audit.log import AuditLog
from catalog.engine.engine import Engine, Limits
from catalog.engine.folders import directory, forget, forget_others
from catalog.engine.snapshot import AuditSource, prepare
from catalog.errors import AccessDenied, CatalogUnavailable
from catalog.opening import NotRegular, regular
from catalog.storage.closure import Fixed
from catalog.storage.encryption import read_beside, write_beside
from catalog.storage.generations import Generation
from catalog.storage.state import State
from nl2sql.guard import Schema, schema_of
from nl2sql.linking.index import NameIndex, build_index

CLOCK_FILE = "clock"
LONGEST_CLOCK = 100
"""Characters of it that are read."""
LONGEST_PURPOSE = 200
"""Characters of a stated purpose that are recorded; none that anybody holds is longer."""
POLICY, TOKEN = "policy", "token"
"""What a denial cites where policy or token, rather than a rule, no longer holds."""
NEW_TOKEN = "Ask for a new one: steward token issue NAME."
DIRECT = Fixed(hops=1)
"""Direct flows name all there is."""
NAMES_LAYOUT = 8
"""Part of the name of a kept index: another way to write one makes the old ones stale."""


@dataclass(slots=True)
class Session:
    """Everything a question needs besides its words; close it to end the engine."""

    home: Path
    generation: Generation
    authorisation: Authorisation
    state: State
    audit: AuditLog
    engine: Engine
    now: datetime
    limits: Limits = field(default_factory=Limits)
    token: str | None = field(default=None, repr=False)
    policy_text: bytes | None = field(default=None, repr=False)
    """The policy file, where it is known to be the very text of the decision; it is then not parsed again."""
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
            self._index = read_names(self.home, self.generation, self.audit, self.authorisation, self.now)
        return self._index

    def snapshot(self, views: Iterable[str], fixed: Fixed | None = None) -> Path:
        """A file with these views and cubes as the asker may see them: `catalog.engine.snapshot.prepare`."""
        return prepare(self.home, self.generation, self.audit, self.authorisation, views, self.now, fixed)

    def renew(self) -> None:
        """Decide anew where the policy or the asker's grants are not those of the last decision; what was made by these is removed.

        Raises `AccessDenied` for a token that has ended and a purpose no longer held, `CatalogUnavailable` or `UsageError` where
        grants or policy cannot be read.
        """
        self._require_token()
        name, purpose = self.principal.name, self.principal.purpose
        policy = self._new_policy()
        if policy or (self.authorisation.gates and Grants(self.home).live(name) != self.principal.grants):
            forget(self.home, name)
            policy = policy or load_policy(self.home / POLICY_FILE)
            self.authorisation = _authorised(self.home, policy, policy.principal(name), purpose)
            self._schema = self._index = None

    def require_current(self) -> None:
        """Raise `AccessDenied` unless token, policy and grants are still those that the decision counts with: the check before any answer.

        What was made by them is removed then. Raises `CatalogUnavailable` or `UsageError` where they cannot be read.
        """
        self._require_token()
        if self._new_policy():
            forget(self.home, self.principal.name)
            raise AccessDenied("The policy was changed while this was answered.", POLICY, "Ask again to see what is open to you now.")
        live = {(grant.dataset, grant.permission) for grant in Grants(self.home).live(self.principal.name)} if self.authorisation.gates else set()
        if not live.issuperset((grant.dataset, grant.permission) for grant in self.principal.grants):
            forget(self.home, self.principal.name)
            rules = ", ".join(self.authorisation.gates)
            raise AccessDenied("A grant that this answer rests on has ended.", rules, "Ask again to see what is still open to you, or ask for a new grant.")

    def _require_token(self) -> None:
        if self.token and self.state.verify_token(self.token) != self.principal.name:
            forget(self.home, self.principal.name)
            raise AccessDenied("The token has ended: it expired or was revoked.", TOKEN, NEW_TOKEN)

    def _new_policy(self) -> Policy | None:
        """The policy in force where it is another than that of the decision."""
        text = _text_of_policy(self.home)
        if text is None or text != self.policy_text:
            policy = load_policy(self.home / POLICY_FILE)
            if policy.version != self.authorisation.policy_version:
                return policy
            if _text_of_policy(self.home) == text:
                self.policy_text = text
        return None

    def close(self) -> None:
        """End the engine's process."""
        self.engine.close()


def read_names(home: Path, generation: Generation, log: AuditSource, authorisation: Authorisation, now: datetime) -> NameIndex:
    """The index of the names an asker may see, from a redacted snapshot of theirs, kept beside it."""
    snapshot = prepare(home, generation, log, authorisation, _nameable(authorisation), now, DIRECT)
    cached = snapshot.with_suffix(f".names{NAMES_LAYOUT}.json")
    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError), read_beside(snapshot, cached) as file:  # absent, or damaged and made anew
        return NameIndex.load(file.read().decode("utf-8"))
    index = build_index(snapshot, _shown(authorisation))
    write_beside(snapshot, cached, lambda file: file.write(index.dump().encode("utf-8")))
    return index


def open_session(
    home: Path, generation: Generation, token: str | None, now: datetime | None = None, limits: Limits | None = None, purpose: str = ""
) -> Session:
    """Prove who asks and open what they may see, for the ``purpose`` that they state; no token is the anonymous principal.

    Raises `CatalogUnavailable` without a catalog or policy, `AccessDenied` for a token that proves nobody and for a purpose
    that is not the asker's.
    """
    state = State(home)
    clock = now or read_clock(home)
    text = _text_of_policy(home)
    authorisation = identify(state, home, token, purpose)
    settled = text if _text_of_policy(home) == text else None
    log = AuditLog(home)
    engine = Engine(directory(home, authorisation.principal))  # last: a process, which only a session ends
    return Session(home, generation, authorisation, state, log, engine, clock, limits or Limits(), token or None, settled)


def _text_of_policy(home: Path) -> bytes | None:
    """The policy file as it stands; None where `load_policy` is to say what is wrong with it."""
    try:
        with open(home / POLICY_FILE, "rb", opener=regular) as file:
            return file.read()
    except OSError:
        return None


def identify(state: State, home: Path, token: str | None, purpose: str = "") -> Authorisation:
    """What the bearer of ``token`` may see, by the policy of the catalog. A token that proves nobody is recorded, and so is a
    purpose that the bearer does not hold.

    Raises `CatalogUnavailable` or `UsageError` for a policy that cannot be read, `AccessDenied` for such a token or purpose.
    """
    policy = load_policy(home / POLICY_FILE)
    forget_others(home, [ANONYMOUS.name, *policy.principals])
    if not token:
        return _authorised(home, policy, ANONYMOUS, purpose)
    name = state.verify_token(token)
    if name is None or name not in policy.principals:
        clock = read_clock(home)
        log = AuditLog(home)
        log.end(log.begin(ANONYMOUS.name, None, "login", None, None, now=clock), "denied", TOKEN, 0, now=clock)
        raise AccessDenied("This token proves nobody: it is unknown, expired or revoked.", TOKEN, NEW_TOKEN)
    return _authorised(home, policy, policy.principals[name], purpose)


def _authorised(home: Path, policy: Policy, principal: Principal, purpose: str) -> Authorisation:
    """What a principal may see with the grants that are live now and for a purpose of theirs."""
    if purpose and (denial := purpose_denial(principal, policy, purpose)):
        log, clock = AuditLog(home), read_clock(home)
        seq = log.begin(principal.name, ",".join(principal.roles), "query", None, None, purpose=purpose[:LONGEST_PURPOSE], now=clock)
        log.end(seq, "denied", denial.rule, 0, now=clock)
        raise AccessDenied(f"The purpose {purpose!r} is not one of yours.", denial.rule, "State one that you hold, or ask a data steward for it.")
    if gates(principal, policy):
        principal = replace(principal, grants=Grants(home).live(principal.name))
    return authorise(replace(principal, purpose=purpose), policy)


def read_clock(home: Path) -> datetime:
    """The catalog's own date when it has one, as the demo does, else the time of day; UTC without a zone."""
    try:
        with open(home / CLOCK_FILE, encoding="utf-8", opener=regular) as file:
            set_to = datetime.fromisoformat(file.read(LONGEST_CLOCK).strip())
        return set_to.astimezone(UTC).replace(tzinfo=None) if set_to.tzinfo else set_to
    except FileNotFoundError:
        return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    except (NotRegular, ValueError, OverflowError) as bad:
        raise CatalogUnavailable(f"The clock file of the catalog is not a date: {bad}.") from bad


def _shown(authorisation: Authorisation) -> dict[str, list[str]]:
    """Unmasked columns per permitted view that hold nameable values or text to search."""
    return {name: [c for c, how in permit.columns.items() if how == "show"] for name, permit in authorisation.permits.items() if name != "audit_log"}


def _nameable(authorisation: Authorisation) -> list[str]:
    return [name for name in authorisation.permits if name != "audit_log"]
