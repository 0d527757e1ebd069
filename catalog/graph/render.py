"""Two sides of a place as text: an indented tree, Mermaid's flowchart and Graphviz's DOT.

A name is a label and never an identifier; in it every character that the language might act on is written as its code.
"""

from collections.abc import Callable, Iterable

from catalog.graph.names import Place
from catalog.graph.sides import Line, Side, Spot

Label = Callable[[Spot], str]
"""What is written of a place, harmless on a terminal."""

SHAPES = {"model": ("([", "])", "ellipse"), "report": ("[/", "/]", "note")}
BOX = ("[", "]", "box")
PLAIN = frozenset(" -_.,")
LEVELS = 40
"""Levels of a tree that are indented; deeper ones say how deep they are, so that a long chain stays readable."""


def tree(lines: Iterable[Line], label: Callable[[Line], str]) -> list[str]:
    """One text line for each line of a side."""
    return [_branch(line.last) + label(line) for line in lines]


def _branch(last: tuple[bool, ...]) -> str:
    kept = last[-LEVELS:]
    deeper = f"…{len(last) - LEVELS} " if len(last) > LEVELS else ""
    return deeper + "".join("   " if ended else "│  " for ended in kept[:-1]) + ("└─ " if last[-1] else "├─ ")


def mermaid(sides: Iterable[Side], label: Label) -> str:
    """A flowchart (Mermaid 10 and later): solid arrows, dotted where every way is masked."""
    numbers, spots, hops = _drawn(sides)
    lines = ["flowchart LR"]
    for place, number in numbers.items():
        spot = spots[place]
        left, right, _ = SHAPES.get(spot.kind, BOX)
        lines.append(f'  n{number}{left}"{_entities(label(spot))}"{right}{"" if spot.in_catalog else ":::absent"}')
    for upstream, downstream, masked in hops:
        arrow = '-. "masked" .->' if masked == "all" else '-- "partly masked" -->' if masked == "some" else "-->"
        lines.append(f"  n{numbers[upstream]} {arrow} n{numbers[downstream]}")
    lines.append("  classDef absent stroke-dasharray: 4 4")
    return "\n".join(lines) + "\n"


def dot(sides: Iterable[Side], label: Label) -> str:
    """A digraph in Graphviz's language."""
    numbers, spots, hops = _drawn(sides)
    lines = ["digraph lineage {", "  rankdir=LR;"]
    for place, number in numbers.items():
        spot = spots[place]
        shape = SHAPES.get(spot.kind, BOX)[2]
        lines.append(f'  n{number} [label="{_quoted(label(spot))}", shape={shape}{"" if spot.in_catalog else ", style=dashed"}];')
    for upstream, downstream, masked in hops:
        about = {"all": ' [label="masked", style=dashed]', "some": ' [label="partly masked"]'}.get(masked, "")
        lines.append(f"  n{numbers[upstream]} -> n{numbers[downstream]}{about};")
    return "\n".join([*lines, "}"]) + "\n"


def _drawn(sides: Iterable[Side]) -> tuple[dict[Place, int], dict[Place, Spot], list[tuple[Place, Place, str]]]:
    """Numbers of places, what stands there, and hops, each once."""
    spots: dict[Place, Spot] = {}
    hops: dict[tuple[Place, Place], str] = {}
    for side in sides:
        for spot in (side.start, *side.spots):
            spots.setdefault(spot.place, spot)
        for hop in side.hops:
            hops.setdefault((hop.upstream, hop.downstream), hop.masked)
    return {place: number for number, place in enumerate(spots)}, spots, [(*ends, masked) for ends, masked in hops.items()]


def _entities(text: str) -> str:
    """A label in Mermaid's double quotes: ``a"b`` is ``a#34;b``."""
    return "".join(c if c.isalnum() or c in PLAIN else f"#{ord(c)};" for c in text)


def _quoted(text: str) -> str:
    """A label in DOT's double quotes: a backslash or quote is doubled or escaped, an ampersand begins no entity, breaks are blanks."""
    flat = " ".join(text.splitlines())
    return flat.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
