"""What an index holds: names and spellings of the asker's own snapshot, and nothing that is masked or hidden from them."""

from pathlib import Path

import pytest

from catalog.access.policy import ANONYMOUS, POLICY_FILE, Authorisation, authorise, load_policy
from catalog.audit.log import AuditLog
from catalog.engine.snapshot import prepare
from catalog.storage.generations import pinned
from nl2sql.linking.index import NameIndex, build_index
from nl2sql.linking.spellings import NAME, PART, licence_spellings, spellings
from nl2sql.linking.vocabulary import is_asking, is_english, singular, words
from nl2sql.session import read_clock


def shown(authorisation: Authorisation) -> dict[str, list[str]]:
    return {view: [c for c, how in permit.columns.items() if how == "show"] for view, permit in authorisation.permits.items() if view != "audit_log"}


def index_of(home: Path, name: str) -> tuple[NameIndex, Path, dict[str, list[str]]]:
    policy = load_policy(home / POLICY_FILE)
    authorisation = authorise(ANONYMOUS if name == "anonymous" else policy.principal(name), policy)
    columns = shown(authorisation)
    with pinned(home) as generation:
        snapshot = prepare(home, generation, AuditLog(home), authorisation, list(columns), read_clock(home))
    return build_index(snapshot, columns), snapshot, columns


@pytest.fixture(scope="module")
def steward(demo_home: Path) -> NameIndex:
    return index_of(demo_home, "ada")[0]


@pytest.fixture(scope="module")
def anonymous(demo_home: Path) -> NameIndex:
    return index_of(demo_home, "anonymous")[0]


def values(index: NameIndex, kind: str) -> set[str]:
    return {value for kinds in index.names.values() for value in kinds.get(kind, ())}


def test_names_of_hidden_datasets_are_in_no_index_of_the_asker(steward: NameIndex, anonymous: NameIndex) -> None:
    hidden = values(steward, "dataset") - values(anonymous, "dataset")
    assert {"customers", "patient_visits", "loan_applications"} <= hidden
    assert not hidden & set(anonymous.columns_of)
    saved = anonymous.dump()
    assert not [name for name in hidden if f'"{name}"' in saved]
    secret = {w for name in hidden for w in words(name)} & {"readmission", "clickstream", "vaccination", "couriers"}
    assert len(secret) == 4
    assert secret <= steward.text_words
    assert not secret & anonymous.text_words


def test_metrics_and_what_events_tell_are_the_asker_s_own(steward: NameIndex, anonymous: NameIndex, demo_home: Path) -> None:
    assert {"completeness", "row_count"} <= steward.metrics
    assert "Disk full." in steward.details and "gossip monitor" in steward.detectors
    assert anonymous.metrics <= steward.metrics
    assert set(anonymous.details) <= set(steward.details) and set(anonymous.detectors) <= set(steward.detectors)
    _, snapshot, columns = index_of(demo_home, "ada")
    masked = build_index(snapshot, {**columns, "node_events": [c for c in columns["node_events"] if c not in ("detail", "detected_by")], "quality_metrics": []})
    assert (masked.metrics, masked.details, masked.detectors) == (frozenset(), (), ())


def test_people_are_in_no_index_of_who_may_not_see_them(steward: NameIndex, anonymous: NameIndex) -> None:
    assert "Priya Nair" in values(steward, "person")
    assert values(anonymous, "person") == set()
    assert values(anonymous, "group") == values(anonymous, "policy") == set()


def test_masked_columns_are_never_read(demo_home: Path) -> None:
    """A snapshot may hold a masked column's altered values; they are no names."""
    _, snapshot, columns = index_of(demo_home, "ada")
    without = {view: [c for c in names if c not in ("owner", "operator", "seller", "aliases", "description", "name")] for view, names in columns.items()}
    index = build_index(snapshot, without)
    assert values(index, "org") == set()
    assert "pile" not in index.names
    assert "taxi" not in index.text_words


def test_what_lineage_calls_a_model_is_a_model(steward: NameIndex) -> None:
    assert steward.names["gpt 4"] == {"model": ["GPT-4"]}
    assert "dataset" in steward.names["churn report"], "reports are asked for like datasets"


def test_closed_vocabularies_stay_words(steward: NameIndex) -> None:
    assert not {"failed", "in review", "gdpr", "text", "email"} & set(steward.names)


def test_dump_and_load_give_the_same_index(steward: NameIndex) -> None:
    loaded = NameIndex.load(steward.dump())
    assert (loaded.names, loaded.columns_of, loaded.text_words) == (steward.names, steward.columns_of, steward.text_words)
    assert loaded.joined == steward.joined


def test_a_name_outranks_an_alias_and_equal_ranks_share() -> None:
    index = NameIndex()
    index.add("dataset", "race", "fc-race", rank=1)
    index.add("dataset", "Race", "race", rank=NAME)
    index.add("dataset", "race", "tasks/race", rank=PART)
    index.add("dataset", "RACE", "RACE", rank=NAME)
    assert index.names["race"]["dataset"] == ["race", "RACE"]
    index.add("dataset", "mix", "one", rank=1)
    index.add("dataset", "mix", "two", rank=1)
    assert index.names["mix"]["dataset"] == ["one", "two"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("dataset", "public.orders", {"public.orders", "orders"}),
        ("dataset", "/tmp/lake/sessions2", {"/tmp/lake/sessions2", "sessions2"}),
        ("dataset", "/tmp/lake/default/source", {"/tmp/lake/default/source"}),
        ("dataset", "Landsat 2.5 degree", {"Landsat 2.5 degree"}),
        ("dataset", "MIMIC-IV", {"MIMIC-IV", "mimic 4"}),
        ("dataset", "SQuAD 2.0", {"SQuAD 2.0", "SQuAD 2"}),
        ("org", "OpenAI (WebGPT)", {"OpenAI (WebGPT)", "OpenAI "}),
        ("country", "DE", set()),
        ("jurisdiction", "EU", set()),
        ("node", "berlin-1", {"berlin-1"}),
    ],
)
def test_spellings(kind: str, value: str, expected: set[str]) -> None:
    assert {spelling for spelling, _ in spellings(kind, value)} == expected


def test_licences_are_said_without_version_or_the_word_licence() -> None:
    said = {" ".join(words(s)) for s in licence_spellings("Apache License 2.0")}
    assert said == {"apache 2 0", "apache 2", "apache"}
    assert "creative commons by 4 0" in {" ".join(words(s)) for s in licence_spellings("CC BY 4.0")}


@pytest.mark.parametrize("word", ["takings", "withdraws", "unmask", "retract", "catalogs", "converging", "datasets", "reloaded", "studies"])
def test_forms_of_english_words_are_english(word: str) -> None:
    assert is_english(word)


@pytest.mark.parametrize("word", ["datsets", "qulity", "contestd", "modles", "licens", "wikipeida"])
def test_slips_are_not(word: str) -> None:
    assert not is_english(word)


def test_asking_words_come_in_forms() -> None:
    assert is_asking("derives")
    assert is_asking("derive")
    assert not is_asking("taxi")
    assert not is_asking("music")


@pytest.mark.parametrize(("word", "stem"), [("hospitals", "hospital"), ("news", "news"), ("species", "species"), ("cities", "city"), ("glass", "glass"), ("maps", "maps")])
def test_stems_for_text_search(word: str, stem: str) -> None:
    assert singular(word) == stem
