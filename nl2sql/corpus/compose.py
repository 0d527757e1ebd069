"""Draws (question, plan) pairs from the phrase files, balanced over intents rather than over strings.

A question comes out as the model sees it: values are slots (``dataset1``), numbered by where they stand.
"""

import random
from collections.abc import Mapping

from nl2sql.corpus.followups import follow_up
from nl2sql.corpus.fragments import Example, Fragments, Text
from nl2sql.corpus.phrases import Phrases, Whole, load
from nl2sql.corpus.shapes import SHAPES, narrowed
from nl2sql.linking.index import NameIndex
from nl2sql.readings.conversation import NEXT

SHARE_GENERAL = 0.16
"""Requests that are no questions for the catalog, or that need asking back."""
SHARE_WHOLE = 0.64
"""Whole questions as people wrote them; the rest is composed."""
SHARE_NARROWED = 0.15
"""Whole questions that get one more condition at an end."""
SHARE_FOLLOW = 0.17
"""Second and third questions of a dialogue."""
SHARE_TOLD = 0.06
"""Questions that name what they are about in a sentence before."""
UNREAD = 1.5
"""How much a phrase counts that nobody has weighed."""


class Composer:
    """Draws examples with one seeded random generator; ``names`` as in `Fragments`, ``heed`` says how much a whole question counts."""

    def __init__(self, seed: int, phrases: Mapping[str, Phrases] | None = None, names: NameIndex | None = None, heed: Mapping[str, float] | None = None) -> None:
        self.rng = random.Random(seed)
        files = dict(phrases or load())
        general = files.pop("general", Phrases())
        self.heed = heed or {}
        self.general: dict[str, list[Whole]] = {}
        for whole in general.whole:
            self.general.setdefault(whole.plan.split()[0], []).append(whole)
        self.dialogues = files.pop("dialogues", Phrases()).dialogue
        self.wholes = {view: file.whole for view, file in files.items() if file.whole}
        self.weights = {view: [self._weight(w) ** 0.85 for w in wholes] for view, wholes in self.wholes.items()}
        self.view_weights = [sum(map(self._weight, wholes)) ** 0.6 for wholes in self.wholes.values()]
        self.views = [view for view, file in files.items() if file.entity]
        self.fragments = Fragments(self.rng, files, names)

    def draw(self) -> Example:
        """One example; styles such as typos are added by ``styles``."""
        while True:
            made, intent = self._draw()
            if made is None:
                continue
            if NEXT not in made.text and self.rng.random() < SHARE_TOLD:
                made = self.fragments.told(made)
            example = self.fragments.numbered(made, intent)
            if example is not None:
                return example

    def _draw(self) -> tuple[Text | None, str]:
        """A question and its intent. Views count by the root of their size, so that small ones do not starve."""
        if self.wholes and self.rng.random() < SHARE_FOLLOW:
            view = self.rng.choice(self.views)
            return follow_up(self.fragments, view, self.wholes, self.general, self.dialogues), "follow-up"
        at = self.rng.random()
        if at < SHARE_GENERAL and self.general:
            heads = sorted(self.general)
            head = self.rng.choices(heads, [sum(len(w.ask) for w in self.general[h]) ** 0.5 for h in heads])[0]
            whole = self.rng.choices(self.general[head], [self._weight(w) ** 0.5 for w in self.general[head]])[0]
            return self._said(whole), whole.plan
        if at < SHARE_GENERAL + SHARE_WHOLE:
            whole = self._whole()
            made = self._said(whole)
            return (narrowed(self.fragments, made) or made) if self.rng.random() < SHARE_NARROWED else made, whole.plan
        view = self.rng.choice(self.views)
        shape = self.rng.choices([s for _, s in SHAPES], [w for w, _ in SHAPES])[0]
        return shape(self.fragments, view, self.fragments.phrases[view]), f"{view} {shape.__name__}"

    def _whole(self) -> Whole:
        """A whole question; plans that people say in many ways count for more, but not by as much."""
        view = self.rng.choices(list(self.wholes), self.view_weights)[0]
        return self.rng.choices(self.wholes[view], self.weights[view])[0]

    def _said(self, whole: Whole) -> Text:
        """One of its phrases."""
        return self.fragments.unique(self.rng.choices(whole.ask, self._counts(whole))[0], whole.plan)

    def _weight(self, whole: Whole) -> float:
        return sum(self._counts(whole))

    def _counts(self, whole: Whole) -> list[float]:
        return [self.heed.get(ask, UNREAD) for ask in whole.ask]
