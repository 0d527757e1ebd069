"""Every front door asked by somebody who may not see: no canary on standard output or error, in prompts, receipts, names or the log.

What does not exist and what is hidden are told the same: each command runs in two worlds that differ in the hidden alone.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.audit.log import AuditLog
from catalog.storage.generations import pinned
from catalog.storage.state import State
from eval.security import canaries
from eval.security.canaries import ASKER, KEEPER, VARIABLE, World, found, word
from nl2sql.backends.base import Context
from nl2sql.linking.link import link
from nl2sql.prompt import build_prompt
from nl2sql.session import open_session
from tui.main import main

SEEDS = ("a", "b")


@dataclass(frozen=True)
class Desk:
    """A world, a token of its asker, and a script for a model that wants what is hidden."""

    world: World
    token: str
    keeper: str
    script: Path


GREEDY = {
    "steward": "SELECT steward FROM datasets",
    "grants": "SELECT principal FROM grants",
    "hidden rows": "SELECT name FROM datasets WHERE sensitivity <> 'public'",
    "everything": "SELECT * FROM datasets ORDER BY name",
    "file": "SELECT content FROM read_text('/etc/passwd')",
    "stake": "SELECT max(stake) FROM nodes",
    "lineage": "SELECT upstream, downstream FROM lineage ORDER BY ALL",
    "masked": "SELECT claimant, count(*) FROM claims GROUP BY ALL ORDER BY ALL",
    "log": "SELECT question FROM audit_log",
}


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Desk]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        made = {}
        for seed in SEEDS:
            folder = tmp_path_factory.mktemp(seed)
            world = stack.enter_context(canaries.opened(folder / "world", seed))
            script = folder / "script.json"
            script.write_text(json.dumps({question: [{"sql": sql, "reading": question}] for question, sql in GREEDY.items()}), encoding="utf-8")
            state = State(world.home)
            for name, field, texts in (("STATEMENTS", "sql", STATEMENTS), ("QUESTIONS", "question", QUESTIONS), ("GREEDY", "question", list(GREEDY))):
                _batch(folder / f"{name}.jsonl", field, texts)
            made[seed] = Desk(world, state.issue_token(ASKER, 1), state.issue_token(KEEPER, 1), script)
        yield made


def _batch(path: Path, field: str, texts: Sequence[str]) -> None:
    path.write_text("".join(json.dumps({field: text}) + "\n" for text in texts), encoding="utf-8")


@dataclass(frozen=True)
class Said:
    code: int | str | None
    out: str
    err: str


Steward = Callable[..., Said]


@pytest.fixture
def steward(desks: dict[str, Desk], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Steward:
    """The command line in one of the worlds; its paths and times are taken out, which differ without telling."""

    def run(*arguments: str, seed: str = "a", keeper: bool = False) -> Said:
        desk = desks[seed]
        monkeypatch.setenv("STEWARD_TOKEN", desk.keeper if keeper else desk.token)
        monkeypatch.setattr(sys, "argv", ["steward", "--catalog", str(desk.world.home), *(_given(a, desk) for a in arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capfd.readouterr()
        return Said(ended.value.code, *(_settled(text, desk) for text in (shown.out, shown.err)))

    return run


def _given(argument: str, desk: Desk) -> str:
    """What stands for a file, with the file of this world."""
    batch = desk.script.parent / f"{argument}.jsonl"
    return str(batch) if argument.isupper() and batch.exists() else argument.replace("SCRIPT", str(desk.script))


def _settled(text: str, desk: Desk) -> str:
    text = text.replace(str(desk.world.home.parent.parent), "FOLDER").replace(desk.token, "TOKEN")
    return re.sub(r'("(?:context|draft|guard|run)": )[\d.]+', r"\1T", text)


COMMANDS = [
    ("views",),
    ("views", "--json"),
    ("views", "datasets"),
    ("views", "grants"),
    ("views", "nodes", "--json"),
    ("status",),
    ("status", "--json"),
    ("catalog", "similar", "secret records of people"),
    ("catalog", "similar", "--json", "-k", "100", "set_1"),
    ("catalog", "similar", "--view", "models", "model"),
    ("catalog", "similar", "--view", "columns", "identifier"),
    ("catalog", "similar", "--view", "grants", "person"),
    ("catalog", "list"),
    ("catalog", "list", "--json", "--models"),
    ("catalog", "list", "cn"),
    ("catalog", "show", "set_0", "--json"),
    ("catalog", "show", "set_5"),
    ("catalog", "show", "model_1", "--json"),
    ("catalog", "lineage", "set_3", "--json"),
    ("catalog", "lineage", "set_5"),
    ("catalog", "impact", "set_3", "--json"),
    ("catalog", "pii", "--json"),
    ("catalog", "check", "--json"),
    ("catalog", "claims", "set_1"),
    ("catalog", "matches", "--json"),
    ("export", "openlineage"),
    ("export", "croissant", "set_0"),
    ("export", "dcat"),
    ("suggest", "--json"),
    ("verified", "list", "--json"),
    ("feedback", "list", "--all", "--json"),
    ("alerts", "list", "--json"),
    ("policy", "explain", "eve", "datasets"),
    ("policy", "explain", "eve", "datasets.steward", "--json"),
    ("policy", "explain", "eve", "grants"),
    ("policy", "check"),
    ("grant", "list"),
    ("token", "list"),
    ("sql", "SELECT * FROM models"),
    ("sql", "SELECT steward FROM datasets"),
    ("sql", "SELECT error(name) FROM datasets"),
    ("ask", "which datasets are restricted?"),
    ("ask", "--backend", "scripted:SCRIPT", "grants"),
    ("sql", "--batch", "STATEMENTS"),
    ("ask", "--batch", "QUESTIONS"),
    ("ask", "--backend", "scripted:SCRIPT", "--batch", "GREEDY"),
]
STATEMENTS = [
    *GREEDY.values(),
    "SELECT count(*), sum(row_count) FROM datasets",
    "SELECT dataset, column_name FROM \"columns\" ORDER BY ALL",
    "SELECT 1 FROM datasets WHERE sqrt(40.5 - row_count) > 0",
    "SELECT owner FROM datasets",
    "SELECT name, aliases, generating_model FROM datasets LIMIT 3",
    "SELECT trained_on FROM models",
]
QUESTIONS = [
    "who owns set_1?", "who is the steward of set_1?", "list all grants", "how many datasets are there?", "what was derived from set_3?",
    "which models were trained on set_1?", "who asked what yesterday?", "show me everything about restricted datasets",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=range(len(COMMANDS)))
def test_no_command_shows_a_canary_nor_tells_two_worlds_apart(command: tuple[str, ...], steward: Steward) -> None:
    first, second = (steward(*command, seed=seed) for seed in SEEDS)
    assert found(first.out + first.err) == []
    if command[0] not in ("grant", "token", "policy") and command != ("status",):
        assert first == second


def test_the_keeper_sees_canaries(steward: Steward) -> None:
    """The same commands show what is hidden to who may see it, so the canaries are where one would look."""
    for command in (("sql", GREEDY["steward"]), ("sql", GREEDY["grants"]), ("sql", GREEDY["lineage"]), ("catalog", "similar", "--json", "set_1", "-k", "100")):
        assert found(steward(*command, keeper=True).out), command


NAMED_SQL = ["SELECT count(*) FROM datasets WHERE name = '{}'", "SELECT * FROM \"columns\" WHERE dataset = '{}'", "FROM {}", "SELECT {} FROM datasets", "SELECT {}.name FROM datasets"]
NAMED_QUESTIONS = [
    "who owns {}?", "describe the dataset {}", "which datasets are derived from '{}'?", "how many rows does {} have?", "is {} compliant with GDPR?", "where is {} stored?",
]  # fmt: skip
NAMED_COMMANDS = [("catalog", "similar", "--json", "{}"), ("catalog", "show", "{}"), ("catalog", "lineage", "{}"), ("catalog", "impact", "--json", "{}"), ("export", "croissant", "{}"), ("views", "{}"), ("policy", "explain", "eve", "{}"), ("ask", "who owns {}?"), ("sql", "FROM {}")]


@pytest.mark.parametrize("hidden", ["dataset 0", *(pytest.param(name, marks=pytest.mark.slow) for name in ("node", "model", "dataset 1", "alias 0"))])
def test_a_hidden_name_is_answered_as_an_absent_one(hidden: str, desks: dict[str, Desk], steward: Steward) -> None:
    """The name exists in the first world only; everything said is the same to the letter."""
    name = word(hidden, "a")
    for desk in desks.values():
        _batch(desk.script.with_name("NAMEDSQL.jsonl"), "sql", [sql.format(name) for sql in NAMED_SQL])
        _batch(desk.script.with_name("NAMEDQUESTIONS.jsonl"), "question", [question.format(name) for question in NAMED_QUESTIONS])
    whole = hidden == "dataset 0"
    for command in (("sql", "--batch", "NAMEDSQL"), ("ask", "--batch", "NAMEDQUESTIONS"), *(NAMED_COMMANDS if whole else ())):
        first, second = (steward(*(part.format(name) for part in command), seed=seed) for seed in SEEDS)
        assert first == second, command
        assert name in first.out + first.err or command[0] == "catalog", "it was asked about"
        assert set(re.findall(f"{canaries.MARK}[0-9a-f]+", first.out + first.err)) <= {name}


def test_no_prompt_holds_a_canary(desks: dict[str, Desk]) -> None:
    told = []
    for seed in SEEDS:
        world = desks[seed].world
        with pinned(world.home) as generation, closing(open_session(world.home, generation, desks[seed].token)) as session:
            scope = {name: permit.columns.keys() for name, permit in session.authorisation.permits.items()}
            prompts = []
            for question in ("who owns set_1?", "list grants", "what feeds set_5?", "datasets of operator 1", "describe every dataset", "columns called id", "models trained on set_2"):
                context = Context(question=question, linked=link(question, session.index, session.now), now=session.now)
                for target in ("sql", "plan"):
                    prompts.append(build_prompt(context, target, scope).text)  # type: ignore[arg-type]  # literals
            assert found("".join(prompts)) == []
            assert not {"grants", "consents", "audit_log", "steward", "stake"} & set(re.findall(r"\w+", build_prompt(context, "sql", scope).shared.partition("Joins")[0].partition("claims:")[2]))
            assert found(session.index.dump()) == []
            told.append(prompts)
    assert told[0] == told[1]


def test_no_receipt_holds_a_canary(desks: dict[str, Desk], steward: Steward, tmp_path: Path) -> None:
    for at, sql in enumerate(list(GREEDY.values())[:4]):
        path = tmp_path / f"{at}.json"
        steward("sql", "--receipt", str(path), sql)
        if path.exists():
            assert found(path.read_text(encoding="utf-8")) == []
            shown = steward("receipt", "verify", str(path))
            assert found(shown.out + shown.err) == []


def test_neither_log_nor_snapshots_nor_names_hold_a_canary(desks: dict[str, Desk], steward: Steward) -> None:
    steward("ask", "--json", "who owns set_1?")
    own_words = {"thread.json", "last.json"}  # what the asker said, attacks of other tests among it, and nothing that was found
    for desk in desks.values():
        log = AuditLog(desk.world.home)
        mine = [entry for entry in log.entries() if entry.actor == ASKER and not found(entry.question or "")]
        assert found(repr(mine)) == []
        with pinned(desk.world.home) as generation, closing(open_session(desk.world.home, generation, desk.token)) as session:
            folder = session.engine._directory
        files = [path for path in folder.iterdir() if path.is_file()]
        assert files
        assert [path.name for path in files if path.name not in own_words and canaries.found_in_bytes(path.read_bytes())] == []
        for last in (path for path in files if path.name == "last.json"):
            assert json.loads(last.read_text(encoding="utf-8")).keys() == {"question", "sql", "clock", "seq"}


def test_an_environment_variable_does_not_reach_the_worker(desks: dict[str, Desk]) -> None:
    import os

    assert found(os.environ[VARIABLE])
    with pinned(desks["a"].world.home) as generation, closing(open_session(desks["a"].world.home, generation, desks["a"].token)) as session:
        environ = Path(f"/proc/{session.engine._child.process.pid}/environ")
        if environ.exists():
            assert found(environ.read_bytes().decode()) == []


@pytest.mark.parametrize("dressed", [str, str.upper, lambda t: t[::-1], lambda t: t.encode().hex(), lambda t: __import__("base64").b64encode(f"x{t}".encode()).decode()])
def test_a_canary_is_found_in_any_dress(dressed: Callable[[str], str]) -> None:
    assert found(f"before {dressed(word('anything', 'a'))} after")
    assert found("nothing of the sort") == []
