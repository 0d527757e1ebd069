"""Models that draft SQL, chosen by name; each is imported only when it is used."""

from pathlib import Path

from catalog.errors import UsageError
from nl2sql.backends.base import Backend

BACKENDS = ("embedded", "scripted:FILE")


def open_backend(name: str) -> Backend:
    """The backend of that name. Raises `UsageError` for any other, `BackendUnavailable` when its model is not there."""
    kind, _, argument = name.partition(":")
    if name == "embedded":
        from nl2sql.backends.embedded import EmbeddedBackend

        return EmbeddedBackend()
    if kind == "scripted" and argument:
        from nl2sql.backends.scripted import ScriptedBackend

        return ScriptedBackend.read(Path(argument))
    raise UsageError(f"There is no backend named {name!r}.", f"Choose one of: {', '.join(BACKENDS)}.")
