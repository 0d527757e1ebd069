"""The wish that something end early, from any thread. Knows nothing of what is to end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stop:
    """Set once, for good; whoever waits meanwhile for something else is called."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Callable[[], object]] = []

    def is_set(self) -> bool:
        """Whether it is wished."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until it is wished; whether it is."""
        return self._event.wait(seconds)

    def set(self) -> None:
        """Wish it. What is called is called in this thread and must not wait."""
        with self._lock:
            self._event.set()
            calls = list(self._calls)
        for call in calls:
            call()

    @contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """While the block lasts, the wish calls ``call``; at once where it is there already."""
        with self._lock:
            self._calls.append(call)
        try:
            if self.is_set():
                call()
            yield
        finally:
            with self._lock:
                self._calls.remove(call)
