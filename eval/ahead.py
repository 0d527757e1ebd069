"""Has a backend draft for many of a run's questions at once, before their turns. Which draft is whose, nothing else: turns go as always.

What is drafted ahead is what the turn would be given: a turn that asks anything else, as a mending does, is drafted for when it asks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from time import perf_counter
from typing import TypeVar

from catalog.errors import GovernanceError
from nl2sql.backends.base import Backend, Batching, Context, Draft

MOST = 64
"""Questions or dialogues in a batch: a run that is killed has no more of them to draft again."""
T = TypeVar("T")


class Ahead:
    """A backend, and what it drafted ahead; one that does not draft many at once drafts for each question when it is asked."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._drafted: list[tuple[Context, list[Draft] | GovernanceError]] = []
        self._share_ms = 0.0
        self.spent_ms = 0.0
        """Milliseconds of batches that went to the drafts handed out so far, each an even share of its batch."""
        self.name = backend.name

    @property
    def reads_schema(self) -> bool:
        """Of the backend."""
        return self._backend.reads_schema

    @property
    def samples(self) -> bool:
        """Of the backend."""
        return self._backend.samples

    @property
    def tells(self) -> bool:
        """Of the backend."""
        return self._backend.tells

    def over(self, items: Sequence[T], contexts: Callable[[T], Iterable[Context]]) -> Iterator[T]:
        """The items, one after the other; where the backend drafts many at once, for a batch of them before the first of it.

        ``contexts`` are what the backend will be given for an item, as far as that is known.
        """
        if not isinstance(self._backend, Batching):
            yield from items
            return
        for start in range(0, len(items), MOST):
            batch = items[start : start + MOST]
            wanted = [context for item in batch for context in contexts(item)]
            started = perf_counter()
            self._drafted = list(zip(wanted, self._backend.draft_all(wanted) if wanted else [], strict=True))
            self._share_ms = (perf_counter() - started) * 1000 / max(1, len(wanted))
            yield from batch

    def draft(self, context: Context) -> list[Draft]:
        """What was drafted ahead for this, else what the backend drafts. Raises what it raises."""
        at = next((at for at, (known, _) in enumerate(self._drafted) if known == context), None)
        if at is None:
            return self._backend.draft(context)
        _, found = self._drafted.pop(at)
        self.spent_ms += self._share_ms
        if isinstance(found, GovernanceError):
            raise found
        return found
