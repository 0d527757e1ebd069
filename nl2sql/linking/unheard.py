"""What the model has never read, and what it reads in its place: sums per quarter as sums per month, grant G-0012 as a grant.

`Linked` keeps both as they were said, for whoever reads the question itself. What they mean is added to the plan afterwards.
"""

import re
from dataclasses import replace
from functools import cache

from catalog.semantic import views
from nl2sql.linking.index import NameIndex
from nl2sql.linking.mentions import ROW_ID, Draft, Linked
from nl2sql.linking.names import lookup
from nl2sql.linking.vocabulary import singular, words
from nl2sql.values import Text

PER_QUARTER = re.compile(
    r"(?<!updated )(?<!refreshed )(?<!changed )(?<!changes )(?<!checked )(?<!reviewed )(?<!run )(?<!due )(?<!\w)"
    r"(?P<lead>(?:per|by|each|every|for (?:each|every)) (?:calendar )?|(?:broken down|split|grouped) (?:by|into) )quarters?(?!\w)(?! of (?:an?|the) )"
)
"""How one asks for something per quarter, where what is updated every quarter is updated so often."""
_apart = r"(?P<lead>(?:(?:per|by|each|every|for (?:each|every)|which|what|(?:broken down|split|grouped) by|over) (?:the )?)|(?:on|in|at) (?:what|which) )"
OTHER_PARTS = {
    "QUARTER": (PER_QUARTER, "month"),
    "WEEKDAY": (re.compile(rf"(?<!\w){_apart}(?:weekdays?|days? of (?:the|a) week|week days)(?!\w)"), "day"),
    "HOUR": (re.compile(rf"(?<!\w){_apart}(?:hours?|times?) of (?:the |a )?day(?!\w)"), "day"),
}
"""Parts of a date that the model does not know: how one asks for something per such a part, and the part that it reads instead."""


ROW = re.compile(r"(?<![\w-])(?!iso-|rfc-|sha-)[a-z]{1,3}-\d{3,6}(?![\w-])")
"""What the identifier of a row looks like."""


@cache
def _named_rows() -> re.Pattern[str]:
    """The identifier of a row behind the word for such rows, of the views whose rows have one that is no name: event E-0264, grant no. G-0012."""
    kept = (view for view in views().values() if len(view.key) == 1 and view.key[0].endswith("_id") and not view.columns[view.key[0]].slot)
    nouns = {singular(words(name)[-1]) for view in kept for name in (view.name, *view.synonyms)}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(nouns))})s?(?P<cut>(?: (?:with )?(?:the )?(?:ids?|no\.?|nr\.?|number))? ?#?(?P<id>{ROW.pattern}))")


def find_row_id(draft: Draft, index: NameIndex) -> dict[str, Text]:
    """Take the identifier of the one row that the question names; those of several bind nothing."""
    rows = [m.span() for m in ROW.finditer(draft.text) if draft.free(*m.span()) and not lookup(index, list(words(m[0])))]
    named = [m for m in _named_rows().finditer(draft.text) if m.span("id") in rows]
    draft.found += [draft.nothing(*m.span("id")) for m in named]
    return {ROW_ID: Text((named[0]["id"].upper(),))} if len(rows) == len(named) == 1 else {}


def asked_part(text: str) -> str:
    """The part of a date that is asked for and that the model does not know; empty where there is none."""
    return next((part for part, (said, _) in OTHER_PARTS.items() if said.search(text)), "")


def as_known(linked: Linked) -> Linked:
    """The question in words that the model knows: per month for per quarter, and the row without its identifier."""
    text = linked.text
    for said, known in OTHER_PARTS.values():
        text = said.sub(rf"\g<lead>{known}", text)
    if ROW_ID in linked.bindings:
        text = _named_rows().sub(lambda m: m[0].removesuffix(m["cut"]), text)
    return replace(linked, text=text, also=linked.also and as_known(linked.also))
