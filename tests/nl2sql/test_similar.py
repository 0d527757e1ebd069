"""Semantic search: what is near is found, by each asker among what they may see, and nothing else."""

import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import AccessDenied, UsageError
from catalog.quality.freshness import opened
from catalog.storage.generations import pinned
from nl2sql import similar
from nl2sql.embedded.encoder import FILE, Encoder, shipped
from nl2sql.embedded.parser import WEIGHTS
from nl2sql.errors import BackendUnavailable
from nl2sql.session import Session, open_session
from nl2sql.similar import FIELDS, MOST, Hit, similar_to

LABELLED = Path(__file__).parents[1] / "golden" / "similar.toml"
HIDDEN = "SELECT name FROM datasets EXCEPT SELECT name FROM datasets WHERE sensitivity = 'public' ORDER BY name"

Open = Callable[..., Session]


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(demo_home, tmp_path_factory.mktemp("similar") / "catalog"))


@pytest.fixture(scope="module")
def asker(home: Path) -> Iterator[Open]:
    """``asker("ada")`` is the open session of a principal, ``asker()`` of nobody."""
    sessions: dict[str | None, Session] = {}
    with ExitStack() as stack:
        generation = stack.enter_context(pinned(home))

        def session(name: str | None = None) -> Session:
            if name not in sessions:
                opening = open_session(home, generation, None)
                token = opening.state.issue_token(name, 1) if name else None
                opening.close()
                sessions[name] = stack.enter_context(closing(open_session(home, generation, token)))
            return sessions[name]

        yield session


def names(hits: list[Hit]) -> list[str]:
    return [hit.name for hit in hits]


def visible(session: Session, view: str = "datasets", column: str = "name") -> set[str]:
    snapshot = session.snapshot([view])
    with opened(snapshot) as connection:
        return {row[0] for row in connection.execute(f'SELECT "{column}" FROM "{view}"').fetchall()}


def test_what_people_look_for_is_found(asker: Open) -> None:
    cases = tomllib.loads(LABELLED.read_text(encoding="utf-8"))
    found = {text: names(similar_to(text, 10, asker("ada"))) for text in cases}
    assert sum(found[text][0] in expected for text, expected in cases.items()) >= len(cases) - 2
    shares = [len(set(expected) & set(found[text])) / len(expected) for text, expected in cases.items()]
    assert sum(shares) / len(shares) > 0.95


@pytest.mark.parametrize(
    ("text", "first", "match"),
    [
        ("C4", "C4", "name"),
        ("common-crawl", "Common Crawl", "name"),
        ("COMMONCRAWL", "Common Crawl", "name"),
        ("tatsu-lab/alpaca", "Alpaca", "alias"),
        ("OSM", "OpenStreetMap", "alias"),
        ("oasst1", "OpenAssistant", "alias"),
        ("satellite pictures of land", "Landsat", "meaning"),
    ],
)
def test_a_name_comes_first_and_then_what_is_like_it(asker: Open, text: str, first: str, match: str) -> None:
    hits = similar_to(text, 5, asker("ada"))
    assert (hits[0].name, hits[0].match) == (first, match)
    assert all(hit.match == "meaning" for hit in hits[1:])
    assert [hit.score for hit in hits[1:]] == sorted((hit.score for hit in hits[1:]), reverse=True)
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_what_is_like_a_dataset(asker: Open) -> None:
    assert set(names(similar_to("MIMIC-III", 4, asker("ada")))) >= {"MIMIC-III", "MIMIC-IV", "eICU"}
    assert set(names(similar_to("LAION-5B", 5, asker("ada")))) >= {"LAION-5B", "Re-LAION-5B", "LAION-400M"}


def test_it_says_which_words_are_shared(asker: Open) -> None:
    found = {hit.name: hit.words for hit in similar_to("hospital records in Boston", 5, asker("ada"))}
    assert found["MIMIC-IV"]["description"] == ("records", "hospital", "boston")


@pytest.mark.parametrize(
    ("view", "text", "expected"),
    [("models", "speech recognition", "Whisper"), ("columns", "when somebody was born", "birth_date"), ("policies", "keep health records in the EU", "")],
)
def test_other_views(asker: Open, view: str, text: str, expected: str) -> None:
    hits = similar_to(text, 5, asker("ada"), view)
    assert len(hits) == len(set(names(hits))) == 5
    assert any(expected in hit.name for hit in hits)


def test_askers_find_what_they_may_see(asker: Open) -> None:
    everyone, ada = visible(asker()), visible(asker("ada"))
    hidden = ada - everyone
    assert hidden
    for name in sorted(hidden):
        assert names(similar_to(name, 1, asker("ada"))) == [name]
        hits = similar_to(name, MOST, asker())
        assert set(names(hits)) <= everyone
        assert not any(hit.match != "meaning" or hidden & {*hit.key.values()} for hit in hits)


def test_a_hidden_name_answers_like_one_that_does_not_exist(asker: Open, tmp_path: Path, home: Path) -> None:
    """The same catalog without the hidden datasets gives the same answer."""
    hidden = sorted(visible(asker("ada")) - visible(asker()))
    before = {name: similar_to(name, 10, asker()) for name in hidden}
    other = Path(shutil.copytree(home, tmp_path / "catalog"))
    shutil.rmtree(other / "snapshots")
    import duckdb

    (generation,) = other.glob("gen-*.duckdb")
    generation.chmod(0o600)
    with duckdb.connect(str(generation)) as connection:
        connection.execute(f"DELETE FROM dataset WHERE name IN ({', '.join('?' * len(hidden))})", hidden)
    with pinned(other) as held, closing(open_session(other, held, None)) as session:
        assert {name: similar_to(name, 10, session) for name in hidden} == before


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=60), k=st.integers(1, MOST), view=st.sampled_from(sorted(FIELDS)))
def test_nothing_outside_the_snapshot_is_ever_found(asker: Open, text: str, k: int, view: str) -> None:
    session = asker("max")
    if not text.strip():
        return
    if view in session.authorisation.denials:
        with pytest.raises(AccessDenied):
            similar_to(text, k, session, view)
        return
    column = FIELDS[view][0]
    there = visible(session, view, column)
    hits = similar_to(text, k, session, view)
    assert {hit.key[column] for hit in hits} <= there
    assert len(hits) <= k
    assert len({tuple(hit.key.values()) for hit in hits}) == len(hits)


@pytest.mark.parametrize("columns", [("name", "domain"), ("name",)])
def test_only_unmasked_columns_are_compared(asker: Open, monkeypatch: pytest.MonkeyPatch, home: Path, columns: tuple[str, ...]) -> None:
    session = asker("mia")
    permit = session.authorisation.permits["datasets"]
    found = similar.entries_of(session, permit, ["name", "description"])
    assert set(found.entry(0)) <= {"name", "description"}
    monkeypatch.setattr(type(permit), "columns", {name: "show" if name in columns else "null" for name in permit.columns}, raising=False)
    _, compared = similar._permitted(session, "datasets")
    assert compared == list(columns)


def test_a_view_with_masked_names_is_closed(asker: Open) -> None:
    from dataclasses import replace

    session = asker("mia")
    permit = session.authorisation.permits["datasets"]
    masked = replace(permit, columns={**permit.columns, "name": "hash"})
    session.authorisation, open_ = replace(session.authorisation, permits={**session.authorisation.permits, "datasets": masked}), session.authorisation
    try:
        with pytest.raises(AccessDenied, match="not open to you"):
            similar_to("weather", 3, session)
    finally:
        session.authorisation = open_


@pytest.mark.parametrize(
    ("text", "k", "view", "said"),
    [
        ("", 3, "datasets", "no text"),
        (" \n", 3, "datasets", "no text"),
        ("x" * 2001, 3, "datasets", "longer than 2,000"),
        ("weather", 0, "datasets", "1 to 100"),
        ("weather", 101, "datasets", "1 to 100"),
        ("weather", 3, "dataset", "no similarity over a view of the name 'dataset'"),
        ("weather", 3, "audit_log", "no similarity"),
    ],
)
def test_a_bad_call_is_named(asker: Open, text: str, k: int, view: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        similar_to(text, k, asker(), view)


@pytest.mark.parametrize("text", ["?!", "\u200b\u200b", "\ud800", "\x00", "🦆", "' OR 1=1 --", "数据", "_"])
def test_odd_texts_are_no_crash(asker: Open, text: str) -> None:
    assert len(similar_to(text, 3, asker())) == 3


def test_a_search_is_recorded_before_and_after(asker: Open) -> None:
    session = asker("ada")
    similar_to("weather in Kenya", 4, session)
    entry = session.audit.entries()[-1]
    assert (entry.actor, entry.action, entry.question) == ("ada", "query", "datasets similar to: weather in Kenya")
    assert (entry.decision, entry.row_count, entry.policy) == ("allowed", 4, "steward-everything")


def test_a_closed_view_is_denied_and_recorded(asker: Open) -> None:
    session = asker()
    with pytest.raises(AccessDenied, match="policies is not open to you"):
        similar_to("retention", 4, session, "policies")
    entry = session.audit.entries()[-1]
    assert (entry.decision, entry.row_count) == ("denied", 0)


def kept(home: Path) -> list[Path]:
    return sorted(home.glob("snapshots/*/*.similar*.npz"))


def test_vectors_are_kept_beside_the_snapshot_for_their_owner(asker: Open, home: Path) -> None:
    similar_to("weather", 3, asker("oleg"))
    folders = {path.parent for path in kept(home)}
    assert all(path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700 for path in kept(home))
    similar_to("weather", 3, asker("max"))
    assert {path.parent for path in kept(home)} >= folders
    written = {path: path.stat().st_mtime_ns for path in kept(home)}
    similar._load.cache_clear()
    similar_to("weather", 3, asker("max"))
    assert {path: path.stat().st_mtime_ns for path in kept(home)} == written


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"{}", "cut", "short"])
def test_damaged_vectors_are_made_anew(demo_home: Path, tmp_path: Path, damage: bytes | str) -> None:
    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    with pinned(home) as generation, closing(open_session(home, generation, None)) as session:
        before = similar_to("weather", 5, session)
        (path,) = kept(home)
        whole = path.read_bytes()
        if damage == "short":
            with np.load(path) as parts:
                np.savez(path, **{**parts, "ends": parts["ends"][:-1]})
        else:
            path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else bytes(damage))  # type: ignore[arg-type]
        similar._load.cache_clear()
        assert similar_to("weather", 5, session) == before
        with np.load(path) as parts:
            assert parts["vectors"].dtype == np.float32


def test_another_generation_is_read_anew(demo_home: Path, tmp_path: Path) -> None:
    from catalog.ingest import ingest

    home = Path(shutil.copytree(demo_home, tmp_path / "home"))
    document = tmp_path / "croissant.json"
    document.write_text(
        '{"@context": {"@vocab": "https://schema.org/"}, "@type": "Dataset", "conformsTo": "http://mlcommons.org/croissant/1.0",'
        ' "name": "Tide Gauges", "description": "Hourly sea level.", "license": "https://creativecommons.org/licenses/by/4.0/",'
        ' "url": "https://example.org/tides", "creator": {"@type": "Organization", "name": "Harbour Office"}}',
        encoding="utf-8",
    )

    def best() -> list[str]:
        with pinned(home) as generation, closing(open_session(home, generation, None)) as session:
            return names(similar_to("sea level", 3, session))

    assert "Tide Gauges" not in best()
    ingest(home, [document], "harbour-1")
    assert best()[0] == "Tide Gauges"


def test_the_encoder_is_small_and_says_so_without_its_file(tmp_path: Path) -> None:
    assert (WEIGHTS / FILE).stat().st_size < 6_000_000
    with pytest.raises(BackendUnavailable, match="not in"):
        Encoder(tmp_path)


def test_vectors_have_length_one_whatever_stands_beside_them() -> None:
    texts = ["weather", "", "satellite images of land " * 200, "\u200b", "weather"]
    vectors = shipped().encode(texts)
    assert np.linalg.norm(vectors, axis=1).round(5).tolist() == [1, 0, 1, 0, 1]
    for row, text in enumerate(texts):
        assert np.allclose(vectors[row], shipped().encode([text])[0], atol=1e-6)
    near = shipped().encode(["rain and wind", "meteorology", "court decisions"])
    assert near[0] @ near[1] > near[0] @ near[2] + 0.1


@settings(max_examples=100)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_has_a_vector(texts: list[str]) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    vectors = shipped().encode(texts)
    assert vectors.shape == (len(texts), shipped().width)
    assert np.isfinite(vectors).all()


@settings(max_examples=100)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40), st.integers(1, 50))
def test_all_come_nearest_first(values: list[float], head: int) -> None:
    nearness = np.array(values, dtype=np.float32)
    order = list(similar._descending(nearness, head))
    assert sorted(order) == list(range(len(values)))
    assert nearness[order].tolist() == sorted(nearness.tolist(), reverse=True)
