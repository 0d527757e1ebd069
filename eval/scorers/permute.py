"""Whether two tables of one shape hold the same bag of rows under some permutation of their columns.

Trying permutations takes factorial time. Here rows and columns colour each other until nothing more tells them apart (colour refinement,
Weisfeiler and Leman 1968); what is still alike is told apart by choosing one column and trying its counterparts. Time is polynomial but
for tables made to resist refinement.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

Row = tuple[Hashable, ...]
Colours = list[int]


def same_up_to_permutation(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """True when some permutation of ``right``'s columns gives ``left``'s rows equally often. Both have rows, of one width."""
    if Counter(left) == Counter(right):
        return True
    names: dict[Hashable, int] = {}
    a, b = _Side(left, names), _Side(right, names)
    return len(a.rows) == len(b.rows) and len(a.columns) == len(b.columns) and _match(a, b, a.kinds, b.kinds)


class _Side:
    """One table without repeated rows and columns; how often each occurs is its first colour."""

    def __init__(self, rows: Sequence[Row], names: dict[Hashable, int]) -> None:
        counted = Counter(rows)
        cells = [[names.setdefault(("cell", cell), len(names)) for cell in row] for row in counted]
        columns = Counter(zip(*cells, strict=True))
        self.columns = list(columns)
        self.rows = list(zip(*self.columns, strict=True))
        self.counts = [names.setdefault(("rows", n), len(names)) for n in counted.values()]
        self.kinds = [names.setdefault(("columns", n), len(names)) for n in columns.values()]

    def refine(self, kinds: Colours, names: dict[Hashable, int]) -> tuple[Colours, Colours]:
        """One round: rows by their own colour and their cells with the columns' colours, then columns by theirs."""
        rows = _name(((mine, _bag(zip(kinds, row, strict=True))) for mine, row in zip(self.counts, self.rows, strict=True)), names)
        found = ((mine, _bag(zip(rows, column, strict=True))) for mine, column in zip(kinds, self.columns, strict=True))
        return rows, _name(found, names)


def _match(a: _Side, b: _Side, mine: Colours, theirs: Colours) -> bool:
    while True:
        # Names last one round: colours of both tables are comparable within it and small.
        names: dict[Hashable, int] = {}
        rows, finer = a.refine(mine, names)
        other_rows, other_finer = b.refine(theirs, names)
        if Counter(rows) != Counter(other_rows) or Counter(finer) != Counter(other_finer):
            return False
        settled = len(set(finer)) == len(set(mine))
        mine, theirs = finer, other_finer
        if settled:
            break
    alike = Counter(mine)
    if len(alike) == len(mine):
        # No two columns are alike, so only one permutation is left.
        place = {colour: index for index, colour in enumerate(theirs)}
        order = [place[colour] for colour in mine]
        moved = Counter((count, *(row[i] for i in order)) for count, row in zip(b.counts, b.rows, strict=True))
        return moved == Counter((count, *row) for count, row in zip(a.counts, a.rows, strict=True))
    colour = min((c for c in alike if alike[c] > 1), key=lambda c: (alike[c], c))
    chosen = _single(mine, mine.index(colour))
    return any(_match(a, b, chosen, _single(theirs, i)) for i, c in enumerate(theirs) if c == colour)


def _single(colours: Colours, index: int) -> Colours:
    return [-1 if i == index else colour for i, colour in enumerate(colours)]


def _bag(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(pairs))


def _name(keys: Iterable[Hashable], names: dict[Hashable, int]) -> Colours:
    return [names.setdefault(key, len(names)) for key in keys]
