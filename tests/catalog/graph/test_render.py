"""Hostile names stay labels: nothing of them is read as Mermaid, DOT or a control sequence."""

import re

import pytest

from catalog.graph.names import Place
from catalog.graph.render import dot, mermaid
from catalog.graph.sides import Hop, Side, Spot

HOSTILE = ['a"b', "a\nb", 'a"]; n9["evil', "a\\", 'a\\"b', "a]b[c(d)e{f}", "\x1b[31mred", "\u202eevil", "`**md**`", "<script>x</script>", "#quot;", "a&quot;b", "%% note", "end", "a;b-->c", "\\N\\G"]


def sides(name: str) -> list[Side]:
    start, other = Spot(Place("start"), "dataset", 0, True), Spot(Place(name), "model", 1, False)
    return [Side(start=start, spots=(other,), hops=(Hop(upstream=start.place, downstream=other.place, masked="all"),), lines=(), beyond=0, left_out=0)]


@pytest.mark.parametrize("name", HOSTILE)
def test_mermaid_reads_a_label(name: str) -> None:
    lines = mermaid(sides(name), lambda spot: str(spot.place)).splitlines()
    assert [lines[0], lines[1], lines[3], lines[4]] == ["flowchart LR", '  n0["start"]', '  n0 -. "masked" .-> n1', "  classDef absent stroke-dasharray: 4 4"]
    label = re.fullmatch(r'  n1\(\["([\w #;.,-]*)"\]\):::absent', lines[2])
    assert label is not None
    assert re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label[1]) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_dot_reads_a_label(name: str) -> None:
    lines = dot(sides(name), lambda spot: str(spot.place)).splitlines()
    assert len(lines) == 6
    label = re.fullmatch(r'  n1 \[label="((?:[^"\\]|\\["\\])*)", shape=ellipse, style=dashed\];', lines[3])
    assert label is not None
    read = re.sub(r'\\(["\\])', r"\1", label[1]).replace("&amp;", "&")
    assert read == " ".join(name.splitlines())
    assert lines[4] == '  n0 -> n1 [label="masked", style=dashed];'


def test_both_sides_draw_their_place_once() -> None:
    down = sides("other")[0]
    drawn = mermaid([down, down], lambda spot: str(spot.place))
    assert drawn.count("start") == drawn.count("other") == drawn.count("n0 -. ") == 1
