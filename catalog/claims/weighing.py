"""Weighs the claims of all nodes together in a generation that is being written, and lends merged datasets each other's names.

What claims state is kept beside what was made of it: before anything is written it is put back, afterwards it is weighed anew, so
that the same claims give the same rows. What is decided for a row rests on public claims and those of the row's own sensitivity,
and trust on public claims alone: no public value tells of a claim that is not. Knows storage; the rules are ``catalog.claims.consensus``.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from catalog.claims.consensus import (
    NUMBERS,
    TIMES,
    Decision,
    Meaning,
    Vote,
    decide,
    judgements,
    meaning,
    moved,
    quorum,
    spelling,
    weights,
)
from catalog.claims.merges import groups, live_merges
from catalog.claims.rows_as_claims import claim_rows, take_back
from catalog.storage.rows import stage

if TYPE_CHECKING:
    import duckdb

PUBLIC = "public"
TABLES = """
CREATE TABLE IF NOT EXISTS claim_stated (node VARCHAR, claim_id VARCHAR, weight DOUBLE);
CREATE TABLE IF NOT EXISTS alias_lent (node VARCHAR, name VARCHAR, aliases VARCHAR[]);
CREATE TABLE IF NOT EXISTS judged (node VARCHAR, evidence VARCHAR);
CREATE TABLE IF NOT EXISTS weighed_as (name VARCHAR, dataset VARCHAR);
"""
DECIDED = {
    "matter": "BIGINT", "consensus_value": "VARCHAR", "agreement": "DOUBLE", "disputed": "BOOLEAN", "quorum_met": "BOOLEAN", "decided": "TIMESTAMP",
}  # fmt: skip
SET = ", ".join(f"{name} = told.{name}" for name in DECIDED if name != "matter")
WEIGHTS = {"id": "BIGINT", "matter": "BIGINT", "weight": "DOUBLE"}
LONGEST_KEPT = 200
"""Characters of a claimed value whose meaning is remembered for the next claim that says the same."""
LENT = {"node": "VARCHAR", "name": "VARCHAR", "aliases": "VARCHAR[]"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the catalog knows of a node."""

    sensitivity: str
    operator: str | None
    stake: float | None
    trust: float | None


class Stated(NamedTuple):
    """A claim as its node states it; a tuple, for there are hundreds of thousands."""

    row: int
    node: str
    value: str | None
    claimant: str
    weight: float | None
    sensitivity: str
    as_of: datetime | None
    is_row: bool
    """Whether it was made of the node's own row of the dataset."""

    @property
    def source(self) -> str | None:
        """The source that the node quotes; None when it speaks for itself."""
        return None if self.claimant == self.node else self.claimant


Matter: TypeAlias = tuple[str, str]
"""A dataset, by the name that it is weighed by, and an attribute."""


@contextmanager
def weighed(connection: "duckdb.DuckDBPyConnection", home: Path) -> Iterator[None]:
    """Write claims and datasets inside this; what all nodes claim is weighed together when it ends without an error."""
    connection.execute(TABLES)
    _put_back(connection)
    yield
    same = groups(live_merges(home))
    identity = {name: min(group) for group in same for name in group}
    _lend_names(connection, same)
    claim_rows(connection, identity)
    _weigh(connection, identity)
    connection.execute("DELETE FROM weighed_as")
    stage(connection, "weighed_as", {"name": "VARCHAR", "dataset": "VARCHAR"}, identity.items())


def weighed_as(connection: "duckdb.DuckDBPyConnection") -> list[frozenset[str]]:
    """Names that are one dataset in the generation that is open, whatever was decided since."""
    connection.execute(TABLES)
    return [frozenset(names) for (names,) in connection.execute("SELECT list(name) FROM weighed_as GROUP BY dataset").fetchall()]


def _put_back(connection: "duckdb.DuckDBPyConnection") -> None:
    take_back(connection)
    connection.execute("UPDATE claim SET weight = s.weight FROM claim_stated s WHERE s.node = claim.node AND s.claim_id = claim.claim_id")
    connection.execute(
        "UPDATE dataset SET aliases = list_filter(dataset.aliases, lambda a: NOT list_contains(l.aliases, a)) FROM alias_lent l WHERE l.node = dataset.node AND l.name = dataset.name"
    )
    connection.execute("DELETE FROM claim_stated")
    connection.execute("DELETE FROM alias_lent")


def _lend_names(connection: "duckdb.DuckDBPyConnection", same: Iterable[frozenset[str]]) -> None:
    """Give each row of a merged dataset the other names; a name that is not public only to the same node's rows of its sensitivity."""
    group_of = {name: number for number, group in enumerate(same) for name in group}
    groups_: defaultdict[int, list[tuple[str, str, str, list[str]]]] = defaultdict(list)
    if group_of:
        found = connection.execute(
            "SELECT node, name, sensitivity, coalesce(aliases, []) FROM dataset WHERE name IN (SELECT unnest($1)) ORDER BY ALL", [sorted(group_of)]
        )
        for row in found.fetchall():
            groups_[group_of[row[1]]].append(row)
    lent = []
    for rows in groups_.values():
        for node, name, sensitivity, own in rows:
            others = [row for row in rows if row[2] == PUBLIC or (row[0], row[2]) == (node, sensitivity)]
            names = dict.fromkeys(text for _, other, _, aliases in others for text in (other, *aliases) if text != name and text not in own)
            if names:
                lent.append((node, name, list(names)))
    stage(connection, "alias_lent", LENT, lent)
    connection.execute(
        "UPDATE dataset SET aliases = list_concat(coalesce(dataset.aliases, []), l.aliases) FROM alias_lent l WHERE l.node = dataset.node AND l.name = dataset.name"
    )


def _weigh(connection: "duckdb.DuckDBPyConnection", identity: Mapping[str, str]) -> None:
    connection.execute("INSERT INTO claim_stated SELECT node, claim_id, weight FROM claim")
    matters: defaultdict[Matter, list[Stated]] = defaultdict(list)
    for dataset, attribute, *claim in connection.execute(
        "SELECT dataset, attribute, rowid, node, claimed_value, claimant, weight, sensitivity, as_of, "
        "(node, claim_id) IN (SELECT (node, claim_id) FROM claim_of_row) FROM claim ORDER BY node, claim_id"
    ).fetchall():
        matters[identity.get(dataset, dataset), attribute].append(Stated._make(claim))
    nodes = _standings(connection)
    _move_trust(connection, matters, nodes)
    matter_rows: list[tuple[object, ...]] = []
    ids: list[int] = []
    numbers: list[int] = []
    weighs: list[float] = []
    shapes = _Shapes(nodes)
    for (_, attribute), group in matters.items():
        for level in {claim.sensitivity for claim in group}:
            heard = [claim for claim in group if claim.sensitivity in (PUBLIC, level)]
            found = shapes.decide(attribute, level, heard)
            at = max((claim.as_of for claim in heard if claim.as_of), default=None)
            number = len(matter_rows)
            matter_rows.append((number, found.value, found.agreement, found.disputed, found.quorum_met, at))
            for stated, weight in zip(heard, found.weights, strict=True):
                if stated.sensitivity == level:
                    ids.append(stated.row)
                    numbers.append(number)
                    weighs.append(weight)
    for table, columns in (("told", DECIDED), ("weighs", WEIGHTS)):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    stage(connection, "told", DECIDED, matter_rows)
    # Column by column: a tenth of the time that rows of JSON objects take.
    unnested = ", ".join(f"unnest(from_json_strict(${at}, '[\"{kind}\"]'))" for at, kind in enumerate(WEIGHTS.values(), 1))
    connection.execute(f"INSERT INTO weighs SELECT {unnested}", [json.dumps(column, allow_nan=False) for column in (ids, numbers, weighs)])
    connection.execute(f"UPDATE claim SET weight = w.weight, {SET} FROM weighs w JOIN told USING (matter) WHERE claim.rowid = w.id")
    connection.execute("DROP TABLE told; DROP TABLE weighs")


class _Shapes:
    """Decides matters, each shape once: who speaks, how they weigh their claims, and which of these mean the same."""

    def __init__(self, nodes: Mapping[str, Standing]) -> None:
        self._nodes = nodes
        self._decided: dict[object, tuple[Decision, int | None]] = {}
        self._judged: dict[object, dict[str, float]] = {}
        self._weights: dict[object, tuple[list[float], list[float]]] = {}
        self._operators: dict[tuple[str, str], str] = {}

    def decide(self, attribute: str, level: str, heard: Sequence[Stated]) -> Decision:
        """What `consensus.decide` says, of rows of one sensitivity and public ones."""
        told, shape = _shape(attribute, level, heard)
        if (known := self._decided.get(shape)) is None:
            found = decide(attribute, self._votes(heard, level), self._weigh)
            known = self._decided[shape] = found, None if found.value is None else told.index(_meaning(attribute, found.value))
        found, holds = known
        held = None if holds is None else told[holds]
        value = None if held is None else spelling(held, told, [claim.value for claim in heard], found.weights)
        voices = ((claim.source, self._operator(claim.node, level)) for claim, meant in zip(heard, told, strict=True) if meant is not None)
        return Decision(value, found.agreement, found.disputed, quorum(voices), found.weights)

    def judge(self, attribute: str, heard: Sequence[Stated]) -> dict[str, float]:
        """What `consensus.judgements` says, of public claims."""
        _, shape = _shape(attribute, PUBLIC, heard)
        if (known := self._judged.get(shape)) is None:
            known = self._judged[shape] = judgements(attribute, self._votes(heard, PUBLIC), self._weigh)
        return known

    def _weigh(self, votes: Sequence[Vote]) -> tuple[list[float], list[float]]:
        key = tuple((vote.node, vote.operator, vote.stake, vote.trust, vote.stated) for vote in votes)
        if (known := self._weights.get(key)) is None:
            known = self._weights[key] = weights(votes)
        return known

    def _operator(self, node: str, level: str) -> str:
        if (known := self._operators.get((node, level))) is None:
            known = self._operators[node, level] = _operator(self._nodes.get(node), node, level)
        return known

    def _votes(self, heard: Sequence[Stated], level: str) -> list[Vote]:
        return [_vote(claim, self._nodes, level) for claim in heard]


def _shape(attribute: str, level: str, heard: Sequence[Stated]) -> tuple[list[Meaning | None], object]:
    """What claims mean, and all that a decision on them rests on: of values only which are the same and, where that counts, greater."""
    told = [_meaning(attribute, claim.value) for claim in heard]
    ordered = attribute in NUMBERS or attribute in TIMES
    values = {meant for meant in told if meant is not None}
    # Meanings of one attribute are of one type.
    ranks = {meant: at for at, meant in enumerate(sorted(values) if ordered else dict.fromkeys(told))}
    said = tuple((claim.node, claim.weight, None if meant is None else ranks[meant]) for claim, meant in zip(heard, told, strict=True))
    return told, (ordered, level, said)


def _meaning(attribute: str, value: str | None) -> Meaning | None:
    remember: Callable[[str, str | None], Meaning | None] = _remembered if value is not None and len(value) <= LONGEST_KEPT else meaning
    return remember(attribute, value)


_remembered = lru_cache(100_000)(meaning)


def _standings(connection: "duckdb.DuckDBPyConnection") -> dict[str, Standing]:
    rows = connection.execute("SELECT node, sensitivity, nullif(trim(operator), ''), stake, trust_score FROM node").fetchall()
    return {node: Standing(*rest) for node, *rest in rows}


def _known(node: Standing | None, level: str) -> Standing | None:
    """What may be known of a node in a matter: of one that is less public, nothing."""
    return node if node is not None and node.sensitivity in (PUBLIC, level) else None


def _operator(node: Standing | None, name: str, level: str) -> str:
    """Who runs a node. Upper case and spaces make no other operator; the word before it keeps an operator's name and a node's apart."""
    known = _known(node, level)
    return f"operator {' '.join(known.operator.casefold().split())}" if known and known.operator else name


def _vote(claim: Stated, nodes: Mapping[str, Standing], level: str) -> Vote:
    """A claim with what its node brings."""
    node = nodes.get(claim.node)
    known, operator = _known(node, level), _operator(node, claim.node, level)
    stake, trust = (known.stake, known.trust) if known else (None, None)
    return Vote(claim.value, claim.node, operator, claim.source, stake, trust, claim.weight)


def _move_trust(connection: "duckdb.DuckDBPyConnection", matters: Mapping[Matter, list[Stated]], nodes: dict[str, Standing]) -> None:
    """Move each node's trust once for what is publicly claimed beside its own claims, and not again until that changes.

    Rows do not count: copies of one dataset may be of different age, and unrelated tables of one name.
    """
    shares: defaultdict[str, list[float]] = defaultdict(list)
    evidence: defaultdict[str, list[bytes]] = defaultdict(list)
    shapes = _Shapes(nodes)
    for (dataset, attribute), group in sorted(matters.items()):
        heard = [claim for claim in group if claim.sensitivity == PUBLIC and not claim.is_row]
        if len({claim.node for claim in heard}) < 2:
            continue
        said = json.dumps([dataset, attribute, [(c.node, c.claimant, c.value, c.weight) for c in heard]])
        digest = hashlib.sha256(said.encode("ascii")).digest()
        for node in {claim.node for claim in heard}:
            evidence[node].append(digest)
        for node, share in shapes.judge(attribute, heard).items():
            shares[node].append(share)
    before = dict(connection.execute("SELECT node, evidence FROM judged").fetchall())
    after = {node: hashlib.sha256(b"".join(told)).hexdigest() for node, told in evidence.items()}
    changed = []
    for node in sorted(shares):
        standing = nodes.get(node)
        if standing is not None and before.get(node) != after[node]:
            changed.append((node, moved(standing.trust, shares[node])))
    for node, trust in changed:
        nodes[node] = replace(nodes[node], trust=trust)
        connection.execute("UPDATE node SET trust_score = $1 WHERE node = $2", [trust, node])
    connection.execute("DELETE FROM judged")
    stage(connection, "judged", {"node": "VARCHAR", "evidence": "VARCHAR"}, after.items())
