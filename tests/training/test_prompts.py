"""Prompt and completion pairs without torch: values fit, every SQL passes the guard, the corpus file holds what it says."""

import json
import re
from datetime import datetime
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.access.policy import Authorisation, Permit, Principal
from catalog.errors import UsageError
from catalog.semantic import views
from nl2sql.corpus.fragments import Example
from nl2sql.grammar import grammar_of
from nl2sql.guard import approve, schema_of
from nl2sql.plan.grammar import parse
from nl2sql.training.fill import SLOT, Values
from nl2sql.training.prompts import Pair, paired, pairs
from nl2sql.training.stream import demo_names
from nl2sql.values import Number, Period, Text
from tests.nl2sql.gbnf import Gbnf
from tui.train import train

NOW = datetime(2026, 10, 16, 12)


@pytest.fixture(scope="module")
def drawn() -> list[Pair]:
    return list(islice(pairs(3), 400))


def test_every_completion_is_sql_that_the_guard_approves_or_a_reply_that_is_none(drawn: list[Pair]) -> None:
    permits = {name: Permit(name, dict.fromkeys(view.columns, "show"), "", ("allow",)) for name, view in views().items()}
    schema = schema_of(Authorisation(Principal(name="ana", roles=("analyst",)), "v1", permits, {}))
    for pair in drawn:
        if pair.completion.startswith("SELECT"):
            assert approve(pair.completion, schema, NOW).sql
        else:
            assert pair.completion == pair.plan
            assert pair.completion.split()[0] in ("REFUSE", "DATA", "CHANGE", "WHICH", "ASK")
            parse(pair.completion)
    assert {pair.tags["head"] for pair in drawn} == {"FROM", "REFUSE", "DATA", "CHANGE", "WHICH", "ASK"}


def test_every_completion_is_in_the_grammar_that_a_served_model_writes_in(drawn: list[Pair]) -> None:
    permits = {name: Permit(name, dict.fromkeys(view.columns, "show"), "", ("allow",)) for name, view in views().items()}
    grammar = Gbnf(grammar_of(schema_of(Authorisation(Principal(name="ana", roles=("analyst",)), "v1", permits, {}))))
    for completion in {pair.completion for pair in drawn[:100]}:
        assert grammar.accepts(completion), completion


def test_questions_and_sql_hold_values_and_no_slots(drawn: list[Pair]) -> None:
    for pair in drawn:
        assert not SLOT.search(pair.question)
        assert f"Question: {pair.question}" in pair.prompt.text
        assert not (pair.completion.startswith("SELECT") and "@" in re.sub(r"'[^']*'", "", pair.completion))
        for slot in re.findall(r"@(\w+)", pair.plan):
            assert f"\n{slot} = " in pair.prompt.question


def test_names_in_sql_are_those_that_the_prompt_gives(drawn: list[Pair]) -> None:
    vocabulary = {value for view in views().values() for column in view.columns.values() for value in column.values}
    for pair in drawn:
        if pair.completion.startswith("SELECT") and "contains(" not in pair.completion:  # which searches in small letters
            bare = re.sub(r"(TIMESTAMP|INTERVAL|date_trunc\(|date_diff\(|DATE_DIFF\(|concat_ws\() ?'[^']*'", "", pair.completion)
            for value in re.findall(r"'((?:[^']|'')*)'", bare):
                assert value in vocabulary or f"'{value}'" in pair.prompt.question


def test_the_same_seed_gives_the_same_pairs(drawn: list[Pair]) -> None:
    assert list(islice(pairs(3), 20)) == drawn[:20]
    assert list(islice(pairs(4), 20)) != drawn[:20]


def test_the_plan_target_writes_the_plan() -> None:
    for pair in islice(pairs(3, "plan"), 20):
        assert pair.completion == pair.plan


@pytest.mark.parametrize(
    ("question", "plan", "slot", "kind"),
    [
        ("datasets over number1 gb", "FROM datasets WHERE datasets.bytes GT @number1 SELECT datasets.name", "@number1", Number),
        ("number1 largest datasets", "FROM datasets SELECT datasets.name ORDER datasets.bytes DESC LIMIT @number1", "@number1", Number),
        ("nodes below number1 % uptime", "FROM nodes WHERE nodes.uptime LT @number1 SELECT nodes.node", "@number1", Number),
        ("updated period1", "FROM datasets WHERE datasets.last_updated DURING @period1 SELECT datasets.name", "@period1", Period),
        ("who owns dataset1", "FROM datasets WHERE datasets.name EQ @dataset1 SELECT datasets.owner", "@dataset1", Text),
        ("data about term1", "FROM datasets WHERE datasets.description CONTAINS @term1 SELECT datasets.name", "@term1", Text),
        ("tables with a column1 column", "FROM columns WHERE columns.column_name EQ @column1 SELECT columns.dataset", "@column1", Text),
    ],
)
def test_a_slot_gets_a_value_of_its_kind(question: str, plan: str, slot: str, kind: type) -> None:
    import random

    values = Values(demo_names(), random.Random(1))
    for _ in range(40):
        linked = values.linked(Example(question, plan, ""), NOW)
        assert linked is not None
        value = linked.bindings[slot]
        assert isinstance(value, kind)
        pair = paired(Example(question, plan, ""), linked, NOW, "sql")
        assert pair is not None
        if isinstance(value, Number) and "gb" in question:
            assert value.unit == "bytes"
        if isinstance(value, Number) and "LIMIT" in plan:
            assert pair.completion.endswith(f"LIMIT {int(value.value)}")
            assert value.value >= 1
        if isinstance(value, Number) and "%" in question:
            assert 0 < float(pair.completion.split("< ")[1]) < 1


def test_the_corpus_is_written_for_other_trainers(tmp_path: Path) -> None:
    file = tmp_path / "new" / "corpus.jsonl"
    ran = CliRunner().invoke(train, ["--corpus", str(file), "--examples", "25", "--target", "plan"], catch_exceptions=False)
    assert (ran.exit_code, ran.stdout) == (0, "")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 25
    for line in lines:
        assert line.keys() == {"prompt", "completion", "plan", "question", "tags"}
        assert line["completion"] == line["plan"]
        assert line["question"] in line["prompt"]
        assert set(line["tags"]["views"]) <= views().keys()
    assert [path.name for path in file.parent.iterdir()] == ["corpus.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rank", "4"], "--rank does not go with the embedded model."),
        (["--resume"], "--resume does not go with the embedded model."),
        (["--corpus", "x.jsonl", "--merge"], "--merge does not go with --corpus."),
        (["--lora", "m", "--export", "x"], "--export does not go with --lora."),
        (["--lora", "m", "--corpus", "x"], "--corpus does not go with --lora."),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        CliRunner().invoke(train, arguments, catch_exceptions=False)
