"""``steward pull``, ``source`` and the publishing verbs as processes: against a real server that behaves in every bad way, and with no network at all."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.storage.generations import current
from tests.catalog.publishing import PublishingNode, datasets, rows

HERE = Path(__file__).parent
MANNERS = {
    "calm": None,
    "flaky": None,
    "moved": None,
    "broken": "unreachable",
    "elsewhere": "led astray",
    "downgraded": "led astray",
    "circle": "led astray",
    "silent": "slow",
    "drip": "slow",
    "drip-head": "slow",
    "endless": "oversized",
    "torn": "unreachable",
    "nothing": "absent",
}
"""How the server behaves to a node of that name, and the fault that it is."""
TIMEOUT_S = 6


@dataclass(frozen=True)
class Served:
    """A server of many nodes' publications, and a catalog that pulls them."""

    home: Path
    nodes: dict[str, PublishingNode]
    address: str
    process: "subprocess.Popen[str]"

    def steward(self, *arguments: str, prefix: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        command = [*prefix, sys.executable, "-m", "tui.main", "--catalog", str(self.home), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False, cwd=HERE.parents[1])

    def pull(self, *names: str, prefix: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
        done = self.steward("pull", *names, "--json", f"--timeout={TIMEOUT_S}", prefix=prefix)
        assert done.stdout, done.stderr
        return done.returncode, {source["source"]: source for source in json.loads(done.stdout)["sources"]}

    def asked(self) -> dict[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", f"import urllib.request as r; print(r.urlopen('{self.address}asked').read().decode())"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return {path: int(count) for count, path in (line.split(" ", 1) for line in done.stdout.splitlines() if line)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "www").mkdir()
    nodes = {}
    for manner in MANNERS:
        node = nodes[manner] = PublishingNode.at(folder / manner, name="calm" if manner == "moved" else manner, documents=2)
        node.publish()
        shutil.copytree(node.to, folder / "www" / manner)
    shutil.rmtree(folder / "www" / "nothing")
    command = [sys.executable, str(HERE / "unruly_server.py"), str(folder / "www")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = Served(folder / "catalog", nodes, f"http://127.0.0.1:{process.stdout.readline().strip()}/", process)
        yield found
        process.kill()


@pytest.fixture(scope="module")
def first(served: Served) -> dict[str, Any]:
    """The first pull of every manner."""
    from catalog.node.sources import Sources

    for manner, node in served.nodes.items():
        if manner != "moved":
            Sources(served.home).add(manner, served.address + manner, node.root)
    code, sources = served.pull()
    assert code == 1
    return sources


@pytest.mark.parametrize(("manner", "fault"), [(m, f) for m, f in MANNERS.items() if m != "moved"])
def test_a_server_of_every_kind(served: Served, first: dict[str, Any], manner: str, fault: str | None) -> None:
    found = first[manner]
    assert (found["fault"] and found["fault"]["code"]) == fault, found
    assert datasets(served.home, manner) == ([] if fault else ["d0", "d1"])


def test_a_pull_asks_for_what_is_new_alone(served: Served, first: dict[str, Any]) -> None:
    before = served.asked()
    code, sources = served.pull("calm")
    after = served.asked()
    asked = {path for path in after if after[path] != before.get(path) and path.split(" ")[-1].startswith("/calm")}
    assert code == 0 and sources["calm"]["documents"] == 2 and not sources["calm"]["new"]
    assert asked == {"/calm/metadata/2.root.json", "/calm/metadata/timestamp.json", "304 /calm/metadata/timestamp.json"}


def test_a_redirect_within_the_host_is_followed(served: Served, first: dict[str, Any]) -> None:
    root = served.nodes["calm"].folder / "metadata" / "1.root.json"
    added = served.steward("source", "add", "calm", served.address + "moved", "--root", str(root), "--replace")
    assert added.returncode == 0, added.stderr
    code, sources = served.pull("calm")
    assert (code, sources["calm"]["fault"]) == (0, None)


def test_no_network_is_a_partition_and_the_catalog_stands(served: Served, first: dict[str, Any]) -> None:
    """In a network of its own nothing can be reached; where that cannot be had, the server is stopped."""
    alone = ("unshare", "--user", "--map-root-user", "--net")
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        alone = ()
        served.process.kill()
    generation = current(served.home).number
    code, sources = served.pull("calm", "flaky", "broken", prefix=alone)
    assert code == 3
    assert {source["fault"]["code"] for source in sources.values()} == {"unreachable"}
    assert datasets(served.home, "calm") == ["d0", "d1"] and current(served.home).number == generation + 1
    found = rows(served.home, "SELECT kind FROM node_event WHERE node = 'calm' AND resolved IS NULL")
    assert found == [("partition",)]
    assert rows(served.home, "SELECT status FROM node WHERE node = 'calm'") == [("offline",)]


@pytest.fixture
def desk(tmp_path: Path) -> Served:
    node = PublishingNode.at(tmp_path / "berlin-1")
    return Served(tmp_path / "catalog", {"berlin-1": node}, "", None)  # type: ignore[arg-type]


def test_the_verbs_of_a_first_day(steward: Any, desk: Served) -> None:
    from click.testing import CliRunner

    from tui.publish import publish, rotate

    node = desk.nodes["berlin-1"]
    run = CliRunner().invoke
    (node.folder / "documents" / "x.csv").write_text("a", encoding="utf-8")
    done = run(publish, [str(node.folder), "--to", str(node.to)])
    assert done.exit_code == 0 and "+ d0.json" in done.output and "left out x.csv: neither JSON nor YAML" in done.output
    assert "Publication 1: 3 documents, 3 changed" in done.output
    assert "none changed" in run(publish, [str(node.folder), "--to", str(node.to)]).output
    assert json.loads(run(publish, [str(node.folder), "--to", str(node.to), "--json"]).stdout)["version"] == 3

    root = str(node.folder / "metadata" / "1.root.json")
    assert steward("source", "list", catalog=desk.home).err.startswith("No sources")
    assert steward("pull", catalog=desk.home).code == 2
    added = steward("source", "add", "berlin-1", str(node.to), "--root", root, catalog=desk.home)
    assert added.code == 0 and "root sha256" in added.err
    assert steward("source", "add", "berlin-1", str(node.to), "--root", root, catalog=desk.home).code == 2
    assert steward("source", "list", "--json", catalog=desk.home).json["sources"][0]["location"] == str(node.to)

    pulled = steward("pull", catalog=desk.home)
    assert (pulled.code, pulled.out.decode()) == (0, "berlin-1  accepted  3 documents; 3 new\n")
    assert steward("pull", "berlin-1", catalog=desk.home).out.decode() == "berlin-1  accepted  3 documents; nothing new\n"
    assert steward("pull", "nobody", catalog=desk.home).code == 2
    assert "new keys for timestamp" in run(rotate, [str(node.folder), "--role", "timestamp"]).output
    run(publish, [str(node.folder), "--to", str(node.to)])
    assert "Root 2 replaces the keys of: timestamp." in steward("pull", catalog=desk.home).out.decode()

    timestamp = node.metadata / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes().replace(b'"version": 4', b'"version": 5'))
    rejected = steward("pull", catalog=desk.home)
    assert (rejected.code, rejected.out.decode()) == (1, "berlin-1  REJECTED  A signature does not verify: timestamp.json.\n")
    shutil.rmtree(node.to)
    lost = steward("pull", catalog=desk.home)
    assert (lost.code, lost.out.decode()) == (3, "berlin-1  unreachable  The node cannot be reached: the folder is not there.\n")
    asked = steward("sql", "SELECT name FROM datasets ORDER BY name", "--format", "csv", catalog=desk.home)
    assert asked.out.decode().split() == ["name", "d0", "d1", "d2"], asked.err
    assert steward("source", "remove", "berlin-1", catalog=desk.home).code == 0
    assert steward("source", "remove", "berlin-1", catalog=desk.home).code == 2


def test_help_and_questions_import_nothing_of_it(desk: Served) -> None:
    code = "import sys, tui.main, nl2sql.session; print([m for m in ('tuf', 'urllib3', 'securesystemslib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE.parents[1])
    assert done.stdout.strip() == "[]"
