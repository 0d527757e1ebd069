"""Pulling: what a good publication changes, what every kind of bad one leaves, and a kill in between.

One table of faults: what was done to the publication, the event that says so, and the last good rows that stand.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, TargetFile, Targets
from tuf.api.serialization.json import JSONSerializer

from catalog.errors import CatalogUnavailable, UsageError
from catalog.ingest import ingest
from catalog.node.publication import rotate
from catalog.node.sources import Sources
from catalog.pull.fetch import Limits
from catalog.pull.pull import Pulled, pull
from tests.catalog.forks import Forks
from tests.catalog.publishing import PublishingNode, datasets, rows

PULL_IN_A_PROCESS = """
import sys
from pathlib import Path
from catalog.pull.pull import pull
print("go", flush=True)
pull(Path(sys.argv[1]))
print("done", flush=True)
"""


@dataclass(frozen=True)
class Desk:
    """A catalog that pulls one node, and the node."""

    home: Path
    node: PublishingNode

    def pull(self, **options: Any) -> Pulled:
        return pull(self.home, ["berlin-1"], **options).sources[0]

    def add(self, name: str, node: PublishingNode) -> None:
        Sources(self.home).add(name, str(node.to), node.root)

    def events(self) -> list[tuple[Any, ...]]:
        """Kind, severity and whether it is resolved, oldest first."""
        return rows(self.home, "SELECT kind, severity, resolved IS NOT NULL FROM node_event WHERE detected_by = 'pull' ORDER BY \"at\", event_id")

    def about(self, node: str = "berlin-1") -> tuple[Any, ...]:
        return about(self.home, node)


def about(home: Path, node: str) -> tuple[Any, ...]:
    """Status, signature, last seen and last published of a node."""
    return rows(home, "SELECT status, signature_ok, last_seen, last_publish FROM node WHERE node = ?", node)[0]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    node = PublishingNode.at(tmp_path / "node")
    node.publish()
    found = Desk(tmp_path / "catalog", node)
    found.add("berlin-1", node)
    return found


# Faults: each does something to a publication that was pulled when it was good.


def unreachable(node: PublishingNode) -> None:
    shutil.rmtree(node.to)


def absent(node: PublishingNode) -> None:
    (node.metadata / "timestamp.json").unlink()


def next_one(node: PublishingNode) -> None:
    node.document("d0", version="2")
    node.document("d7")
    (node.folder / "documents" / "d1.json").unlink()
    node.publish()


def without_targets(node: PublishingNode) -> None:
    next_one(node)
    node.newest("targets").unlink()


def without_a_document(node: PublishingNode) -> None:
    next_one(node)
    next((node.to / "targets").glob("*.d7.json")).unlink()


def snapshot_cut_off(node: PublishingNode) -> None:
    next_one(node)
    node.newest("snapshot").write_bytes(node.newest("snapshot").read_bytes()[:200])


def timestamp_cut_off(node: PublishingNode) -> None:
    next_one(node)
    (node.metadata / "timestamp.json").write_bytes((node.metadata / "timestamp.json").read_bytes()[:200])


def expired(node: PublishingNode) -> None:
    next_one(node)
    node.publish(days_ago=30)


def older(node: PublishingNode) -> None:
    old = node.to.with_name("old")
    shutil.rmtree(node.to)
    old.rename(node.to)


def mixed(node: PublishingNode) -> None:
    before = node.newest("snapshot").read_bytes()
    next_one(node)
    node.newest("snapshot").write_bytes(before)


def too_long(node: PublishingNode) -> None:
    next_one(node)
    with (node.metadata / "timestamp.json").open("ab") as file:
        file.write(b" " * 20_000)


def endless(node: PublishingNode) -> None:
    (node.metadata / "timestamp.json").unlink()
    (node.metadata / "timestamp.json").symlink_to("/dev/zero")


def document_changed(node: PublishingNode) -> None:
    next_one(node)
    path = next((node.to / "targets").glob("*.d7.json"))
    path.write_bytes(path.read_bytes().replace(b"About", b"Ab0ut"))


def targets_changed(node: PublishingNode) -> None:
    next_one(node)
    path = node.newest("targets")
    path.write_bytes(path.read_bytes().replace(b"d7.json", b"d8.json"))


def timestamp_changed(node: PublishingNode) -> None:
    path = node.metadata / "timestamp.json"
    path.write_bytes(path.read_bytes().replace(b'"version": 2', b'"version": 9'))


def another_publisher(node: PublishingNode) -> None:
    thief = PublishingNode.at(node.folder.parent / "thief", documents=5)
    for _ in range(4):
        thief.publish()
    shutil.rmtree(node.to)
    thief.to.rename(node.to)


def root_of_another(node: PublishingNode) -> None:
    thief = PublishingNode.at(node.folder.parent / "thief")
    thief.publish()
    rotate(thief.folder, ["root"])
    thief.publish()
    shutil.copy(thief.metadata / "2.root.json", node.metadata / "2.root.json")


def in_anothers_name(node: PublishingNode) -> None:
    node.name("paris-2")
    node.publish()


def signing(change: Callable[[Targets], None]) -> Callable[[PublishingNode], None]:
    return lambda node: node.sign(change)


def named(name: str) -> Callable[[PublishingNode], None]:
    return signing(lambda targets: targets.targets.update({name: TargetFile.from_data(name, b"{}", ["sha256"])}))


def outside(node: PublishingNode) -> None:
    (node.folder.parent / "secret.json").write_bytes(b"{}")
    target = TargetFile.from_data("s.json", b"{}", ["sha256"])
    node.sign(lambda targets: targets.targets.update({"s.json": target}))
    (node.to / "targets" / f"{target.hashes['sha256']}.s.json").symlink_to(node.folder.parent / "secret.json")


def of_another_hash(targets: Targets) -> None:
    targets.targets["d0.json"] = TargetFile.from_data("d0.json", b"{}", ["sha512"])


def huge(targets: Targets) -> None:
    targets.targets["d0.json"].length = 10**15


def many(targets: Targets) -> None:
    one = targets.targets["d0.json"]
    targets.targets = {f"{i}.json": one for i in range(51)}


def odd_key(value: Any) -> Callable[[PublishingNode], None]:
    """A new root, signed as it must be, that names a timestamp key which is none."""

    def harm(node: PublishingNode) -> None:
        root: Metadata[Root] = Metadata[Root].from_bytes(node.root)
        root.signed.version = 2
        old = root.signed.roles["timestamp"].keyids[0]
        root.signed.keys[old].keytype, root.signed.keys[old].scheme, root.signed.keys[old].keyval = value
        root.signatures.clear()
        for path in (node.folder / "keys").glob("root-*.pem"):
            root.sign(CryptoSigner(load_pem_private_key(path.read_bytes(), None)))
        (node.metadata / "2.root.json").write_bytes(root.to_bytes(JSONSerializer(compact=True)))

    return harm


def nested(node: PublishingNode) -> None:
    (node.metadata / "timestamp.json").write_bytes(b"[" * 16_000)


FAULTS: list[tuple[Callable[[PublishingNode], None], str, str, str, bool | None]] = [
    (unreachable, "unreachable", "outage", "medium", None),
    (absent, "absent", "outage", "medium", None),
    (without_targets, "half written", "rejected publication", "medium", None),
    (without_a_document, "half written", "rejected publication", "medium", None),
    (snapshot_cut_off, "half written", "rejected publication", "medium", None),
    (timestamp_cut_off, "half written", "rejected publication", "medium", None),
    (expired, "frozen", "rejected publication", "medium", None),
    (older, "rolled back", "rejected publication", "high", None),
    (mixed, "mixed", "rejected publication", "high", None),
    (too_long, "oversized", "rejected publication", "high", None),
    (endless, "led astray", "rejected publication", "high", None),
    (document_changed, "wrong hash", "rejected publication", "high", False),
    (targets_changed, "wrong hash", "rejected publication", "high", False),
    (timestamp_changed, "forged", "rejected publication", "critical", False),
    (another_publisher, "unknown key", "rejected publication", "critical", False),
    (root_of_another, "unknown key", "rejected publication", "critical", False),
    (in_anothers_name, "misnamed", "rejected publication", "critical", None),
    (named("../../d0.json"), "led astray", "rejected publication", "high", None),
    (named("/etc/passwd"), "led astray", "rejected publication", "high", None),
    (named("a\x1b[31m.json"), "led astray", "rejected publication", "high", None),
    (outside, "led astray", "rejected publication", "high", None),
    (signing(of_another_hash), "malformed", "rejected publication", "medium", None),
    (signing(huge), "oversized", "rejected publication", "high", None),
    (signing(many), "oversized", "rejected publication", "high", None),
    (nested, "half written", "rejected publication", "medium", None),
    (odd_key(("ed25519", "ed25519", {"public": "zz"})), "forged", "rejected publication", "critical", False),
    (odd_key(("ecdsa", "ecdsa-sha2-nistp256", {"public": "-----BEGIN"})), "forged", "rejected publication", "critical", False),
    (odd_key(("rsa", "rsassa-pss-sha256", {"public": "é" * 999})), "forged", "rejected publication", "critical", False),
    (odd_key(("unheard", "of", {"public": "00"})), "malformed", "rejected publication", "medium", None),
]


@dataclass(frozen=True)
class Suffered:
    """What the catalog said of a node while its publication was good, when it had gone bad, and when it was good again."""

    pulled: Pulled
    good: tuple[Any, ...]
    bad: tuple[Any, ...]
    events: list[tuple[Any, ...]]
    kept: list[str]
    healed: tuple[Any, ...]
    resolved: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def suffered(tmp_path_factory: pytest.TempPathFactory) -> list[Suffered]:
    """One catalog, one node for each fault."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catalog.pull.trust.MOST_DOCUMENTS", 50)
        return suffer(tmp_path_factory)


def suffer(tmp_path_factory: pytest.TempPathFactory) -> list[Suffered]:
    folder = tmp_path_factory.mktemp("faults")
    home = folder / "catalog"
    nodes = [PublishingNode.at(folder / f"n{i:02}" / "node", name=f"n{i:02}") for i in range(len(FAULTS))]
    for i, node in enumerate(nodes):
        node.publish()
        shutil.copytree(node.to, node.to.with_name("old"))
        node.publish()
        Sources(home).add(f"n{i:02}", str(node.to), node.root)

    def events(name: str) -> list[tuple[Any, ...]]:
        return rows(home, "SELECT kind, severity, resolved IS NOT NULL, detected_by, detail FROM node_event WHERE node = ? AND kind <> 'key rotation'", name)

    assert [p.fault for p in pull(home).sources] == [None] * len(nodes)
    good = [about(home, f"n{i:02}") for i in range(len(nodes))]
    for node, (harm, *_) in zip(nodes, FAULTS, strict=True):
        harm(node)
    pulled = pull(home).sources
    bad = [about(home, f"n{i:02}") for i in range(len(nodes))]
    kept = [datasets(home, f"n{i:02}") for i in range(len(nodes))]
    pull(home)
    seen = [events(f"n{i:02}") for i in range(len(nodes))]
    for i, node in enumerate(nodes):
        if (node.metadata / "2.root.json").exists():
            rotate(node.folder, ["timestamp"])
            rotate(node.folder, ["timestamp"])
        shutil.rmtree(node.to, ignore_errors=True)
        node.name(f"n{i:02}")
        node.publish()
    assert [p.fault for p in pull(home).sources] == [None] * len(nodes)
    healed = [about(home, f"n{i:02}") for i in range(len(nodes))]
    resolved = [events(f"n{i:02}") for i in range(len(nodes))]
    return [Suffered(*each) for each in zip(pulled, good, bad, seen, kept, healed, resolved, strict=True)]


@pytest.mark.parametrize(
    ("place", "code", "kind", "severity", "signature"),
    [(i, *expected) for i, (_, *expected) in enumerate(FAULTS)],
    ids=[f"{code}-{i}" for i, (_, code, *_) in enumerate(FAULTS)],
)
def test_a_bad_publication_is_an_event_and_leaves_the_last_good_one(
    suffered: list[Suffered], place: int, code: str, kind: str, severity: str, signature: bool | None
) -> None:
    found = suffered[place]
    fault = found.pulled.fault
    assert fault is not None and (fault.code, fault.kind.event, fault.kind.severity) == (code, kind, severity), fault
    assert [event[:4] for event in found.events] == [(kind, severity, False, "pull")], "what goes on is one event"
    assert found.events[0][4].endswith("The last good publication stands.") and found.events[0][4].isprintable()
    assert found.kept == ["d0", "d1", "d2"]
    status, signature_ok, last_seen, last_publish = found.bad
    assert status == ("offline" if kind == "outage" else "degraded")
    assert signature_ok is (True if signature is None else signature)
    assert (last_seen > found.good[2]) is (code != "unreachable") and last_publish == found.good[3]
    assert found.healed[:2] == ("online", True)
    assert [event[:3] for event in found.resolved] == [(kind, severity, True)]


def test_a_good_publication_resolves_what_was_open(desk: Desk) -> None:
    desk.pull()
    without_a_document(desk.node)
    desk.pull()
    shutil.move(desk.node.to, desk.node.to.with_name("away"))
    desk.pull()
    assert [resolved for *_, resolved in desk.events()] == [False, False]
    shutil.move(desk.node.to.with_name("away"), desk.node.to)
    desk.pull()
    assert sorted(desk.events()) == [("outage", "medium", True), ("rejected publication", "medium", False)], "it answers, and is still not whole"
    desk.node.publish()
    assert desk.pull().fault is None
    assert [resolved for *_, resolved in desk.events()] == [True, True]
    assert desk.about()[:2] == ("online", True)
    assert datasets(desk.home) == ["d0", "d2", "d7"]


def test_a_pull_reads_what_is_new_and_takes_back_what_is_gone(desk: Desk) -> None:
    assert desk.pull().new == ("d0.json", "d1.json", "d2.json")
    next_one(desk.node)
    pulled = desk.pull()
    assert (pulled.new, pulled.changed, pulled.removed, pulled.documents) == (("d7.json",), ("d0.json",), ("d1.json",), 3)
    assert datasets(desk.home) == ["d0", "d2", "d7"]
    again = desk.pull()
    assert (again.new, again.changed, again.removed, again.documents) == ((), (), (), 3)
    assert not (desk.home / "publications").exists()


def test_what_was_ingested_by_hand_is_not_taken_back(desk: Desk, tmp_path: Path) -> None:
    by_hand = PublishingNode.at(tmp_path / "hand", documents=0)
    by_hand.document("mine")
    ingest(desk.home, [by_hand.folder / "documents"], "berlin-1")
    desk.pull()
    next_one(desk.node)
    desk.pull()
    assert datasets(desk.home) == ["d0", "d2", "d7", "mine"]


def test_a_node_speaks_for_itself_alone(desk: Desk, tmp_path: Path) -> None:
    """A document that bears another node's dataset adds a row of its own node; the other's stays."""
    other = PublishingNode.at(tmp_path / "other", name="paris-2", documents=1)
    other.publish()
    desk.add("paris-2", other)
    pull(desk.home)
    desk.node.document("d0", description="Not what paris-2 says.", node="paris-2", publisher={"@type": "Organization", "name": "paris-2"})
    desk.node.publish()
    pull(desk.home)
    said = dict(rows(desk.home, "SELECT node, description FROM dataset WHERE name = 'd0'"))
    assert said == {"berlin-1": "Not what paris-2 says.", "paris-2": "About d0."}


def test_what_a_node_says_of_itself_is_kept_as_far_as_it_can_be_true(desk: Desk) -> None:
    (desk.node.folder / "node.toml").write_text(
        'name = "berlin-1"\ncountry = "Germany"\njurisdiction = "EU"\noperator = "Spree\\u001b[31m"\nkind = "storage"\n', encoding="utf-8"
    )
    desk.node.publish()
    desk.pull()
    found = rows(desk.home, "SELECT country, jurisdiction, operator, kind, trust_score FROM node")
    assert found == [(None, "EU", None, "storage", None)]


def test_a_bad_document_is_reported_and_the_rest_kept(desk: Desk) -> None:
    (desk.node.folder / "documents" / "bad.json").write_text("{", encoding="utf-8")
    desk.node.publish()
    pulled = desk.pull()
    assert [problem.file for problem in pulled.problems] == ["bad.json"]
    assert pulled.new == ("d0.json", "d1.json", "d2.json")
    assert desk.events() == [("rejected publication", "low", False)] and desk.about()[:2] == ("online", True)
    desk.node.document("bad")
    desk.node.publish()
    desk.pull()
    assert desk.events() == [("rejected publication", "low", True)]
    assert datasets(desk.home) == ["bad", "d0", "d1", "d2"]


def test_replaced_keys_are_an_event_once(desk: Desk) -> None:
    desk.pull()
    rotate(desk.node.folder, ["timestamp", "targets"])
    desk.node.publish()
    assert desk.pull().rotated == ("Root 2 replaces the keys of: targets, timestamp.",)
    rotate(desk.node.folder, ["root"])
    desk.node.publish()
    assert desk.pull().rotated == ("Root 3 replaces the keys of: root.",)
    assert desk.pull().rotated == ()
    assert desk.events() == [("key rotation", "low", True)] * 2


def test_many_nodes_out_of_reach_at_once_are_a_partition(desk: Desk, tmp_path: Path) -> None:
    nodes = [PublishingNode.at(tmp_path / f"n{i}", name=f"n{i}", documents=1) for i in range(4)]
    for i, node in enumerate(nodes):
        node.publish()
        desk.add(f"n{i}", node)
    pull(desk.home)
    for node in nodes[:3]:
        node.to.rename(node.to.with_name(node.to.name + "-away"))
    report = pull(desk.home)
    assert [pulled.fault is None for pulled in report.sources] == [True, False, False, False, True]
    assert desk.events() == [("partition", "medium", False)] * 3
    for node in nodes[:3]:
        node.to.with_name(node.to.name + "-away").rename(node.to)
    pull(desk.home)
    assert desk.events() == [("partition", "medium", True)] * 3
    nodes[0].to.rename(nodes[0].to.with_name("away"))
    pull(desk.home)
    assert sorted(desk.events())[0] == ("outage", "medium", False)


def test_one_bad_node_does_not_hold_up_the_others(desk: Desk, tmp_path: Path) -> None:
    other = PublishingNode.at(tmp_path / "other", name="paris-2", documents=1)
    other.publish()
    desk.add("paris-2", other)
    nested(desk.node)
    report = pull(desk.home)
    assert [pulled.fault is None for pulled in report.sources] == [False, True]
    assert datasets(desk.home, "paris-2") == ["d0"] and datasets(desk.home) == []
    assert desk.about()[0] == "degraded"


def test_a_publication_may_cost_so_much_and_no_more(desk: Desk) -> None:
    assert desk.pull(limits=Limits(total_bytes=2000)).fault is not None
    assert desk.events() == [("rejected publication", "high", False)]


def test_a_rollback_is_seen_after_a_kill_between_trust_and_catalog(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(desk.node.to, desk.node.to.with_name("old"))
    desk.pull()
    next_one(desk.node)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("catalog.pull.pull.writing", die)
    with pytest.raises(Killed):
        desk.pull()
    monkeypatch.undo()
    older(desk.node)
    fault = desk.pull().fault
    assert fault is not None and fault.code == "rolled back"


@pytest.fixture(scope="module")
def pulling() -> Iterator[Forks]:
    with Forks(PULL_IN_A_PROCESS) as made:
        yield made


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_a_killed_pull_leaves_no_half_state(desk: Desk, pulling: Forks, tmp_path: Path, kills: int) -> None:
    """Kills are spread over the time that a pull takes on this machine, and a little longer."""
    for i in range(20):
        desk.node.document(f"m{i}")
    desk.node.publish()
    shutil.copytree(desk.home, tmp_path / "undisturbed")
    begun = time.monotonic()
    assert pulling.child(tmp_path / "undisturbed").finish() == (0, b"go\ndone\n")
    took = time.monotonic() - begun
    for round_ in range(kills):
        desk.node.document("d0", version=f"{round_}")
        desk.node.publish()
        before = datasets(desk.home) if (desk.home / "CURRENT").exists() else []
        child = pulling.child(desk.home)
        assert child.stdout.readline() == b"go\n"
        time.sleep(1.2 * took * round_ / kills)
        child.kill()
        child.finish()
        after = datasets(desk.home) if (desk.home / "CURRENT").exists() else []
        assert after in (before, ["d0", "d1", "d2", *sorted(f"m{i}" for i in range(20))])
    assert desk.pull().fault is None
    assert len(datasets(desk.home)) == 23
    assert rows(desk.home, "SELECT version FROM dataset WHERE name = 'd0'") == [(f"{kills - 1}",)]
    assert desk.events() == []
    assert not (desk.home / "publications").exists()


def test_two_pulls_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    monkeypatch.setattr("catalog.pull.pull.BUSY_S", 0.05)
    desk.pull()
    with FileLock(desk.home / "pull.lock"), pytest.raises(CatalogUnavailable, match="Another pull"):
        desk.pull()


@pytest.mark.parametrize("location", ["file:///etc", "ftp://host/x", "http://user:secret@host/x", "http://host/x?token=1", "http://"])
def test_places_that_are_no_publication(desk: Desk, location: str) -> None:
    with pytest.raises(UsageError):
        Sources(desk.home).add("x", location, desk.node.root)


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a b", "x" * 65, "ünï"])
def test_names_that_are_none(desk: Desk, name: str) -> None:
    with pytest.raises(UsageError):
        Sources(desk.home).add(name, str(desk.node.to), desk.node.root)


def test_roots_that_are_none(desk: Desk) -> None:
    own = desk.node.folder / "metadata"
    damaged = desk.node.root.replace(b'"version": 1', b'"version": 2')
    for root in (b"", b"{}", b"[" * 5000, (own / "targets.json").read_bytes(), damaged, desk.node.root + b" " * 600_000):
        with pytest.raises(UsageError):
            Sources(desk.home).add("x", str(desk.node.to), root)


def test_the_registry(desk: Desk) -> None:
    sources = Sources(desk.home)
    assert [source.name for source in sources.all()] == ["berlin-1"]
    assert sources.all()[0].added <= datetime.now(UTC)
    with pytest.raises(UsageError, match="There is a source"):
        desk.add("berlin-1", desk.node)
    desk.pull()
    assert sources.trusted("berlin-1")[0]
    sources.add("berlin-1", str(desk.node.to), desk.node.root, replace=True)
    assert not sources.trusted("berlin-1")[0]
    sources.remove("berlin-1")
    with pytest.raises(UsageError):
        sources.remove("berlin-1")
    with pytest.raises(UsageError, match="no source to pull"):
        pull(desk.home)
    assert datasets(desk.home) == ["d0", "d1", "d2"]
