"""Finds in the audit log what a person should look at: bursts of denials, guessing at tokens and names, scraping, odd hours.

Pure rules over entries, each with its reason beside it; no rule decides anything, and all of them can be evaded by
patience. Entries whose actor was erased are nobody's and are left out; a trial is part of a question that is an entry itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from catalog.audit.log import TRIAL
from catalog.storage.records import AuditEntry

Kind = Literal["denials", "token guessing", "probing", "scraping", "odd hours"]
ERASED = "erased"
ANONYMOUS = "anonymous"
CROWD = 5
"""Anonymous is many people at once, so that its counts must be this many times those of one person."""
HISTORY, HISTORY_DAYS = 50, 10
"""Actions, and days with any, before somebody has usual hours: none of 50 at some hour says that fewer than 6 in 100 belong there."""
SETTLED = timedelta(hours=24)
"""Age of an action that counts as habit: what goes on now is not its own precedent."""
RARE = 0.01
"""An hour is odd for somebody who had less than this share of their actions within an hour of it; under 1 in 100 is not a habit."""
HOURS = 24


@dataclass(frozen=True, slots=True)
class Rule:
    """``most`` of ``what`` within ``within`` is still usual; more is an alert."""

    kind: Kind
    what: str
    most: int
    within: timedelta


RULES = (
    # Each denial names its rule and who can help: people try a second and a third wording, rarely of three questions in ten minutes.
    Rule("denials", "denials", 8, timedelta(minutes=10)),
    # The same by somebody patient: a working day with a denial every quarter of an hour.
    Rule("denials", "denials", 32, timedelta(hours=24)),
    # A token is pasted wrong once or twice; nobody types 256 bits. These are of nobody, so no crowd is allowed for.
    Rule("token guessing", "tokens refused", 10, timedelta(minutes=10)),
    # The model cannot write a name that its asker may not see, so only own SQL fails on names: a typing error every minute is none.
    Rule("probing", "queries over names that are not there", 10, timedelta(minutes=10)),
    Rule("probing", "queries over names that are not there", 60, timedelta(hours=24)),
    # Reading an answer takes a minute or more: somebody who goes through one dataset a minute for most of an hour lists them.
    Rule("scraping", "datasets", 40, timedelta(hours=1)),
    # A hundred full answers at the default limit of 500 rows; what people read at all is a page or two.
    Rule("scraping", "rows", 50_000, timedelta(hours=1)),
    Rule("scraping", "rows", 250_000, timedelta(hours=24)),
    # One late look is nothing; an evening's work at hours never worked before may be somebody else with the token.
    Rule("odd hours", "actions at hours unusual for them", 5, timedelta(hours=6)),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to look at: who, from when to when (UTC), how many of what the rule counts, and the first and last entry of it."""

    rule: Rule
    actor: str
    first: datetime
    last: datetime
    count: int
    first_seq: int
    last_seq: int

    @property
    def severity(self) -> str:
        """High from three times what the rule bears, else medium."""
        return "high" if self.count >= 3 * _most(self.rule, self.actor) else "medium"


@dataclass(frozen=True, slots=True)
class _Signal:
    """What one entry adds to one rule: a number, or a name of which each counts once."""

    entry: AuditEntry
    amount: int = 1
    name: str | None = None


def alerts(entries: Iterable[AuditEntry]) -> list[Alert]:
    """What the rules find, in order of time. Of two rules of one kind that find the same stretch, the first one speaks."""
    by_actor: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda e: (e.at, e.seq)):
        if entry.actor != ERASED and entry.action != TRIAL:
            by_actor[entry.actor].append(entry)
    found: list[Alert] = []
    for actor, own in by_actor.items():
        for rule in RULES:
            for alert in _bursts(rule, actor, _signals(rule, actor, own)):
                if not any(_same(alert, other) for other in found):
                    found.append(alert)
    return sorted(found, key=lambda a: (a.first, a.actor, a.rule.kind))


def _same(one: Alert, other: Alert) -> bool:
    return (one.actor, one.rule.kind) == (other.actor, other.rule.kind) and one.first <= other.last and other.first <= one.last


def _signals(rule: Rule, actor: str, entries: Sequence[AuditEntry]) -> list[_Signal]:
    """What a rule counts of one actor's entries."""
    match rule.what:
        case "denials":
            return [_Signal(e) for e in entries if e.decision == "denied" and e.action != "login"]
        case "tokens refused":
            return [_Signal(e) for e in entries if e.decision == "denied" and e.action == "login"]
        case "queries over names that are not there":
            return [_Signal(e) for e in entries if e.decision == "declined" and e.sql_hash and e.row_count == 0]
        case "datasets":
            return [_Signal(e, name=e.dataset) for e in entries if e.dataset and e.decision in ("allowed", "masked")]
        case "rows":
            return [_Signal(e, amount=e.row_count) for e in entries if e.row_count and e.decision in ("allowed", "masked")]
    return [] if actor == ANONYMOUS else [_Signal(e) for e in _odd(entries)]


def _odd(entries: Sequence[AuditEntry]) -> Iterator[AuditEntry]:
    """Entries at hours at which their actor hardly ever did anything before."""
    hours: Counter[int] = Counter()
    days: set[object] = set()
    settled = 0
    for entry in entries:
        while entry.at - entries[settled].at > SETTLED:
            hours[entries[settled].at.hour] += 1
            days.add(entries[settled].at.date())
            settled += 1
        near = sum(hours[(entry.at.hour + by) % HOURS] for by in (-1, 0, 1))
        if settled >= HISTORY and len(days) >= HISTORY_DAYS and near < RARE * settled:
            yield entry


def _bursts(rule: Rule, actor: str, signals: Sequence[_Signal]) -> Iterator[Alert]:
    """Stretches in which every moment is in a window with more than the rule bears."""
    most = _most(rule, actor)
    window = _Window()
    start, opened, until = 0, -1, -1
    for end, signal in enumerate(signals):
        window.add(signal, 1)
        while signal.entry.at - signals[start].entry.at > rule.within:
            window.add(signals[start], -1)
            start += 1
        if window.count <= most:
            continue
        if opened < 0:
            opened = start
        elif start > until:
            yield _alert(rule, actor, signals[opened : until + 1])
            opened = start
        until = end
    if opened >= 0:
        yield _alert(rule, actor, signals[opened : until + 1])


class _Window:
    """What a stretch of signals comes to: the sum of their amounts, or how many names they have."""

    def __init__(self) -> None:
        self._total = 0
        self._names: Counter[str] = Counter()

    def add(self, signal: _Signal, sign: int) -> None:
        if signal.name is None:
            self._total += sign * signal.amount
            return
        self._names[signal.name] += sign
        if not self._names[signal.name]:
            del self._names[signal.name]

    @property
    def count(self) -> int:
        return self._total + len(self._names)


def _alert(rule: Rule, actor: str, signals: Sequence[_Signal]) -> Alert:
    whole = _Window()
    for signal in signals:
        whole.add(signal, 1)
    first, last = signals[0].entry, signals[-1].entry
    return Alert(rule, actor, first.at, last.at, whole.count, first.seq, last.seq)


def _most(rule: Rule, actor: str) -> int:
    """What a rule bears of this actor."""
    return rule.most * (CROWD if actor == ANONYMOUS and rule.kind != "token guessing" else 1)
