"""Lengths of time that the views measure: what they are called, and from when to when they go. ``node_events#hours_to_resolve`` goes from ``at`` to ``resolved``."""

from collections.abc import Mapping
from functools import cache

from catalog.semantic import views
from nl2sql.plan.named import named_measures

MEANS = ("AVG_HOURS", "AVG_DAYS")


@cache
def lengths() -> Mapping[str, tuple[str, str]]:
    """Measures that are means of a length of time, in the order in which the views declare them, and from when to when it goes."""
    spans = {token: (item.args[0], item.args[1]) for item, token in named_measures().items() if item.fn in MEANS}
    declared = [f"{view.name}#{name}" for view in views().values() for name in view.measures]
    return {token: spans[token] for token in declared if token in spans}


def start_of(end: str) -> str:
    """The time from which the length is measured that ends with another one."""
    return next(start for start, stop in lengths().values() if stop == end)
