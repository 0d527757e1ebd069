"""Flower's logs: History, Result and lists of rounds; what one round has wrong is named, and the rest is kept."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.ingest import Report, ingest
from tests.catalog.publishing import rows

EIGHT = {"nodes": 3, "gb_per_node": 1.5, "update_mb": 88.2, "latency_s": 41.0, "privacy_level": "high", "epsilon": 2.5, "accuracy": 0.81, "energy_kwh": 0.4}
COLUMNS = ", ".join(EIGHT)


def read(tmp_path: Path, content: Any) -> tuple[Report, list[tuple[Any, ...]]]:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    report = ingest(tmp_path / "catalog", [path], "berlin")
    return report, rows(tmp_path / "catalog", f"SELECT round, {COLUMNS} FROM training_round ORDER BY round")


HISTORY = {
    "run": "r1", "model": "net", "losses_distributed": [[1, 0.9], [2, 0.7]], "losses_centralized": [[0, 2.3], [1, 0.8]],
    "metrics_distributed_fit": {key: [[1, value], [2, value]] for key, value in EIGHT.items() if key not in ("accuracy", "privacy_level")},
    "metrics_distributed": {"accuracy": [[1, 0.1], [2, 0.2]]}, "metrics_centralized": {"accuracy": [[0, 0.0], [1, 0.81], [2, 0.81]]}, "privacy_level": "high",
}  # fmt: skip
RESULT = {
    "run_id": 77, "model": "net", "privacy_level": "High", "datasets": ["C4"],
    "train_metrics_clientapp": {str(n): {key: value for key, value in EIGHT.items() if key not in ("accuracy", "privacy_level")} for n in (1, 2)},
    "evaluate_metrics_serverapp": {"1": {"eval_acc": 0.81}, "2": {"accuracy": 0.81}},
}  # fmt: skip
ROUNDS = {"run": "r1", "model": "net", "rounds": [{"round": 1, **EIGHT}, {"server_round": 2, **EIGHT, "status": "failed", "at": "2026-03-01T10:00:00Z"}]}


@pytest.mark.parametrize("log", [HISTORY, RESULT, ROUNDS], ids=["history", "result", "rounds"])
def test_the_eight_metrics_of_every_round(tmp_path: Path, log: dict[str, Any]) -> None:
    report, found = read(tmp_path, log)
    assert not report.problems
    assert report.documents == {"flower": 1}
    assert found == [(number, *EIGHT.values()) for number in (1, 2)]


def test_what_a_log_does_not_say_is_not_made_up(tmp_path: Path) -> None:
    read(tmp_path, {"run": "r", "model": "m", "losses_distributed": [[1, 0.5]]})
    found = rows(tmp_path / "catalog", "SELECT framework, nodes, accuracy, energy_kwh, origin, status FROM training_round")
    assert found == [("Flower", None, None, None, "published", "completed")]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"rounds": [{"round": 1, "accuracy": 81}]}, "$.rounds[0].accuracy"),
        ({"rounds": [{"round": 1, "energy_kwh": -1}]}, "$.rounds[0].energy_kwh"),
        ({"rounds": [{"round": 1}, {"accuracy": 1}]}, "$.rounds[1]"),
        ({"rounds": [{"round": 1, "privacy_level": "much"}]}, "$.rounds[0].privacy_level"),
        ({"metrics_centralized": {"accuracy": [[1, 0.5], [2]]}}, "$.metrics_centralized.accuracy[1]"),
        ({"metrics_centralized": {"accuracy": [[1, 0.5]]}, "metrics_distributed": "x"}, "$.metrics_distributed"),
        ({"evaluate_metrics_serverapp": {"1": {"accuracy": 0.5}, "last": {}}}, "$.evaluate_metrics_serverapp.last"),
        ({"losses_centralized": [[1, 0.3]], "latency_s": "NaN"}, "$.latency_s"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_is_kept(tmp_path: Path, wrong: dict[str, Any], path: str) -> None:
    report, found = read(tmp_path, {"run": "r", "model": "m", **wrong})
    assert [problem.path for problem in report.problems] == [path]
    assert [number for number, *_ in found] == [1]


def test_a_run_without_a_name_or_model_is_reported_and_the_others_are_kept(tmp_path: Path) -> None:
    report, found = read(tmp_path, [{"losses_centralized": [[1, 0.3]]}, ROUNDS])
    assert {problem.path for problem in report.problems} == {"$[0].run", "$[0].model"}
    assert len(found) == 2
