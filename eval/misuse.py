"""How well the misuse rules find planted episodes: ``python -m eval.misuse`` prints precision and recall.

The logs are synthetic: invented people with working hours and habits, honest episodes that come near a rule, and planted
episodes of every kind, bold ones and careful ones. The figures say what the rules find of these, not of real misuse.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from catalog.audit.misuse import ANONYMOUS, RULES, Alert, alerts
from catalog.storage.records import AuditEntry

START = datetime(2026, 3, 2)
DAYS, PEOPLE, DATASETS = 90, 24, 120
PER_KIND = 2
"""Planted episodes of each kind in a log."""
SEEDS = range(100, 140)
"""Of the logs that are scored; those under 100 are there to look at."""
DEFAULT_RULE = "default"


@dataclass(frozen=True, slots=True)
class Planted:
    """An episode that somebody should look at."""

    kind: str
    actor: str
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Labelled:
    """A synthetic log and what was planted in it."""

    entries: list[AuditEntry]
    planted: list[Planted]


@dataclass(frozen=True, slots=True)
class Act:
    """An entry before it has a place in the log."""

    at: datetime
    actor: str
    action: str = "query"
    decision: str = "allowed"
    dataset: str | None = None
    sql: bool = True
    rows: int | None = 0


def labelled(seed: int) -> Labelled:
    """A log of ninety days; the same seed gives the same log."""
    random = Random(f"misuse {seed}")
    people = [f"person-{i}" for i in range(PEOPLE)]
    starts = {name: random.choice((6, 7, 8, 8, 9, 9, 10, 13)) for name in people}
    acts = [act for name in people for act in _work(name, starts[name], random)]
    acts += [act for day in range(DAYS) for act in _visitors(START + timedelta(days=day), random)]
    for name in people:
        acts += _near_misses(name, starts[name], random)
    planted = []
    for kind, plant in PLANTS.items():
        for _ in range(PER_KIND):
            name = ANONYMOUS if kind == "token guessing" else random.choice(people)
            hour = (starts[name] + 13) % 24 if kind == "odd hours" else starts.get(name, 9) + random.randrange(6)
            day = START + timedelta(days=random.randrange(30, DAYS))
            episode = plant(name, day + timedelta(hours=hour, minutes=random.randrange(60)), random)
            acts += episode
            planted.append(Planted(kind, name, episode[0].at, episode[-1].at))
    acts.sort(key=lambda act: act.at)
    return Labelled([_entry(seq, act) for seq, act in enumerate(acts, 1)], planted)


def _entry(seq: int, act: Act) -> AuditEntry:
    return AuditEntry(
        node="steward", origin="synthetic", as_of=act.at, seq=seq, at=act.at, actor=act.actor, action=act.action, decision=act.decision,
        dataset=act.dataset, sql_hash="0" * 64 if act.sql else None, row_count=act.rows,
        policy=DEFAULT_RULE if act.decision == "denied" else None,
    )  # fmt: skip


def _work(name: str, start: int, random: Random) -> Iterator[Act]:
    """Somebody's working days: a handful of questions, a few of which fail, are denied or not understood."""
    habit = random.choice((3, 6, 12, 25))
    own_sql = random.random() < 0.4
    for day in range(DAYS):
        if (START + timedelta(days=day)).weekday() >= 5 and random.random() < 0.95:
            continue
        for _ in range(random.randrange(habit + 1)):
            at = START + timedelta(days=day, hours=start + min(random.expovariate(0.3), 11), seconds=random.randrange(3600))
            yield _question(at, name, own_sql, random)


def _question(at: datetime, name: str, own_sql: bool, random: Random) -> Act:
    kind = random.choices(("answer", "denied", "declined", "typo"), (86, 4, 8, 6 if own_sql else 0))[0]
    if kind == "answer":
        dataset = _dataset(random) if random.random() < 0.5 else None
        rows = random.choice((500, 500, 5000)) if random.random() < 0.1 else random.randrange(60)
        return Act(at, name, decision=random.choice(("allowed", "allowed", "masked")), dataset=dataset, rows=rows)
    if kind == "denied":
        return Act(at, name, decision="denied")
    return Act(at, name, decision="declined", sql=kind == "typo")


def _visitors(day: datetime, random: Random) -> Iterator[Act]:
    """Anonymous people at all hours, and tokens that have expired."""
    for _ in range(random.randrange(80)):
        yield _question(day + timedelta(seconds=random.randrange(86400)), ANONYMOUS, False, random)
    for _ in range(random.randrange(4)):
        yield Act(day + timedelta(seconds=random.randrange(86400)), ANONYMOUS, "login", "denied", sql=False)


def _near_misses(name: str, start: int, random: Random) -> Iterator[Act]:
    """What honest people do that comes near a rule, and now and then past it: each happens to one person in five."""

    def some(most: int, gap_s: int) -> Iterator[datetime]:
        at = START + timedelta(days=random.randrange(30, DAYS), hours=start + random.randrange(5))
        for _ in range(random.randrange(1, most + 1) if random.random() < 0.2 else 0):
            at += timedelta(seconds=random.randrange(1, 2 * gap_s))
            yield at

    yield from (Act(at, name, decision="denied") for at in some(9, 60))  # tries other words for what is closed
    yield from (Act(at, name, decision="declined") for at in some(12, 45))  # learns the views by typing SQL
    yield from (Act(at, name, dataset=_dataset(random), rows=3) for at in some(45, 80))  # reviews many datasets before an audit
    yield from (Act(at, name, action="export", rows=random.choice((2_000, 10_000, 40_000))) for at in some(2, 600))
    yield from (Act(at + timedelta(hours=12), name, rows=5) for at in some(6, 300))  # a late evening before a deadline
    yield from (Act(at, ANONYMOUS, "login", "denied", sql=False) for at in some(12, 60))  # a script whose token has expired


def _run(first: datetime, count: int, gap_s: float, random: Random) -> list[datetime]:
    """Moments with about so many seconds between them."""
    at, moments = first, []
    for _ in range(count):
        at += timedelta(seconds=random.uniform(0.5, 1.5) * gap_s)
        moments.append(at)
    return moments


def _denials(name: str, first: datetime, random: Random) -> list[Act]:
    """Tries what is closed: by a script, by hand, or every now and then over hours."""
    count, gap = random.choice(((200, 1), (30, 15), (12, 40), (50, 300), (25, 600)))
    return [Act(at, name, decision="denied" if random.random() < 0.9 else "allowed") for at in _run(first, count, gap, random)]


def _guessing(name: str, first: datetime, random: Random) -> list[Act]:
    count, gap = random.choice(((500, 0.3), (60, 5), (15, 20), (30, 120)))
    return [Act(at, name, "login", "denied", sql=False) for at in _run(first, count, gap, random)]


def _probing(name: str, first: datetime, random: Random) -> list[Act]:
    """Own SQL over guessed names, with some that exist among them."""
    count, gap = random.choice(((300, 1), (40, 10), (20, 25), (90, 240), (30, 150)))
    return [Act(at, name, decision="declined" if random.random() < 0.85 else "allowed") for at in _run(first, count, gap, random)]


def _scraping(name: str, first: datetime, random: Random) -> list[Act]:
    """Every dataset one by one, or many rows at a time, at different speeds."""
    count, gap, rows = random.choice(((110, 5, 20), (90, 30, 20), (60, 100, 20), (12, 120, 9_000), (4, 60, 100_000), (40, 900, 9_000), (100, 300, 20)))
    moments = _run(first, count, gap, random)
    return [Act(at, name, dataset=f"dataset-{i}" if rows == 20 else None, rows=rows) for i, at in enumerate(moments)]


def _odd_hours(name: str, first: datetime, random: Random) -> list[Act]:
    """Quiet, permitted questions, at hours at which this person is elsewhere."""
    count, gap = random.choice(((8, 300), (15, 400), (30, 200), (4, 900)))
    return [Act(at, name, dataset=_dataset(random), rows=random.randrange(60)) for at in _run(first, count, gap, random)]


PLANTS: dict[str, Callable[[str, datetime, Random], list[Act]]] = {
    "denials": _denials,
    "token guessing": _guessing,
    "probing": _probing,
    "scraping": _scraping,
    "odd hours": _odd_hours,
}


def _dataset(random: Random) -> str:
    return f"dataset-{min(int(random.expovariate(0.05)), DATASETS - 1)}"


def score(seeds: Iterable[int] = SEEDS) -> dict[str, tuple[int, int, int, int]]:
    """Kind of rule to alerts, those of them that overlap an episode, episodes planted, and those found by a rule of their kind."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for seed in seeds:
        log = labelled(seed)
        found = alerts(log.entries)
        for alert in found:
            counts[alert.rule.kind][0] += 1
            counts[alert.rule.kind][1] += any(_overlap(alert, planted) for planted in log.planted)
        for planted in log.planted:
            counts[planted.kind][2] += 1
            counts[planted.kind][3] += any(a.rule.kind == planted.kind and _overlap(a, planted) for a in found)
    return {kind: tuple(counts[kind]) for kind in dict.fromkeys(rule.kind for rule in RULES)}  # type: ignore[misc]  # four each


def _overlap(alert: Alert, planted: Planted) -> bool:
    return alert.actor == planted.actor and alert.first <= planted.last and planted.first <= alert.last


def main() -> None:
    """Print the table of ``docs/audit.md``."""
    rows = score()
    print("| kind | planted | found | recall | alerts | right | precision |\n| --- | --- | --- | --- | --- | --- | --- |")
    for kind, (raised, right, planted, found) in (rows | {"all": tuple(map(sum, zip(*rows.values(), strict=True)))}).items():
        print(f"| {kind} | {planted} | {found} | {found / planted:.0%} | {raised} | {right} | {right / max(raised, 1):.0%} |")


if __name__ == "__main__":
    main()
