"""Models that draft SQL, chosen by name; each is imported only when it is used."""

from collections.abc import Callable
from pathlib import Path

from catalog.errors import UsageError
from nl2sql.backends.base import Backend, Context, Draft
from nl2sql.errors import BackendUnavailable

BACKENDS = ("embedded", "vllm", "vllm:MODEL", "vllm:URL", "vllm-plan", "vllm-plan:MODEL", "vllm-plan:URL", "vllm-engine:MODEL", "transformers:MODEL", "scripted:FILE")


def open_backend(name: str, threshold: float | None = None) -> Backend:
    """The backend of that name, which asks back below a confidence of ``threshold``, by default its own.

    Raises `UsageError` for any other name and where a backend has no threshold, `BackendUnavailable` when its model is not there.
    """
    kind, _, argument = name.partition(":")
    if name == "embedded":
        from nl2sql.backends.embedded import EmbeddedBackend

        return EmbeddedBackend(threshold=threshold)
    if kind == "vllm-plan":
        from nl2sql.backends.plans import PlanBackend
        from nl2sql.backends.server import Server, address

        return PlanBackend(Server(address(argument)), threshold)
    if threshold is not None:
        raise UsageError(f"Only embedded and vllm-plan have a threshold to lift, not {name!r}.", "Leave out --always-answer.")
    if kind == "vllm":
        from nl2sql.backends.server import Server, address
        from nl2sql.backends.vllm import VllmBackend

        return VllmBackend(Server(address(argument)))
    if kind == "vllm-engine" and argument:
        from nl2sql.backends.vllm_engine import VllmEngineBackend

        return VllmEngineBackend(argument)
    if kind == "transformers" and argument:
        from nl2sql.backends.transformers import TransformersBackend

        return TransformersBackend(argument)
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

    @property
    def samples(self) -> bool:
        """As the backend has it. Raises what `open_backend` raises."""
        return self._opened().samples

    @property
    def tells(self) -> bool:
        """As the backend has it. Raises what `open_backend` raises."""
        return self._opened().tells

    def draft(self, context: Context) -> list[Draft]:
        """What the backend drafts. Raises what `open_backend` raises."""
        return self._opened().draft(context)

    def _opened(self) -> Backend:
        self._backend = self._backend or open_backend(self.name)
        return self._backend


class FallbackBackend:
    """One backend, and another for every question that the first cannot be reached for, which ``say`` is told each time."""

    def __init__(self, name: str, instead: str, say: Callable[[str], None]) -> None:
        self._first, self._instead, self._say = DeferredBackend(name), DeferredBackend(instead), say
        self._answered: DeferredBackend = self._first
        self.name = name

    @property
    def reads_schema(self) -> bool:
        """Of the first."""
        return self._first.reads_schema

    @property
    def samples(self) -> bool:
        """Of the one that drafted last, which is the first until one has; not where that cannot be opened, since the other drafts then."""
        try:
            return self._answered.samples
        except BackendUnavailable:
            return False

    @property
    def tells(self) -> bool:
        """Of the first, which is asked first; not where it cannot be opened."""
        try:
            return self._first.tells
        except BackendUnavailable:
            return False

    def draft(self, context: Context) -> list[Draft]:
        """What the first drafts, else what the other does. A question is mended by whichever drafted it."""
        if not context.attempts:
            self._answered = self._first
        try:
            return self._answered.draft(context)
        except BackendUnavailable as down:
            if self._answered is self._instead:
                raise
            self._say(f"{down.what} The {self._instead.name} backend drafts this one.")
            self._answered = self._instead
            return self._answered.draft(context)
