"""``steward catalog list``: whose name has all the words, in any case and as they are typed, and how many there are beyond those shown."""

from pathlib import Path

import pytest

from catalog.access.policy import ensure_policy
from catalog.audit.log import AuditLog
from catalog.storage.generations import writing
from catalog.storage.records import Dataset, Model
from catalog.storage.rows import upsert
from tests.tui.conftest import Steward

NAMES = ("100% wool", "100 wool", "O'Neil", "O''Neil", "a_b", "aXb", "Äpfel und Birnen", "back\\slash", "Common Crawl", "common voice", "COMMON", "'; DROP TABLE datasets; --", "💧 water", "line\nbreak")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("listing") / "catalog"
    ensure_policy(home)
    with writing(home) as store:
        upsert(store, [Dataset(node="n1", name=name, owner="Acme", sensitivity="public") for name in NAMES])
        upsert(store, [Dataset(node="n2", name="COMMON", owner="Bolt", sensitivity="public"), Dataset(node="n1", name="common secret", sensitivity="restricted")])
        upsert(store, [Model(node="n1", name="Llama 100%", sensitivity="public")])
    return home


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), set(NAMES)),
        (("common",), {"Common Crawl", "common voice", "COMMON"}),
        (("COMMON", "vOiCe"), {"common voice"}),
        (("voice", "common"), {"common voice"}),
        (("common voice",), {"common voice"}),
        (("secret",), set()),
        (("%",), {"100% wool"}),
        (("_",), {"a_b"}),
        (("a_b",), {"a_b"}),
        (("'",), {"O'Neil", "O''Neil", "'; DROP TABLE datasets; --"}),
        (("''",), {"O''Neil"}),
        (("o'neil",), {"O'Neil"}),
        (("\\",), {"back\\slash"}),
        (("äPFEL",), {"Äpfel und Birnen"}),
        (("'; drop table datasets; --",), {"'; DROP TABLE datasets; --"}),
        (("💧",), {"💧 water"}),
        (("\n",), {"line\nbreak"}),
        (("' OR TRUE --",), set()),
        (("{",), set()),
        (("$1",), set()),
        (("",), set(NAMES)),
    ],
)
def test_a_word_is_looked_for_as_it_is_in_any_case(words: tuple[str, ...], found: set[str], steward: Steward) -> None:
    told = steward("catalog", "list", "--json", "--", *words).json
    assert {row["name"] for row in told["datasets"]} == found
    assert (told["count"], told["truncated"]) == (len(told["datasets"]), False)


@pytest.mark.parametrize(("limit", "shown", "said"), [("1", 1, "4 datasets; the first 1 are shown, --limit shows more."), ("3", 3, "4 datasets; the first 3 are shown, --limit shows more."), ("4", 4, "4 datasets."), ("1000000", 4, "4 datasets.")])
def test_what_is_not_shown_is_counted(limit: str, shown: int, said: str, steward: Steward) -> None:
    ran = steward("catalog", "list", "--limit", limit, "common")
    assert (len(ran.out.decode().splitlines()) - 1, ran.err.strip()) == (shown, said)
    told = steward("catalog", "list", "--json", "--limit", limit, "common").json
    assert (told["count"], told["truncated"], len(told["datasets"])) == (4, shown < 4, shown)
    assert [tuple(row) for row in told["datasets"]] == [("name", "owner", "licence", "quality_score", "last_updated")] * shown
    assert told["datasets"] == sorted(told["datasets"], key=lambda row: (row["name"], row["owner"]))


def test_models_and_nothing(steward: Steward) -> None:
    assert steward("catalog", "list", "--models", "100%").err == "1 model.\n"
    ran = steward("catalog", "list", "no such word")
    assert (ran.code, ran.out, ran.err) == (0, b"", "0 datasets. By meaning: steward catalog similar TEXT\n")


def test_a_listing_is_one_question_in_the_log(steward: Steward, home: Path) -> None:
    before = len(AuditLog(home).entries())
    steward("catalog", "list", "voice")
    assert [(entry.action, entry.decision, entry.row_count) for entry in AuditLog(home).entries()[before:]] == [("query", "allowed", 1)]
