"""A process that kills itself at a chosen step, for programs that tests run in a child: a step is a call that changes a file."""

import os
import signal
from collections.abc import Callable
from typing import Any


def counted(function: Callable[..., Any], deadly: int, step: list[int]) -> Callable[..., Any]:
    """The function, which is one step and kills the process with SIGKILL before it is step ``deadly``."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        step[0] += 1
        if step[0] == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)

    return call


def die_at(deadly: int, *names: str) -> list[int]:
    """Make every call of these functions of ``os`` a step; returns the count of steps, which goes on."""
    step = [0]
    for name in names:
        setattr(os, name, counted(getattr(os, name), deadly, step))
    return step
