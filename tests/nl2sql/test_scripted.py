"""Replies written beforehand, and what is wrong with some of them."""

import json
from pathlib import Path

import pytest

from catalog.errors import UsageError
from nl2sql.backends import DeferredBackend, open_backend
from nl2sql.backends.base import Clarify, Context, Decline, SqlDraft
from nl2sql.linking.link import Linked
from nl2sql.session import read_clock


def context(question: str) -> Context:
    return Context(question=question, linked=Linked(question, {}, {}), now=read_clock(Path("/nowhere")))


def test_a_file_holds_every_kind_of_draft(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    drafts = [{"sql": "SELECT 1", "reading": "one", "confidence": 0.5}, {"clarify": "Which?", "choices": ["a"]}, {"decline": "data_request"}]
    path.write_text(json.dumps({"q": drafts}), encoding="utf-8")
    backend = DeferredBackend(f"scripted:{path}")
    assert backend.draft(context("q")) == [SqlDraft("SELECT 1", "one", 0.5), Clarify("Which?", ("a",), 1.0), Decline("data_request", 1.0)]
    assert backend.draft(context("other")) == [Decline("out_of_scope", 1.0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ("[" * 10_000, "cannot be read"),
        ("[]", "not a JSON object"),
        ('{"q": []}', "'q': expected a list"),
        ('{"q": {}}', "'q': expected a list"),
        ('{"q": [{}]}', "'q', draft 1: expected an object"),
        ('{"q": [{"sql": 1}]}', "'q', draft 1: expected an object"),
        ('{"q": [{"decline": "no"}]}', "'q', draft 1: expected an object"),
        ('{"q": [{"sql": "x"}, {"sql": "x", "confidence": 2}]}', "'q', draft 2: expected a confidence"),
        ('{"q": [{"sql": "x", "confidence": true}]}', "expected a confidence"),
    ],
)
def test_a_bad_file_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"script\.json") as bad:
        open_backend(f"scripted:{path}")
    assert said in bad.value.what


@pytest.mark.parametrize("name", ["", "nonsense", "scripted", "scripted:", "embedded:x"])
def test_an_unknown_backend_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="There is no backend named"):
        open_backend(name)
