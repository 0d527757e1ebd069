"""Every command of the tree: what its help says, how its options are called, and what programs read of it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from tui.main import EXIT_CODES, VERBS
from tui.settings import SETTINGS, TOKENED
from tui.spec import examples, walk

ROOT = Path(__file__).parents[2]
COMMANDS = [(" ".join(path), command, context) for path, command, context in walk()]
LEAVES = [pytest.param(name, command, context, id=name) for name, command, context in COMMANDS if not isinstance(command, click.Group)]
WIDEST = 100

NO_JSON = {
    "steward chat": "a terminal app",
    "steward tour": "a walk for people",
    "steward serve-model": "runs until it is stopped",
    "steward train": "prints progress alone",
    "steward completion": "prints a script",
    "steward eval schema": "prints JSON anyway",
    "steward audit prove": "prints JSON anyway",
    "steward audit keys": "prints JSON anyway",
    "steward audit rotate-key": "prints one key",
    "steward eval check": "prints nothing but progress",
    **dict.fromkeys(
        ("steward demo", "steward source add", "steward source remove", "steward node init", "steward node rotate", "steward catalog merge", "steward catalog split",
         "steward audit erase", "steward audit witness", "steward token revoke", "steward grant give", "steward grant revoke"),
        "changes something and says so on standard error",
    ),
}  # fmt: skip
SEVERAL_MEANINGS = {"--key", "--resume", "--lora", "--batch", "--sql"}
"""Options of one name that mean different things in commands far apart, as their help says."""


@pytest.mark.parametrize(("name", "command", "context"), LEAVES)
def test_help_says_what_it_does_with_an_example(name: str, command: click.Command, context: click.Context) -> None:
    help_ = command.get_help(context)
    assert command.help and command.help[0].isupper()
    assert examples(command), "no example"
    assert any(re.search(rf"\b{re.escape(name)}\b", line) for line in examples(command))
    assert max(map(len, help_.splitlines())) <= WIDEST
    assert all(option.help for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize(("name", "command", "context"), LEAVES)
def test_examples_name_options_that_there_are(name: str, command: click.Command, context: click.Context) -> None:
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
    for example in examples(command):
        if name in example:
            said = re.sub(r'"[^"]*"', "", example.partition(name)[2].partition(">")[0].partition("|")[0])
            assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", said)) <= known | {"--max-model-len", "--enforce-eager"}, example


@pytest.mark.parametrize(("name", "command", "context"), LEAVES)
def test_examples_are_calls_that_are_understood(name: str, command: click.Command, context: click.Context) -> None:
    """Every word of an example is parsed as it would be typed; only files that a reader has and we have not may be missing."""
    for example in examples(command):
        for call in re.split(r"\s(?:&&|\|)\s", example):
            if name in call and "…" not in call:
                words = shlex.split(call.partition(" > ")[0].partition(name)[2], comments=True)
                try:
                    command.make_context(name, words, parent=context.parent).close()
                except click.UsageError as error:
                    assert re.search("does not exist|No such file", error.format_message()), (call, error.format_message())


def test_groups_have_help_and_hide_nothing() -> None:
    for name, command, context in COMMANDS:
        if isinstance(command, click.Group):
            help_ = command.get_help(context)
            assert command.help, name
            assert max(map(len, help_.splitlines())) <= WIDEST
            assert all(re.search(rf"^  {re.escape(below)}\b", help_, re.M) for below in command.list_commands(context))
        assert not command.hidden
        assert not any(isinstance(param, click.Option) and param.hidden for param in command.params)


def test_what_prints_data_prints_json() -> None:
    without = {name for name, command, _ in COMMANDS if not isinstance(command, click.Group) and not any("--json" in p.opts for p in command.params)}
    assert without == set(NO_JSON)


def test_an_option_means_the_same_everywhere() -> None:
    kinds: dict[str, set[str]] = {}
    for _, command, _ in COMMANDS:
        for param in command.params:
            if isinstance(param, click.Option):
                for option in param.opts:
                    kind = "path" if isinstance(param.type, click.Path | click.File) else param.type.name
                    kinds.setdefault(option, set()).add(kind)
    assert {option for option, found in kinds.items() if len(found) > 1} <= SEVERAL_MEANINGS


def test_settings_reach_parameters_that_there_are() -> None:
    parameters = {name.removeprefix("steward "): {p.name for p in command.params} for name, command, _ in COMMANDS}
    for setting in SETTINGS:
        assert all(setting.option in parameters[command] for command in setting.commands), setting.name
    assert {name for name, found in parameters.items() if "token" in found} == set(TOKENED)


def test_spec_has_every_command(steward: Any) -> None:
    told = steward("spec", "--json").json
    assert {entry["command"] for entry in told["commands"]} == {name for name, _, _ in COMMANDS}
    assert told["exit_codes"] == {str(code): about for code, about in EXIT_CODES.items()}
    ask = next(entry for entry in told["commands"] if entry["command"] == "steward ask")
    limit = next(option for option in ask["options"] if "--limit" in option["names"])
    assert (limit["type"], limit["default"], limit["required"]) == ("integer range", 500, False)
    assert ask["arguments"][0]["many"] is True
    form = next(option for option in ask["options"] if "--format" in option["names"])
    assert "jsonl" in form["choices"]


def test_spec_of_one_command_and_of_none(steward: Any) -> None:
    assert steward("spec", "eval", "run").out.startswith(b"Usage: steward eval run")
    ran = steward("spec", "nothing")
    assert (ran.code, ran.out) == (2, b"")
    assert "no command 'nothing'" in ran.err


def test_the_readme_lists_the_exit_codes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for code, about in EXIT_CODES.items():
        assert f"| {code} | {about} |" in readme


def test_verbs_are_not_loaded_to_list_them() -> None:
    code = "import sys, click\nfrom tui.main import cli\nctx = click.Context(cli)\ncli.shell_complete(ctx, '')\ncli.get_help(ctx)\nprint([m for m in sys.modules if m.startswith('tui.')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stdout.strip() == "['tui.main']"
    assert len(VERBS) > 20


@pytest.mark.parametrize(("choice", "is_styled"), [("always", True), ("never", False), ("auto", False)])
def test_colour_is_as_asked(steward: Any, choice: str, is_styled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = steward("--color", choice, "sql", "-q", "SELECT 1 AS one")
    assert (b"\x1b[" in ran.out) is is_styled
    monkeypatch.setenv("NO_COLOR", "1")
    assert (b"\x1b[" in steward("--color", choice, "sql", "-q", "SELECT 1 AS one").out) is (choice == "always")
