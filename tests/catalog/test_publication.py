"""Publications: what is signed and when, keys and their replacement, a kill at any step, and any byte that somebody changes."""

import json
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Timestamp

from catalog.errors import UsageError
from catalog.node.publication import Expiry, init_keys, publish, rotate
from catalog.pull.trust import Fault
from tests.catalog.publishing import PublishingNode, read, said

KILL_AT_EACH_STEP = """
import os, sys
from pathlib import Path
from catalog.node.publication import publish, rotate
from tests.catalog.deadly import die_at
folder, to, verb, stride = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
for deadly in range(1, 300, stride):
    child = os.fork()
    if child == 0:
        die_at(deadly, "fsync", "replace", "unlink", "open")
        (folder / "documents" / "d0.json").write_text((folder / "documents" / "d0.json").read_text() + " ")
        rotate(folder, ["timestamp", "targets"]) if verb == "rotate" else publish(folder, to)
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    print(deadly, "whole" if ended == 0 else "killed", flush=True)
    sys.stdin.readline()
    if ended == 0:
        break
"""


@pytest.fixture
def node(tmp_path: Path) -> PublishingNode:
    return PublishingNode.at(tmp_path / "node")


def test_what_is_published_is_what_is_read(node: PublishingNode, tmp_path: Path) -> None:
    node.document("deep/er/Lumière 1")
    node.publish()
    found = read(node, tmp_path)
    assert found.fault is None
    assert said(found) == {
        path.relative_to(node.folder / "documents").as_posix(): path.read_bytes() for path in (node.folder / "documents").rglob("*.json")
    }
    assert found.facts == {"name": "berlin-1", "country": "DE", "jurisdiction": "EU"}


def test_a_publication_of_nothing_new_refreshes_the_timestamp_alone(node: PublishingNode) -> None:
    first = publish(node.folder, node.to)
    before = {path: path.read_bytes() for path in node.files()}
    second = publish(node.folder, node.to)
    changed = {path.name for path in node.files() if before.get(path) != path.read_bytes()}
    assert (first.added, second.added, second.changed, second.removed) == (("d0.json", "d1.json", "d2.json"), (), (), ())
    assert changed == {"timestamp.json"} and second.version == 2


def test_a_publication_says_what_changed(node: PublishingNode) -> None:
    node.publish()
    node.document("d0", url="https://example.org")
    (node.folder / "documents" / "d1.json").unlink()
    node.document("d9")
    done = publish(node.folder, node.to)
    assert (done.added, done.changed, done.removed, done.documents) == (("d9.json",), ("d0.json",), ("d1.json",), 3)


def test_expiring_signatures_are_renewed_with_the_timestamp(node: PublishingNode, tmp_path: Path) -> None:
    node.publish(days_ago=80)
    node.publish()
    assert read(node, tmp_path).fault is None
    assert node.newest("targets").name == "2.targets.json"


def test_data_links_and_hidden_files_stay_at_home(node: PublishingNode) -> None:
    documents = node.folder / "documents"
    (documents / "people.csv").write_text("name\nAda\n", encoding="utf-8")
    (documents / "link.json").symlink_to(node.folder / "node.toml")
    (documents / ".hidden.json").write_text("{}", encoding="utf-8")
    (documents / ("n" * 200 + ".json")).write_text("{}", encoding="utf-8")
    done = publish(node.folder, node.to)
    assert done.documents == 3
    assert len(done.left_out) == 4
    assert not any("people" in path.name or "link" in path.name for path in node.files())


@pytest.mark.parametrize("inside", [".", "documents", "documents/deep", "keys", "metadata"])
def test_a_publication_does_not_lie_among_keys_or_documents(node: PublishingNode, inside: str) -> None:
    with pytest.raises(UsageError):
        publish(node.folder, node.folder / inside)


def test_private_keys_are_the_owners_alone_and_never_published(node: PublishingNode) -> None:
    node.publish()
    keys = list((node.folder / "keys").iterdir())
    assert sorted(path.name.split("-")[0] for path in keys) == ["root", "snapshot", "targets", "timestamp"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}
    assert stat.S_IMODE((node.folder / "keys").stat().st_mode) == 0o700
    assert not any(b"PRIVATE" in path.read_bytes() for path in node.files())


def test_a_file_that_was_damaged_at_the_server_is_repaired(node: PublishingNode, tmp_path: Path) -> None:
    node.publish()
    for path in node.files():
        if path.parent.name == "targets":
            path.write_bytes(b"?")
    node.publish()
    assert read(node, tmp_path).fault is None


def test_older_files_leave_once_nobody_can_be_reading_them(node: PublishingNode, tmp_path: Path) -> None:
    for i in range(5):
        node.document("d0", version=f"{i}")
        node.publish()
    assert sorted(path.name for path in node.metadata.iterdir()) == [
        "1.root.json", "4.snapshot.json", "4.targets.json", "5.snapshot.json", "5.targets.json", "timestamp.json",
    ]  # fmt: skip
    assert len(list((node.to / "targets").iterdir())) == 4
    assert read(node, tmp_path).fault is None


@pytest.mark.parametrize("roles", [["timestamp"], ["snapshot"], ["targets"], ["root"], ["root", "targets", "snapshot", "timestamp"]])
def test_replaced_keys_are_trusted_through_the_last_root(node: PublishingNode, tmp_path: Path, roles: list[str]) -> None:
    node.publish()
    before = {path.name for path in (node.folder / "keys").iterdir()}
    assert rotate(node.folder, roles) == 2
    after = {path.name for path in (node.folder / "keys").iterdir()}
    assert {name.split("-")[0] for name in before - after} == set(roles) == {name.split("-")[0] for name in after - before}
    node.publish()
    found = read(node, tmp_path)
    assert found.fault is None and len(found.documents) == 3
    assert found.rotations == {2: f"Root 2 replaces the keys of: {', '.join(r for r in ('root', 'targets', 'snapshot', 'timestamp') if r in roles)}."}


def test_a_root_of_three_keys_needs_two_of_them_which_may_be_away(node: PublishingNode, tmp_path: Path) -> None:
    init_keys(node.folder, root_keys=3, root_threshold=2)
    away = tmp_path / "stick"
    away.mkdir()
    for path in (node.folder / "keys").glob("root-*.pem"):
        path.rename(away / path.name)
    node.publish()
    with pytest.raises(UsageError, match="0 of the 2 root keys"):
        rotate(node.folder, ["timestamp"])
    next(away.glob("root-*.pem")).unlink()
    rotate(node.folder, ["timestamp"], root_keys=away)
    node.publish()
    assert read(node, tmp_path).fault is None
    next(away.glob("root-*.pem")).unlink()
    with pytest.raises(UsageError, match="1 of the 2 root keys"):
        rotate(node.folder, ["timestamp"], root_keys=away)


def test_a_stolen_timestamp_key_is_worth_nothing_after_its_replacement(node: PublishingNode, tmp_path: Path) -> None:
    node.publish()
    stolen = load_pem_private_key(next((node.folder / "keys").glob("timestamp-*.pem")).read_bytes(), None)
    rotate(node.folder, ["timestamp"])
    node.publish()
    metadata: Metadata[Timestamp] = Metadata[Timestamp].from_file(str(node.metadata / "timestamp.json"))
    metadata.signed.version += 1
    metadata.sign(CryptoSigner(stolen))
    metadata.to_file(str(node.metadata / "timestamp.json"))
    assert read(node, tmp_path).fault == Fault("unknown key", "timestamp.json")


@pytest.mark.parametrize(("keys", "threshold"), [(1, 2), (0, 0), (3, 0), (10, 1)])
def test_impossible_thresholds(node: PublishingNode, keys: int, threshold: int) -> None:
    with pytest.raises(UsageError):
        init_keys(node.folder, keys, threshold)


def test_keys_are_made_once(node: PublishingNode) -> None:
    init_keys(node.folder)
    with pytest.raises(UsageError):
        init_keys(node.folder)


def test_expiry_is_what_was_asked_for(node: PublishingNode) -> None:
    now = datetime.now(UTC)
    done = publish(node.folder, node.to, Expiry(root=100, timestamp=2), now)
    assert done.expires - now < timedelta(days=2) <= done.expires - now + timedelta(seconds=1)
    root: Metadata[Root] = Metadata[Root].from_file(str(node.metadata / "1.root.json"))
    assert root.signed.expires == done.root_expires and root.signed.consistent_snapshot


@pytest.mark.parametrize(
    ("verb", "stride"),
    [("publish", 5), ("rotate", 5), pytest.param("publish", 1, marks=pytest.mark.slow), pytest.param("rotate", 1, marks=pytest.mark.slow)],
)
def test_a_kill_at_any_step_leaves_a_whole_publication(node: PublishingNode, tmp_path: Path, verb: str, stride: int) -> None:
    node.publish()
    code = [sys.executable, "-c", KILL_AT_EACH_STEP, str(node.folder), str(node.to), verb, str(stride)]
    with subprocess.Popen(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        assert child.stdin is not None and child.stdout is not None
        killed = 0
        for line in child.stdout:
            found = read(node, tmp_path)
            assert found.fault is None and set(said(found)) == {"d0.json", "d1.json", "d2.json"}, line
            killed += "killed" in line
            child.stdin.write("\n")
            child.stdin.flush()
        assert "whole" in line
    assert killed >= 2
    node.publish()
    found = read(node, tmp_path)
    assert found.fault is None
    assert said(found)["d0.json"] == (node.folder / "documents" / "d0.json").read_bytes()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> PublishingNode:
    node = PublishingNode.at(tmp_path_factory.mktemp("bytes") / "node", documents=2)
    node.publish()
    node.document("d1", version="2")
    node.publish()
    rotate(node.folder, ["snapshot"])
    node.publish()
    return node


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_that_is_changed_is_rejected_or_without_effect(published: PublishingNode, tmp_path: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(published.files()))
    kept = path.read_bytes()
    at = data.draw(st.integers(0, len(kept) - 1))
    how = data.draw(st.sampled_from(["change", "remove", "insert", "cut", "append"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    match how:
        case "change":
            changed = kept[:at] + byte + kept[at + 1 :]
        case "remove":
            changed = kept[:at] + kept[at + 1 :]
        case "insert":
            changed = kept[:at] + byte + kept[at:]
        case "cut":
            changed = kept[:at]
        case _:
            changed = kept + byte
    truth = {p.relative_to(published.folder / "documents").as_posix(): p.read_bytes() for p in (published.folder / "documents").rglob("*.json")}
    shutil.rmtree(tmp_path / "store", ignore_errors=True)
    path.write_bytes(changed)
    try:
        found = read(published, tmp_path)
    finally:
        path.write_bytes(kept)
    assert found.fault is not None or said(found) == truth


@pytest.mark.slow
def test_every_byte_of_the_timestamp_counts(published: PublishingNode, tmp_path: Path) -> None:
    path = published.metadata / "timestamp.json"
    kept = path.read_bytes()
    signed = json.loads(kept)["signed"]
    try:
        for at in range(len(kept)):
            path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
            found = read(published, tmp_path)
            assert found.fault is not None or json.loads(path.read_bytes())["signed"] == signed
    finally:
        path.write_bytes(kept)


def test_files_of_two_publications_do_not_mix(published: PublishingNode, tmp_path: Path) -> None:
    """Every file in place of every other: nothing but the truth is ever read."""
    files = published.files()
    truth = said(read(published, tmp_path / "truth"))
    for path in files:
        kept = path.read_bytes()
        for other in files:
            if other != path:
                path.write_bytes(other.read_bytes())
                found = read(published, tmp_path)
                assert found.fault is not None or said(found) == truth, (path.name, other.name)
        path.write_bytes(kept)
