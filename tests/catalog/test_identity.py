"""Names that may be one dataset, merges and splits, and claims of all nodes weighed together."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.access.policy import ensure_policy
from catalog.audit.log import AuditLog
from catalog.backup.backup import back_up
from catalog.backup.restore import restore
from catalog.claims.consensus import Vote, decide
from catalog.claims.identity import EMPTY_SHA256, Known, matches
from catalog.claims.merges import Merges, groups, live_merges
from catalog.claims.weighing import weighed
from catalog.errors import CatalogUnavailable, UsageError
from catalog.ingest import ingest
from catalog.node.sources import Sources
from catalog.pull.pull import pull
from catalog.storage.generations import current, pinned, writing
from catalog.storage.records import Claim, Dataset, Node, Record
from catalog.storage.rows import upsert

from .publishing import PublishingNode

NOW = datetime(2026, 3, 1, 12)
HASH = "ab" * 32


def write(home: Path, *records: Record) -> None:
    with writing(home) as connection, weighed(connection, home):
        upsert(connection, records)


def rows(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def everything(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    with pinned(home) as generation, duckdb.connect(generation.path, read_only=True) as connection:
        tables = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        return {table: connection.execute(f'SELECT * FROM "{table}" ORDER BY ALL').fetchall() for table in tables}


def claim(node: str, value: str, dataset: str = "d", attribute: str = "licence", **more: Any) -> Claim:
    return Claim(node=node, claim_id=f"{node}/{dataset}/{attribute}", dataset=dataset, attribute=attribute, claimed_value=value, claimant=node, **more)


def held(home: Path, dataset: str = "d", attribute: str = "licence") -> list[tuple[Any, ...]]:
    sql = f"SELECT DISTINCT consensus_value, round(agreement, 3), disputed, quorum_met FROM claim WHERE dataset = '{dataset}' AND attribute = '{attribute}' ORDER BY ALL"
    return rows(home, sql)


NODES = [Node(node=name, operator=name.upper(), stake=1000.0, trust_score=0.8) for name in "abc"]

PAIRS = (
    # two datasets, least and most score, a reason that is given
    (Known("SQuAD v1.1"), Known("squad_v1.1"), 0.85, 0.85, "the same name but for spelling"),
    (Known("MED"), Known("The MED Dataset"), 0.7, 0.7, "the same name but for words such as 'dataset'"),
    (Known("alpaca"), Known("tatsu-lab/alpaca"), 0.55, 0.55, "the same name in another namespace"),
    (Known("alpaca", frozenset({"tatsu-lab/alpaca"})), Known("tatsu-lab/alpaca"), 0.9, 0.92, "a name of one is an alias of the other"),
    (Known("x", frozenset({"org/data"})), Known("y", frozenset({"Org/Data"})), 0.75, 0.75, "a shared alias"),
    (Known("x", hashes=frozenset({HASH})), Known("y", hashes=frozenset({f"sha256:{HASH}"})), 0.95, 0.95, "the same content hash"),
    (Known("open assistant conversations"), Known("conversations open assistants"), 0.45, 0.5, "like words"),
    (Known("lab/a-b-c"), Known("lab/c-b-a"), 0.6, 0.61, "the same namespace"),
    (Known("wmt14 news"), Known("wmt16 news"), 0.15, 0.2, "but other numbers"),
    (Known("pack-c"), Known("pack-c++"), 0.3, 0.35, "but other numbers"),
    (Known("a b", nodes=frozenset({"n"})), Known("a_b", nodes=frozenset({"n", "m"})), 0.68, 0.68, "but one node publishes both"),
)


@pytest.mark.parametrize(("one", "two", "least", "most", "reason"), PAIRS)
def test_scores_and_reasons(one: Known, two: Known, least: float, most: float, reason: str) -> None:
    (match,) = matches([two, one])
    assert least <= match.score <= most and reason in match.reasons
    assert (match.name, match.other) == tuple(sorted((one.name, two.name)))
    assert matches([one, two]) == [match] and matches([one, two], match.score + 0.01) == []


@pytest.mark.parametrize(
    "known",
    [
        [Known("cats"), Known("dogs")],
        [Known("x", hashes=frozenset({EMPTY_SHA256, "1"})), Known("y", hashes=frozenset({EMPTY_SHA256, "1"}))],
        [Known("org/a"), Known("org/b")],
        [Known("!!!"), Known("???")],
        [Known("same"), Known("same")],
    ],
)
def test_what_says_nothing_is_no_guess(known: list[Known]) -> None:
    assert matches(known) == []


def test_a_name_of_many_says_nothing() -> None:
    assert matches((Known(f"part {chr(97 + i)}", frozenset({"the whole"})) for i in range(20)), 0.1) == []


@given(st.lists(st.builds(Known, st.text(max_size=8), st.frozensets(st.text(max_size=5), max_size=2)), max_size=6))
def test_guesses_are_of_two_and_ordered(known: list[Known]) -> None:
    found = matches(known)
    assert all(0 < match.score < 1 and match.name < match.other for match in found)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert found == matches(reversed(known)) or len({k.name for k in known}) < len(known)


def test_claims_of_all_nodes_are_weighed_together(tmp_path: Path) -> None:
    write(tmp_path, *NODES, claim("a", "MIT"))
    assert held(tmp_path) == [("MIT", 1.0, False, False)]
    write(tmp_path, claim("b", "GPL"))
    assert held(tmp_path) == [(None, 0.5, True, True)]
    write(tmp_path, claim("c", "mit"))
    assert held(tmp_path) == [("MIT", 0.69, True, True)]  # the third has lost trust
    assert rows(tmp_path, "SELECT claimed_value FROM claim ORDER BY node") == [("MIT",), ("GPL",), ("mit",)]


def test_weighing_again_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, *NODES, claim("a", "MIT"), claim("b", "MIT"), claim("c", "GPL"), Dataset(node="a", name="d"), Dataset(node="b", name="e"))
    Merges(tmp_path).merge("d", "e")
    before = everything(tmp_path)
    write(tmp_path)
    assert everything(tmp_path) == before
    trust = dict(rows(tmp_path, "SELECT node, trust_score FROM node"))
    assert trust == {"a": 0.8, "b": 0.8, "c": pytest.approx(0.72)}  # of a and b, the others hold nothing
    write(tmp_path, claim("c", "MIT"))
    assert dict(rows(tmp_path, "SELECT node, trust_score FROM node")) == {"a": pytest.approx(0.82), "b": pytest.approx(0.82), "c": pytest.approx(0.748)}


def test_an_interrupted_write_leaves_the_last_generation(tmp_path: Path) -> None:
    write(tmp_path, *NODES, claim("a", "MIT"))
    before = everything(tmp_path)
    with pytest.raises(RuntimeError), writing(tmp_path) as connection, weighed(connection, tmp_path):
        upsert(connection, [claim("b", "GPL")])
        raise RuntimeError
    assert everything(tmp_path) == before


def test_nodes_of_one_operator_have_one_voice(tmp_path: Path) -> None:
    crowd = [Node(node=f"x{i}", operator="  One  corp" if i % 2 else "ONE CORP", stake=1000.0, trust_score=0.8) for i in range(6)]
    write(tmp_path, *NODES, *crowd, claim("a", "MIT"), claim("b", "MIT"), *(claim(node.node, "GPL") for node in crowd))
    assert held(tmp_path) == [("MIT", 0.69, True, True)]  # the third has lost trust
    write(tmp_path, *(claim(node.node, "GPL", "lone") for node in crowd))
    assert held(tmp_path, "lone") == [("GPL", 1.0, False, False)]


def test_no_public_value_tells_of_a_claim_that_is_not_public(tmp_path: Path) -> None:
    public = [*NODES, claim("a", "MIT"), claim("b", "MIT"), Dataset(node="a", name="d"), Dataset(node="b", name="d2")]
    hidden = [
        Node(node="h", sensitivity="restricted", operator="A", stake=1e9, trust_score=1.0),
        *(claim(node, "GPL", sensitivity="restricted") for node in ("c", "h")),
        Dataset(node="c", name="secret", sensitivity="restricted", aliases=("hush",)),
    ]
    write(tmp_path / "without", *public)
    write(tmp_path / "with", *public, *hidden)
    for merge in (("d", "d2"), ("d", "secret")):
        Merges(tmp_path / "with").merge(*merge)
    Merges(tmp_path / "without").merge("d", "d2")
    for table in ("claim", "dataset", "node"):
        without, with_ = (rows(tmp_path / home, f"SELECT * FROM {table} WHERE sensitivity = 'public' ORDER BY ALL") for home in ("without", "with"))
        assert without == with_
    assert rows(tmp_path / "with", "SELECT DISTINCT disputed, consensus_value FROM claim WHERE sensitivity = 'restricted'") == [(True, "GPL")]
    assert rows(tmp_path / "with", "SELECT aliases FROM dataset WHERE name = 'secret'") == [(["hush", "d", "d2"],)]


def test_a_merge_lends_names_and_weighs_claims_together_until_it_is_split(tmp_path: Path) -> None:
    one, two = Dataset(node="a", name="alpaca", aliases=("x-alpaca",)), Dataset(node="b", name="tatsu-lab/alpaca", aliases=("stanford",))
    write(tmp_path, *NODES, one, two, claim("a", "MIT", "alpaca"), claim("b", "GPL", two.name), claim("c", "GPL", two.name))
    before = everything(tmp_path)
    merges = Merges(tmp_path)
    merges.merge("alpaca", two.name, "ada", NOW)
    assert rows(tmp_path, "SELECT name, aliases FROM dataset ORDER BY name") == [("alpaca", ["x-alpaca", two.name, "stanford"]), (two.name, ["stanford", "alpaca", "x-alpaca"])]
    assert held(tmp_path, "alpaca") == held(tmp_path, two.name) == [("GPL", 0.69, True, True)]
    assert len(rows(tmp_path, "FROM claim")) == 3
    (made,) = merges.live()
    assert (made.name, made.other, made.by, made.at.replace(tzinfo=None)) == ("alpaca", two.name, "ada", NOW)
    merges.split(two.name, "alpaca", "max", NOW)
    after = everything(tmp_path)
    assert {table: after[table] for table in ("claim", "dataset")} == {table: before[table] for table in ("claim", "dataset")}
    assert merges.live() == [] and merges.all()[0].split_by == "max"
    assert [entry.action for entry in AuditLog(tmp_path).entries()].count("ingest") == 2


def test_what_cannot_be_merged_or_split(tmp_path: Path) -> None:
    merges = Merges(tmp_path)
    with pytest.raises(CatalogUnavailable):
        merges.merge("a", "b")
    write(tmp_path, *(Dataset(node="a", name=name) for name in ("one", "two", "three")))
    number = current(tmp_path).number
    for pair in (("one", "One"), ("nothing", "one"), ("one", "one")):
        with pytest.raises(UsageError):
            merges.merge(*pair)
    with pytest.raises(UsageError) as near:
        merges.merge("ones", "two")
    assert "one" in near.value.hint
    merges.merge("one", "two")
    merges.merge("two", "three")
    for pair in (("one", "two"), ("two", "one"), ("one", "three")):
        with pytest.raises(UsageError, match="merged already"):
            merges.merge(*pair)
    with pytest.raises(UsageError, match="not merged with each other") as links:
        merges.split("one", "three")
    assert "matches --merged" in links.value.hint
    assert current(tmp_path).number == number + 2
    assert groups(live_merges(tmp_path)) == [frozenset({"one", "two", "three"})]


def entry(name: str, licence: str) -> dict[str, Any]:
    return {name: {"Unique Dataset Identifier": name, "Dataset Name": name, "Licenses": [{"License": licence}], "Inferred Metadata": {}}}


def test_decisions_hold_through_ingest_pull_and_restore(tmp_path: Path) -> None:
    home, inbox = tmp_path / "home", tmp_path / "inbox"
    inbox.mkdir()
    ensure_policy(home)
    for node, name, licence in (("n", "one", "MIT License"), ("m", "two", "CC BY 4.0")):
        (inbox / f"{node}.json").write_text(json.dumps(entry(name, licence)), encoding="utf-8")
        ingest(home, [inbox / f"{node}.json"], node, NOW)
    assert held(home, "one") == [("MIT License", 1.0, False, False)]
    Merges(home).merge("one", "two")
    assert held(home, "one") == held(home, "two") == [(None, 0.5, True, False)]  # both nodes quote the same curators
    (inbox / "n.json").write_text(json.dumps(entry("one", "CC BY 4.0")), encoding="utf-8")
    ingest(home, [inbox / "n.json"], "n", NOW)
    assert held(home, "one") == [("CC BY 4.0", 1.0, False, False)]
    assert "two" in rows(home, "SELECT aliases FROM dataset WHERE name = 'one'")[0][0]
    publisher = PublishingNode.at(tmp_path / "node", documents=0)
    publisher.document("x")
    (publisher.folder / "documents" / "claims.json").write_text(json.dumps(entry("two", "MIT License")), encoding="utf-8")
    publisher.publish()
    Sources(home).add("berlin-1", str(publisher.to), publisher.root)
    assert [pulled.fault for pulled in pull(home).sources] == [None]
    assert held(home, "one") == [("CC BY 4.0", 0.688, True, False)]  # the new node is trusted less
    assert "one" in rows(home, "SELECT aliases FROM dataset WHERE name = 'two' AND node = 'berlin-1'")[0][0]
    restored = tmp_path / "restored"
    restore(back_up(home, tmp_path / "b.stewardbackup", NOW).path, restored)
    assert live_merges(restored) == [("one", "two")]
    Merges(restored).split("one", "two")
    assert held(restored, "one") == [("CC BY 4.0", 1.0, False, False)]


def test_what_is_weighed_is_what_the_rules_say(tmp_path: Path) -> None:
    random = Random(5)
    nodes = [Node(node=f"n{i}", operator=random.choice((None, "one", "two")), stake=random.choice((None, 5.0, 900.0)), trust_score=0.5) for i in range(7)]
    told = []
    for number in range(60):
        for each in random.sample(nodes, random.randint(1, 5)):
            value = random.choice(("7", "7.0", "8", "90", None))
            told.append(replace(claim(each.node, "", f"d{number}", random.choice(("row_count", "licence"))), claimed_value=value, claimant=random.choice((each.node, "web")), weight=random.choice((None, 2.0))))
    write(tmp_path, *nodes, *told)
    trust = dict(rows(tmp_path, "SELECT node, trust_score FROM node"))
    of = {each.node: each for each in nodes}
    for dataset, attribute in {(each.dataset, each.attribute) for each in told}:
        group = sorted((each for each in told if (each.dataset, each.attribute) == (dataset, attribute)), key=lambda each: (each.node, each.claim_id))
        votes = [
            Vote(e.claimed_value, e.node, f"operator {of[e.node].operator}" if of[e.node].operator else e.node, None if e.claimant == e.node else e.claimant, of[e.node].stake, trust[e.node], e.weight)
            for e in group
        ]
        due = decide(attribute, votes)
        sql = f"SELECT weight, consensus_value, agreement, disputed, quorum_met FROM claim WHERE dataset = '{dataset}' AND attribute = '{attribute}' ORDER BY node, claim_id"
        assert rows(tmp_path, sql) == [(weight, due.value, due.agreement, due.disputed, due.quorum_met) for weight in due.weights]


def test_a_decision_that_a_kill_kept_from_its_generation_is_carried_out_when_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, *(Dataset(node="a", name=name) for name in ("one", "two")))
    aliases = "SELECT name, aliases FROM dataset ORDER BY name"
    for decide_, shown in ((Merges.merge, [("one", ["two"]), ("two", ["one"])]), (Merges.split, [("one", []), ("two", [])])):
        before = rows(tmp_path, aliases)
        with monkeypatch.context() as patched:
            patched.setattr("catalog.storage.generations._commit", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                decide_(Merges(tmp_path), "one", "two")
        assert rows(tmp_path, aliases) == before
        decide_(Merges(tmp_path), "one", "two")
        assert rows(tmp_path, aliases) == shown
        with pytest.raises(UsageError):
            decide_(Merges(tmp_path), "one", "two")
    assert len(Merges(tmp_path).all()) == 1


def test_long_names_and_words_of_many_are_bounded() -> None:
    words = " ".join(f"w{i}" for i in range(20_000))
    assert matches([Known(f"{words} {i}") for i in range(30)], 0.9) == []
    crowd = [Known(f"table {i}x") for i in range(5000)]
    assert matches(crowd) == []
