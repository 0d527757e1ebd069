"""What ends the app from outside: an interrupt, a polite kill, a terminal that is closed. The screen is given back and nothing is left running."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

SIGNALS = tuple(number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)))
BY_SIGNAL = 128
"""Exit codes above it name the signal, as shells have it."""


def unwind() -> None:
    """From here on a signal unwinds what is open, as an exit does: a folder that is only for now goes, and so do children."""
    for number in SIGNALS[1:]:  # an interrupt does so by itself
        signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(BY_SIGNAL + number)


def heed(leave: Callable[[int], None]) -> None:
    """While the running loop lasts, a signal calls ``leave`` with the exit code; where a loop cannot be told of signals, nothing changes."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, leave, BY_SIGNAL + number)
