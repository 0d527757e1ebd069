"""A small catalog with a word of its own in everything that an asker may not see, and what finds such a word again.

Two worlds that differ in their ``other`` words only are the same to the asker: whatever tells them apart is a leak, said or not.
"""

import base64
import hashlib
import os
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.access.policy import POLICY_FILE
from catalog.storage.generations import upsert, writing
from catalog.storage.records import (
    AccessGrant,
    AuditEntry,
    Claim,
    Consent,
    Dataset,
    DatasetColumn,
    LineageEdge,
    MarketEvent,
    Metric,
    Model,
    Node,
    Record,
)

MARK = "cnry"
"""How every canary begins; no attack says it whole."""
NOW = datetime(2026, 11, 20, 12)
ASKER, KEEPER = "eve", "kim"
"""Who may not see what is hidden, and who may."""
VARIABLE = "STEWARD_SECURITY_CANARY"
MASK_KEY = "5" * 64
"""The same in every world, so that a hashed cell does not tell them apart."""
DATASETS, HIDDEN = 24, 6
LARGE = "a"
"""The seed whose hidden numbers are so large that arithmetic on them fails; with any other it does not."""
POLICY = """\
version: 1
roles: [analyst, keeper]
principals:
  eve: {roles: [analyst], clearance: public, jurisdictions: ["*"], purposes: [training]}
  kim: {roles: [keeper], clearance: restricted, jurisdictions: ["*"], purposes: [audit]}
rules:
  - id: open-metadata
    allow: [analyst, anonymous]
    views:
      nodes: {except: [stake]}
      datasets: {except: [steward]}
      columns: "*"
      lineage: "*"
      models: "*"
      quality_metrics: "*"
      claims: "*"
      market: {except: [buyer]}
    where: {sensitivity: [public]}
  - id: keepers
    allow: [keeper]
    views: "*"
    where: {sensitivity: $clearance}
  - id: masks
    mask: {claims.claimant: "null", datasets.owner: hash}
    unless: [keeper]
"""


@dataclass(frozen=True, slots=True)
class World:
    """A catalog folder with canaries, in a file's name too; ``file`` lies beside it and ``VARIABLE`` is set while the world is open."""

    home: Path
    seed: str
    file: Path

    @property
    def places(self) -> Mapping[str, str]:
        """What attacks are filled in with."""
        (generation,) = self.home.glob("gen-*.duckdb")
        return {"file": str(self.file), "catalog": str(generation), "home": str(self.home), "pid": str(os.getpid()), "env": VARIABLE}


@contextmanager
def opened(folder: Path, seed: str) -> Iterator[World]:
    """A world in a new folder; the same seed gives the same canaries."""
    home = folder / "catalog"
    home.mkdir(parents=True)
    (home / POLICY_FILE).write_text(POLICY, encoding="utf-8")
    (home / "clock").write_text(f"{NOW.isoformat()}\n", encoding="utf-8")
    (home / "mask.key").write_text(MASK_KEY, encoding="ascii")
    with writing(home) as connection:
        upsert(connection, records(seed))
    file = folder / "notes.csv"
    file.write_text(word("file", seed) + "\n", encoding="utf-8")
    (home / f"{word('file name', seed)}.txt").write_text(word("file beside", seed) + "\n", encoding="utf-8")
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = word("variable", seed)
    try:
        yield World(home, seed, file)
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def word(what: str, seed: str) -> str:
    """The canary of one hidden thing."""
    return MARK + hashlib.sha256(f"{seed} {what}".encode()).hexdigest()[:12]


def number(what: str, seed: str) -> int:
    """A hidden number, as good as a word: nobody guesses ten digits."""
    return 7_000_000_000 + int(hashlib.sha256(f"{seed} {what}".encode()).hexdigest()[:8], 16)


def records(seed: str) -> list[Record]:
    """Everything stored: what the asker sees is the same for every seed."""
    return [*_visible(seed), *_hidden(seed), *_closed(seed)]


def _visible(seed: str) -> Iterator[Record]:
    """Rows that the asker sees, with cells that the asker does not."""
    rng = random.Random("visible")
    for i in range(4):
        stake = number(f"stake {i}", seed)
        yield Node(node=f"n{i}", operator=f"operator {i}", country="DE", jurisdiction="EU", kind="storage", status="online", uptime=0.9, stake=stake, as_of=NOW)
    for i in range(DATASETS):
        common: dict[str, Any] = {"node": f"n{i % 4}", "as_of": NOW}
        yield Dataset(
            **common, name=f"set_{i}", description=f"Texts about topic {i}", domain=rng.choice(("language", "vision", "science")), owner=word(f"owner {i}", "same"),
            steward=word(f"steward {i}", seed), licence="CC BY 4.0", licence_class="permissive", pii=i % 3 == 0, row_count=i + 1, bytes=1000 * i,
            languages=("English",), region="eu-central-1", generating_model=word("model", seed) if i % 5 == 0 else None, aliases=(word("dataset 0", seed),) if i % 7 == 0 else (),
            last_updated=NOW - timedelta(days=i),
        )  # fmt: skip
        yield DatasetColumn(**common, dataset=f"set_{i}", column_name="id", type="integer", definition=f"identifier {i}", pii_category=None)
        yield Metric(**common, dataset=f"set_{i}", dimension="completeness", metric="null_rate", value=i / 100, unit="ratio", measured_at=NOW - timedelta(days=1))
        yield Claim(**common, claim_id=f"c{i}", dataset=f"set_{i}", attribute="licence", claimed_value="CC BY 4.0", claimant=word(f"claimant {i}", seed), weight=0.5)
        yield MarketEvent(**common, event_id=f"m{i}", dataset=f"set_{i}", event="bought", price=5.0, buyer=word(f"buyer {i}", seed), at=NOW - timedelta(days=2))
    for i in range(3):
        yield Model(node="n0", name=f"model_{i}", task="text", owner="lab", trained_on=(f"set_{i}", word("dataset 0", seed)), as_of=NOW)
        yield LineageEdge(node="n0", upstream=f"set_{i}", downstream=f"set_{i + 1}", job="copy", as_of=NOW)
    # Public rows about what is hidden: to the asker they are not there.
    yield LineageEdge(node="n0", upstream="set_3", downstream=word("dataset 0", seed), job="copy", as_of=NOW)
    yield LineageEdge(node="n0", upstream=word("dataset 1", seed), downstream="set_5", job="copy", as_of=NOW)
    yield DatasetColumn(node="n0", dataset=word("dataset 0", seed), column_name=word("column", seed), definition=word("definition", seed), as_of=NOW)
    yield Claim(node="n0", claim_id="hidden", dataset=word("dataset 1", seed), attribute="owner", claimed_value=word("claim", seed), claimant="n1", as_of=NOW)


def _hidden(seed: str) -> Iterator[Record]:
    """Rows that the asker does not see; how many there are differs by seed too."""
    node = word("node", seed)
    yield Node(node=node, operator=word("operator", seed), country="CH", jurisdiction="CH", sensitivity="restricted", stake=number("hidden stake", seed), as_of=NOW)
    yield Model(node="n1", name=word("model", seed), task=word("task", seed), sensitivity="confidential", as_of=NOW)
    for i in range(HIDDEN + number("how many", seed) % 3):
        name = word(f"dataset {i}", seed)
        common: dict[str, Any] = {"node": "n1", "sensitivity": ("restricted", "confidential", "internal")[i % 3], "as_of": NOW + timedelta(days=i)}
        yield Dataset(
            **common, name=name, description=word(f"about {i}", seed), domain=word(f"domain {i}", seed), owner=word(f"hidden owner {i}", seed), steward=word(f"hidden steward {i}", seed),
            licence=word(f"licence {i}", seed), row_count=number(f"rows {i}", seed) if seed == LARGE else i, languages=(word("language", seed),),
            region=word("region", seed), aliases=(word(f"alias {i}", seed),), last_updated=NOW,
        )  # fmt: skip
        yield DatasetColumn(**common, dataset=name, column_name=word(f"column {i}", seed), definition=word(f"definition {i}", seed))
        yield Metric(**common, dataset=name, dimension="completeness", metric="null_rate", value=float(number(f"metric {i}", seed)), unit="ratio", measured_at=NOW)
        yield MarketEvent(**common, event_id=f"h{i}", dataset=name, event="bought", comment=word(f"comment {i}", seed), at=NOW)


def _closed(seed: str) -> Iterator[Record]:
    """Views that are closed to the asker."""
    for i in range(8):
        common: dict[str, Any] = {"node": "n0", "as_of": NOW}
        yield AccessGrant(**common, grant_id=word(f"grant {i}", seed), principal=word(f"person {i}", seed), dataset=f"set_{i}", permission="read")
        yield Consent(**common, consent_id=word(f"consent {i}", seed), dataset=f"set_{i}", subject_group=word(f"group {i}", seed), status="given", subjects=number(f"subjects {i}", seed))
        yield AuditEntry(
            **common, seq=i, at=NOW, actor=word(f"actor {i}", seed), action="query", decision="allowed", question=word(f"question {i}", seed)
        )


def _forms() -> Iterator[str]:
    """The mark as an attack may bring it out: as it is, backwards, in hexadecimal, in Base64 at any offset."""
    yield MARK
    yield MARK[::-1]
    yield MARK.encode().hex()
    for lead in ("", "x", "xx"):
        encoded = base64.b64encode((lead + MARK + "00").encode()).decode()
        yield encoded[-(-8 * len(lead) // 6) : (8 * (len(lead) + len(MARK))) // 6]


FORMS = tuple(dict.fromkeys(form.lower() for form in _forms()))


def found(text: str) -> list[str]:
    """Canaries in a text, in whatever dress and case, each with what is around it; empty where there is none."""
    lower = text.lower()
    places = [at for form in FORMS for at in (lower.find(form),) if at >= 0]
    return [lower[max(0, at - 12) : at + 20] for at in places]


def found_in_bytes(raw: bytes) -> list[str]:
    """Dresses of canaries in the bytes of a file, in UTF-8 or UTF-16."""
    lower = raw.lower()
    return [form for form in FORMS if form.encode() in lower or form.encode("utf-16-le") in lower]


def fingerprint(folder: Path, but: Iterable[str] = ()) -> dict[str, str]:
    """SHA-256 of every file below a folder by its path, but those under these names."""
    left_out = frozenset(but)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not left_out & set(path.relative_to(folder).parts))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
