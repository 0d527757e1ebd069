"""Names that other publishers choose so as to be taken for another's, and who "my node" is."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from catalog.access.policy import POLICY_FILE, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.storage.generations import pinned
from eval.plants import plant
from eval.suite import Plant
from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.session import read_clock, read_names
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)
IMPOSTORS = ("C4 ", "C4\u200b", "\u2060KITTI", "French", "Kenya")


@pytest.fixture(scope="module")
def planted(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> NameIndex:
    home = Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("planted") / "catalog"))
    plant(home, [Plant(dataset="C4", field="name", text=name) for name in IMPOSTORS])
    policy = load_policy(home / POLICY_FILE)
    with pinned(home) as generation:
        return read_names(home, generation, AuditLog(home), authorise(policy.principal("ada"), policy), read_clock(home))


def bound(index: NameIndex, question: str, own: str = "") -> dict[str, tuple[str, ...]]:
    return {slot: value.values for slot, value in link(question, index, NOW, own).bindings.items() if isinstance(value, Text)}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who owns C4?", {"@dataset1": ("C4",)}),
        ("who owns KITTI?", {"@dataset1": ("KITTI",)}),
        ("datasets in French", {"@language1": ("French",)}),
        ("datasets from Kenya", {"@country1": ("KE",)}),
    ],
)
def test_an_impostor_does_not_take_the_name(planted: NameIndex, question: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert bound(planted, question) == expected


@pytest.mark.parametrize("words", ["my node", "my own machine", "our server", "my boxes"])
def test_my_node_is_the_askers_own(planted: NameIndex, words: str) -> None:
    assert bound(planted, f"is {words} in sync", "berlin-1") == {"@node1": ("berlin-1",)}
    assert bound(planted, f"is {words} in sync") == {}
