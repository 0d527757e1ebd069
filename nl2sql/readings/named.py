"""Names that a question back asks for and the question has in part: the one that its words can stand for, or those to choose from. Asks no model."""

from nl2sql.backends.base import Clarify, Draft
from nl2sql.linking.index import NameIndex
from nl2sql.linking.loose import names_alike, said_in_full
from nl2sql.linking.vocabulary import words

OFFERED_NAMES = 8
"""Names that are offered where a question does not say which one it means; of more, none."""


def offered(question: str, kind: str, index: NameIndex) -> list[str]:
    """Names to choose from where one of a kind is asked for."""
    return names_alike(question, kind, index, OFFERED_NAMES)


def named_after_all(question: str, draft: Draft, index: NameIndex) -> str | None:
    """The question with the one name in full that its words can stand for, where it is asked back which is meant: a choice of one is none."""
    if not isinstance(draft, Clarify) or not draft.kind or draft.choices:
        return None
    alike = offered(question, draft.kind, index)
    return said_in_full(question, alike[0]) if len(alike) == 1 else None


def is_of_kind(name: str, kind: str, index: NameIndex) -> bool:
    """Whether something of a kind bears a name."""
    return kind in index.names.get(" ".join(words(name)), {})
