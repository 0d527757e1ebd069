"""Requests for a change, told without a model: SQL that would change something, and the words of it as one says them to a colleague."""

import re

from nl2sql.guard.parse import statements_of

CHANGES = frozenset({"DROP", "DELETE", "UPDATE", "INSERT", "ALTER", "CREATE", "MERGE_INTO"})
"""Kinds of statements that change what they name."""
_POLITE = r"(?:(?:and|now|ok|okay|please|pls|then|so|just|also|can you|could you|will you|go and|go ahead and)[ ,]+)*"
_TO_TABLES = re.compile(rf"\s*{_POLITE}(?:drop|truncate|alter|rename|wipe|recreate)\s+(?:(?:the|this|that|all|any|every|each|my|our|your|of)\s+)*(?:\w+\s+)?(?:table|view|schema|database|index|indice)(?:e?s)?\b", re.IGNORECASE)
_DELETES = re.compile(rf"\s*{_POLITE}(?:delete|erase|purge|wipe|destroy|truncate)\b", re.IGNORECASE)


def is_change(text: str) -> bool:
    """Whether a text is SQL that would change something, or asks for that in words: ``DROP TABLE datasets``, ``please drop the table datasets``."""
    return _TO_TABLES.match(text) is not None or not CHANGES.isdisjoint(statements_of(text))


def says_delete(text: str) -> bool:
    """Whether a text begins with a word of deleting that nobody uses to leave something out of an answer: ``purge the old ones``, not ``drop the old ones``."""
    return _DELETES.match(text) is not None
