"""Replies written beforehand, by question: for demonstrations and tests. Knows no model.

A file is one JSON object, question to a list of drafts, best first; a draft is ``{"sql", "reading", "confidence"}``,
``{"clarify", "choices", "confidence"}`` or ``{"decline", "confidence"}``.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, get_args

from catalog.errors import UsageError
from nl2sql.backends.base import Clarify, Context, Decline, DeclineKind, Draft, SqlDraft

UNKNOWN = Decline("out_of_scope", 1.0)


class ScriptedBackend:
    """Says what ``replies`` hold for a question and declines every other; ``contexts`` are those it was given, in order."""

    name = "scripted"
    reads_schema = True
    samples = False
    tells = False

    def __init__(self, replies: Mapping[str, Sequence[Draft]]) -> None:
        self._replies = replies
        self.contexts: list[Context] = []

    @classmethod
    def read(cls, path: Path) -> Self:
        """The backend that a file describes. Raises `UsageError` naming the file and the question that is wrong."""
        try:
            written = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as bad:
            raise UsageError(f"The script {path} cannot be read: {bad}.") from bad
        if not isinstance(written, dict):
            raise UsageError(f"The script {path} is not a JSON object of question to drafts.")
        return cls({question: _drafts(drafts, f"{path}, {question!r}") for question, drafts in written.items()})

    def draft(self, context: Context) -> list[Draft]:
        """The drafts for the question."""
        self.contexts.append(context)
        return list(self._replies.get(context.question, [UNKNOWN]))


def _drafts(written: Any, where: str) -> list[Draft]:
    if not isinstance(written, list) or not written:
        raise UsageError(f"{where}: expected a list of at least one draft.")
    return [_draft(one, f"{where}, draft {at}") for at, one in enumerate(written, 1)]


def _draft(written: Any, where: str) -> Draft:
    match written:
        case {"sql": str(sql)}:
            return SqlDraft(sql, str(written.get("reading", "")), _confidence(written, where))
        case {"clarify": str(message)}:
            return Clarify(message, tuple(str(choice) for choice in written.get("choices", ())), _confidence(written, where))
        case {"decline": kind} if kind in get_args(DeclineKind):
            return Decline(kind, _confidence(written, where))
    raise UsageError(f"{where}: expected an object with sql, clarify, or decline as one of {', '.join(get_args(DeclineKind))}.")


def _confidence(written: Mapping[str, Any], where: str) -> float:
    value = written.get("confidence", 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise UsageError(f"{where}: expected a confidence between 0 and 1.")
    return float(value)
