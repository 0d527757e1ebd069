"""Does what takes long in a thread of its own, so that what it writes is told meanwhile and whoever waits can be called away."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from queue import SimpleQueue
from time import monotonic
from typing import TypeVar

from nl2sql.backends.base import MOST_TOLD, Tell
from nl2sql.stop import Stop
from nl2sql.turn import Writing

EVERY_S = 0.1
"""At least so long from one telling to the next."""
GRACE_S = 1.0
"""Seconds that are waited for what was stopped to end."""

T = TypeVar("T")


def telling(work: Callable[[Tell], T], stop: Stop) -> Generator[Writing, None, T]:
    """What ``work`` returns or raises, after what it tells.

    ``stop`` is set where nobody waits any more: the generator is closed, or an interrupt ends the waiting.
    """
    heard: SimpleQueue[Writing | None] = SimpleQueue()
    due = 0.0

    def tell(text: str) -> None:
        nonlocal due
        if (now := monotonic()) >= due:
            due = now + EVERY_S
            heard.put(Writing(text[:MOST_TOLD]))

    thread = ThreadPoolExecutor(1, "telling")
    found = thread.submit(work, tell)
    found.add_done_callback(lambda _: heard.put(None))
    try:
        while (writing := heard.get()) is not None:
            yield writing
    finally:
        if not found.done():
            stop.set()
            wait([found], GRACE_S)
        thread.shutdown(wait=False)
    return found.result()
