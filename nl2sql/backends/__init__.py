"""Models that draft SQL, chosen by name; each is imported only when it is used."""

from pathlib import Path

from catalog.errors import UsageError
from nl2sql.backends.base import Backend, Context, Draft

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


class DeferredBackend:
    """The backend of that name, opened by its first question: one that cannot be opened is then an outcome like others."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._backend: Backend | None = None

    @property
    def reads_schema(self) -> bool:
        """As the backend has it. Raises what `open_backend` raises."""
        return self._opened().reads_schema

    def draft(self, context: Context) -> list[Draft]:
        """What the backend drafts. Raises what `open_backend` raises."""
        return self._opened().draft(context)

    def _opened(self) -> Backend:
        self._backend = self._backend or open_backend(self.name)
        return self._backend
