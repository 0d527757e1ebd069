"""Names of datasets across publishers: one spelling to compare by, and the search for whom a written name means.

A name resolves only to the one dataset that bears it; a guess is never made. Knows nothing about records' storage.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property

NOISE = re.compile(r"\b(the|datasets?|data sets?|corpus|collection)\b", re.IGNORECASE)
HOSTS = re.compile(
    r"^(?:https?://)?(?:www\.)?(?:(?:huggingface\.co|hf\.co)/datasets/|github\.com/|paperswithcode\.com/dataset/|"
    r"(?:www\.)?kaggle\.com/datasets/)"
)


def plain(name: str) -> str:
    """A name without its spelling: ``https://huggingface.co/datasets/SQuAD_v1`` and ``squad-v1`` are both ``squadv1``."""
    text = HOSTS.sub("", unicodedata.normalize("NFKD", name).casefold()).split("?")[0]
    return re.sub(r"[^\w]|_", "", text)


def without_noise(name: str) -> str:
    """A name without the words that say no more than that it is a dataset: ``The MED Dataset`` → ``MED``."""
    return NOISE.sub(" ", name)


def tail(name: str) -> str:
    """The last part of a path-like name: ``tatsu-lab/alpaca`` → ``alpaca``."""
    return name.rstrip("/").rsplit("/", 1)[-1]


class Names:
    """Who bears which name. The strongest kind of match that is unique decides: exact, plain, alias, end of an alias."""

    def __init__(self, datasets: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._datasets = list(datasets)
        self._exact = {name for name, _ in self._datasets}

    @cached_property
    def _levels(self) -> tuple[dict[str, set[str]], ...]:
        """Bearers by plain name, by alias and by the end of an alias: made for the first name that nobody bears as it is written."""
        levels: tuple[dict[str, set[str]], ...] = ({}, {}, {})
        for name, aliases in self._datasets:
            written = [(0, name), *((level, part) for alias in aliases for level, part in ((1, alias), (2, tail(alias))))]
            for level, text in written:
                if key := plain(text):
                    levels[level].setdefault(key, set()).add(name)
        return levels

    def __contains__(self, written: str) -> bool:
        """Whether a dataset bears the name as it is written, which then means no other."""
        return written in self._exact

    def resolve(self, written: str) -> str | None:
        """The dataset that a written name means; None when nobody or more than one bears it."""
        if written in self:
            return written
        for spelling in (written, without_noise(written)):
            for level in self._levels:
                if bearers := level.get(plain(spelling)):
                    return next(iter(bearers)) if len(bearers) == 1 else None
        return None
