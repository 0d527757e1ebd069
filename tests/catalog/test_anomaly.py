"""Anomalies: spikes, levels, weekdays, slopes and constants; nothing later counts; history over publications is kept, bounded and taken back."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.ingest import ingest
from catalog.ingest.statements import TABLES
from catalog.quality import history
from catalog.quality.anomaly import FAR, FEWEST, Measured, deviation, judge, median
from catalog.quality.history import keep, set_aside
from catalog.storage.generations import writing
from catalog.storage.records import Metric
from catalog.storage.rows import upsert
from eval.anomaly import Series, labelled, score_series
from tests.catalog.publishing import rows

START = datetime(2026, 1, 5, 3)  # a Monday
NOISE = (0.3, -0.7, 0.1, 0.9, -0.2, -0.5, 0.6, -0.9, 0.4, 0.0)


def series(*values: float) -> list[Measured]:
    return [Measured(START + timedelta(days=i), value) for i, value in enumerate(values)]


def verdicts(values: list[float], unit: str = "count") -> list[bool | None]:
    measured = series(*values)
    found = [judge(measured[:i], each, unit) for i, each in enumerate(measured)]
    return [None if each is None else each.is_anomaly for each in found]


FLAT = [1000 + 20 * NOISE[i % 10] for i in range(40)]
WEEKS = [(1000 if i % 7 < 5 else 300) + 10 * NOISE[i % 10] for i in range(60)]


@pytest.mark.parametrize(
    ("history", "value", "far"),
    [
        pytest.param(FLAT, 1400, True, id="spike"),
        pytest.param(FLAT, 600, True, id="drop"),
        pytest.param(FLAT, 1010, False, id="as ever"),
        pytest.param([500.0] * 20, 500, False, id="constant that stays"),
        pytest.param([500.0] * 20, 502, False, id="constant that hardly moves"),
        pytest.param([500.0] * 20, 650, True, id="constant that moves"),
        pytest.param([0.0] * 20, 9, True, id="first nulls"),
        pytest.param([0.0] * 15 + [40.0] + [0.0] * 4, 0, False, id="constant after an outlier"),
        pytest.param([*WEEKS, 1000.0], 300, False, id="a Saturday's value on a Saturday"),
        pytest.param(WEEKS, 300, True, id="a Saturday's value on a Friday"),
        pytest.param([100.0 + 3 * i + NOISE[i % 10] for i in range(40)], 100 + 3 * 40, False, id="slope goes on"),
        pytest.param([100.0 + 3 * i + NOISE[i % 10] for i in range(40)], 160, True, id="slope breaks"),
    ],
)
def test_a_value_is_judged_by_its_own_history(history: list[float], value: float, far: bool) -> None:
    assert verdicts([*history, value])[-1] is far


def test_a_new_level_is_told_and_then_is_the_level() -> None:
    found = verdicts([*FLAT, *(value + 300 for value in FLAT[:20])])
    assert found[40] and found[41]
    assert not any(found[47:])
    assert verdicts([*FLAT, *(value + 300 for value in FLAT[:20]), 1000.0])[-1]


def test_too_short_a_history_has_no_verdict() -> None:
    assert verdicts([1.0] * (FEWEST + 1)) == [None] * FEWEST + [False]


def test_a_ratio_that_never_moved_may_move_by_half_a_point() -> None:
    assert verdicts([1.0] * 20 + [0.996], "ratio")[-1] is False
    assert verdicts([1.0] * 20 + [0.97], "ratio")[-1] is True


finite = st.floats(-1e9, 1e9)


@given(st.lists(finite, min_size=FEWEST, max_size=90), finite)
@settings(max_examples=60)
def test_every_verdict_is_finite_and_agrees_with_its_score(values: list[float], value: float) -> None:
    verdict = judge(series(*values), Measured(START + timedelta(days=len(values)), value), "count")
    assert verdict is not None
    assert abs(verdict.z_score) <= 1000
    assert verdict.is_anomaly == (abs(verdict.z_score) > FAR)
    assert min(values) - 2e9 * 60 <= verdict.baseline <= max(values) + 2e9 * 60


def test_the_modified_z_score_is_iglewicz_and_hoaglins() -> None:
    off = [value - 3 for value in (1.0, 2.0, 3.0, 4.0, 5.0)] * 4
    assert deviation(off) == pytest.approx(1.4826 * 1.0 * 20 / 19.2)
    assert median([4, 1, 3, 2]) == 2.5


def test_the_labelled_stream_is_the_same_every_time_and_is_mostly_found() -> None:
    assert labelled(3) == labelled(3)
    scores = {one.kind: score_series(one) for one in labelled(3)}
    assert scores["spikes"].found == scores["spikes"].planted == 3
    assert scores["clean, constant"].wrong == 0
    assert isinstance(labelled(3)[0], Series)


def event(day: int, count: int, **more: Any) -> str:
    at = (START + timedelta(days=day)).isoformat() + "Z"
    facets = {"dataQualityMetrics": {"rowCount": count, "columnMetrics": {}}, **more}
    dataset = {"namespace": "n", "name": "orders", "facets": facets}
    said = {"eventTime": at, "eventType": "COMPLETE", "run": {"runId": f"r{day}"}, "job": {"namespace": "n", "name": "j"}, "inputs": [], "outputs": [dataset]}
    return json.dumps({**said, "producer": "p", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"})


def publish(home: Path, *lines: str) -> None:
    path = home.with_name("events.jsonl")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert not ingest(home, [path], "berlin", START + timedelta(days=90)).problems


METRICS = "SELECT value, is_anomaly, round(baseline), origin, sensitivity FROM metric WHERE metric = 'row_count' ORDER BY measured_at"


def test_measurements_gather_over_publications_and_the_last_is_judged_by_them(tmp_path: Path) -> None:
    home = tmp_path / "catalog"
    publish(home, *(event(day, 1000 + day % 3) for day in range(9)))
    publish(home, event(9, 1000))
    publish(home, event(10, 400))
    found = rows(home, METRICS)
    assert [value for value, *_ in found] == [*(1000 + day % 3 for day in range(9)), 1000, 400]
    assert [is_anomaly for _, is_anomaly, *_ in found] == [None] * 7 + [False] * 3 + [True]
    assert found[-1][2:] == (1001, "published", "public")
    before = rows(home, "SELECT * FROM metric ORDER BY ALL")
    publish(home, event(10, 400), event(10, 400))
    assert rows(home, "SELECT * FROM metric ORDER BY ALL") == before


def test_a_correction_is_judged_anew_and_what_is_no_longer_stated_goes(tmp_path: Path) -> None:
    home = tmp_path / "catalog"
    publish(home, *(event(day, 1000) for day in range(9)), event(9, 400))
    assert rows(home, METRICS)[-1][1] is True
    publish(home, *(event(day, 1000) for day in range(9)), event(9, 1000))
    assert rows(home, METRICS)[-1][1] is False
    other = event(9, 5).replace('"orders"', '"other"')
    publish(home, other)
    assert [value for value, *_ in rows(home, METRICS)] == [5]


def test_history_takes_the_sensitivity_of_the_newest_statement_and_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "catalog"
    monkeypatch.setattr(history, "MOST_KEPT", 3)
    publish(home, *(event(day, 10 + day) for day in range(5)))
    publish(home, event(5, 15))
    assert [value for value, *_ in rows(home, METRICS)] == [12, 13, 14, 15]
    publish(home, event(600, 99))
    assert [value for value, *_ in rows(home, METRICS)] == [99]


def test_a_publishers_own_verdict_stays(tmp_path: Path) -> None:
    home = tmp_path / "catalog"
    profile = {"steward_profile": {"columns": {"a": {"psi": 0.01, "drifted": True}}}}
    publish(home, *(event(day, 10, **profile) for day in range(12)))
    assert rows(home, "SELECT DISTINCT is_anomaly, baseline FROM metric WHERE metric = 'population_stability'") == [(True, None)]


@pytest.mark.parametrize("huge", [1e308, -1e308, float("inf"), float("nan")])
def test_what_is_beyond_reckoning_has_no_verdict(huge: float) -> None:
    assert verdicts([huge] * 5 + [1.0] * 5 + [huge])[-1] is None


def test_no_verdict_on_public_values_tells_of_others(tmp_path: Path) -> None:
    with writing(tmp_path) as connection:
        of = {"node": "berlin", "dataset": "orders", "dimension": "volume", "metric": "row_count", "unit": "count"}
        values = [Metric(**of, value=777.0, measured_at=START + timedelta(days=i), sensitivity="restricted") for i in range(20)]
        connection.execute(TABLES)
        upsert(connection, values)
        set_aside(connection, "berlin", "''")
        upsert(connection, [Metric(**of, value=5.0, measured_at=START + timedelta(days=30 + i)) for i in range(3)])
        keep(connection, "berlin", "''")
    assert rows(tmp_path, "SELECT DISTINCT baseline FROM metric WHERE sensitivity = 'public'") == [(None,)]
    assert rows(tmp_path, "SELECT DISTINCT baseline FROM metric WHERE sensitivity = 'restricted' AND baseline IS NOT NULL") == [(777.0,)]
