"""Models that draft SQL, chosen by name; each is imported only when it is used."""

from nl2sql.backends.base import Backend
from nl2sql.errors import BackendUnavailable

BACKENDS = ("embedded",)


def open_backend(name: str) -> Backend:
    """The backend of that name. Raises `BackendUnavailable` for any other."""
    if name == "embedded":
        from nl2sql.backends.embedded import EmbeddedBackend

        return EmbeddedBackend()
    raise BackendUnavailable(f"There is no backend named {name!r}.", f"Choose one of: {', '.join(BACKENDS)}.")
