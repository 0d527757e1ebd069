"""Logs of federated training as Flower keeps them: its ``History`` and ``Result`` written as JSON, or a list of rounds.

Flower records losses and metrics per round; what else a round has (GB per node, update size, duration, privacy, energy) are metrics that
an application reports under these names, or stands once beside them. https://flower.ai/docs/framework/ref-api/flwr.serverapp.strategy.Result.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Record, TrainingRound

HISTORY = ("metrics_centralized", "metrics_distributed", "metrics_distributed_fit")
"""``History``: by metric, pairs of round and value; what the server evaluated counts before what clients did, and that before training."""
RESULT = ("evaluate_metrics_serverapp", "evaluate_metrics_clientapp", "train_metrics_clientapp")
"""``Result``: by round, values by metric; in the same order."""
LOSSES = ("losses_centralized", "losses_distributed")
NAMES = {
    "nodes": ("nodes", "num_nodes", "num_clients", "clients"),
    "gb_per_node": ("gb_per_node", "data_gb_per_node"),
    "update_mb": ("update_mb", "update_size_mb"),
    "latency_s": ("latency_s", "latency", "duration_s", "round_time_s"),
    "privacy_level": ("privacy_level",),
    "epsilon": ("epsilon", "dp_epsilon"),
    "accuracy": ("accuracy", "eval_acc", "eval_accuracy", "acc", "centralized_accuracy", "federated_evaluate_accuracy"),
    "energy_kwh": ("energy_kwh",),
}
"""The eight metrics of a round, and what logs call them."""
OTHERS = {
    "participants": ("participants",), "datasets": ("datasets", "dataset_ids"), "slowest_node": ("slowest_node",), "status": ("status",),
    "at": ("at", "ended", "timestamp"),
}  # fmt: skip
LEVELS = {"high": "high", "medium": "medium", "low": "low"}
STATUSES = {"completed": "completed", "finished": "completed", "success": "completed", "failed": "failed", "running": "running"}
MOST_ROUNDS = 100_000


class Flower:
    """Reads every round of a run; what one of them has wrong is reported, and the rest of it kept."""

    kind = "flower"

    def detects(self, document: Document) -> bool:
        """A log with at least one of Flower's own keys, or with rounds that have numbers; or a list with one."""
        value = document.value
        return any(_shape(each) for each in value) if isinstance(value, list) else _shape(value)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """The rounds of every run of a document. Raises BadDocument when no run in it has a name, a model and a round."""
        found = False
        for run in context.root(document).each():
            if not _shape(run.value):
                context.complain(run.path, "a log of training rounds")
                continue
            for record in _run(run, context.node):
                found = True
                yield record
        if not found:
            raise BadDocument("$", "a run with a name, a model and at least one round")


def _shape(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if any(isinstance(value.get(key), dict) for key in (*HISTORY, *RESULT)) or any(isinstance(value.get(key), list) for key in LOSSES):
        return True
    rounds = value.get("rounds")
    named = {"run", "run_id"} & value.keys()
    return bool(named) and isinstance(rounds, list) and any(isinstance(each, dict) and {"round", "server_round"} & each.keys() for each in rounds)


def _run(run: Part, node: str) -> Iterator[TrainingRound]:
    """Rounds in their order. What stands beside them holds for every round that does not say otherwise."""
    name, model = run.first("run", "run_id").line(), run.first("model", "model_name").line()
    for part, told_as, what in ((run["run"], name, "the name of the run"), (run["model"], model, "the name of the model")):
        if told_as is None:
            part.complain(part.path, what)
    if name is None or model is None:
        return
    framework = run["framework"].line() or ("Flower" if any(run[key].present for key in (*HISTORY, *RESULT, *LOSSES)) else None)
    rounds = _rounds(run)
    for number in sorted(rounds):
        told = rounds[number]

        def of(field: str, names: Mapping[str, tuple[str, ...]], told: Mapping[str, Part] = told) -> Part:
            return next((told[key] for key in names[field] if key in told and told[key].present), run.first(*names[field]))

        participants = of("participants", OTHERS).lines()
        nodes = of("nodes", NAMES).whole()
        yield TrainingRound(
            node=node,
            run=name,
            model=model,
            framework=framework,
            round=number,
            nodes=nodes if nodes is not None else len(participants) or None,
            participants=participants,
            gb_per_node=_positive(of("gb_per_node", NAMES)),
            update_mb=_positive(of("update_mb", NAMES)),
            latency_s=_positive(of("latency_s", NAMES)),
            privacy_level=_word(of("privacy_level", NAMES), LEVELS),
            epsilon=_positive(of("epsilon", NAMES)),
            accuracy=_ratio(of("accuracy", NAMES)),
            energy_kwh=_positive(of("energy_kwh", NAMES)),
            datasets=of("datasets", OTHERS).lines(),
            slowest_node=of("slowest_node", OTHERS).line(),
            status=_word(of("status", OTHERS), STATUSES) or "completed",
            at=(at := of("at", OTHERS).moment()),
            as_of=at,
        )


def _rounds(run: Part) -> dict[int, dict[str, Part]]:
    """By round, every value with its name; the first place that tells one counts. Round 0 is the model before training."""
    found: dict[int, dict[str, Part]] = {}

    def told(number: int | None, name: str, value: Part) -> None:
        if number and (number in found or len(found) < MOST_ROUNDS):
            found.setdefault(number, {}).setdefault(name, value)

    for each in run["rounds"].each():
        number = each.first("round", "server_round").whole() if isinstance(each.value, dict) else None
        if number is None:
            each.complain(each.path, "a round and its number")
            continue
        for name, value in each.members():
            told(number, name, value)
    for key in HISTORY:
        for name, pairs in _members(run[key]):
            for number, value in _pairs(pairs):
                told(number, name, value)
    for key in RESULT:
        for text, metrics in _members(run[key]):
            number = Part(text, metrics.path, metrics.complain).whole()
            for name, value in _members(metrics) if number is not None else ():
                told(number, name, value)
    for key in LOSSES:
        for number, value in _pairs(run[key]):
            told(number, "loss", value)
    return found


def _members(part: Part) -> Iterator[tuple[str, Part]]:
    """Keys and values of an object that may be absent."""
    return part.members() if part.present else iter(())


def _pairs(part: Part) -> Iterator[tuple[int, Part]]:
    """Rounds and values of a list of pairs; what is no pair is reported."""
    if not part.present:
        return
    if not isinstance(part.value, list):
        part.complain(part.path, "a list of pairs of round and value")
        return
    for pair in part.each():
        inside = list(pair.each()) if isinstance(pair.value, list) else []
        number = inside[0].whole() if len(inside) == 2 else None
        if number is None:
            pair.complain(pair.path, "a pair of round and value")
        else:
            yield number, inside[1]


def _positive(part: Part) -> float | None:
    value = part.number()
    if value is None or value >= 0:
        return value
    part.complain(part.path, "a number from 0")
    return None


def _ratio(part: Part) -> float | None:
    value = part.number()
    if value is None or 0 <= value <= 1:
        return value
    part.complain(part.path, "a share from 0 to 1")
    return None


def _word(part: Part, words: Mapping[str, str]) -> str | None:
    said = (part.line() or "").lower()
    if said and said not in words:
        part.complain(part.path, f"one of {', '.join(words)}")
    return words.get(said)
