"""The garbage collector, told to look less often: a screen is many small objects, and searching all of them takes a third of the app's time."""

import gc

THRESHOLD = (50_000, 20, 20)
"""Objects until the youngest generation is searched, and how often that goes before the next one."""


def rest() -> None:
    """Leave out what is loaded already, and search the rest more seldom. What nothing refers to goes at once all the same."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLD)
