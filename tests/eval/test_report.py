"""The report as a document: what it says, what it lets in, and how large it grows."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.compare import compare
from eval.record import Cells, Manifest, Reason, Record
from eval.report import html
from eval.report.diff import result_diff, same_sql, sql_diff
from eval.report.plots import decades
from eval.report.text import CELL, cell, duration, interval, percent, text, within
from eval.report.words import REASONS
from eval.summary import summarise

MANIFEST = Manifest(
    backend="embedded",
    suite_names=("governance",),
    suites={"governance.dev.jsonl": "5d" * 32},
    cases=3,
    model_sha256="ab" * 32,
    catalog_sha256="cd" * 32,
    policy_version="ef01",
    steward="0.1.0",
)
GOLD = "SELECT domain, COUNT(*) AS n FROM datasets GROUP BY domain ORDER BY n DESC"
VOID = {"meta", "br", "img", "link", "input", "hr", "base", "embed", "source"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "div", "p", "span", "b", "i", "small", "code", "pre",
    "cite", "abbr", "bdi", "h1", "h2", "h3", "ul", "ol", "li", "a", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "figure",
    "figcaption", "details", "summary", "fieldset", "legend", "label", "input", "del", "ins", "br", "svg", "line", "circle", "rect", "path",
    "polyline", "polygon",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "aria-label", "aria-labelledby", "aria-hidden", "role", "tabindex",
    "scope", "colspan", "type", "checked", "focusable", "viewbox", "preserveaspectratio", "width", "height", "x", "y", "x1", "x2", "y1", "y2", "dx",
    "dy", "cx", "cy", "r", "d", "points", "text-anchor", "open",
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</pre></details></style><script>x</script>",
    "\x1b[31mred\x1b]8;;http://x\x07link\x9b2J",
    "abc\u202egnp.exe\u2066\u200f\u200b\ufeff",
    "a\x00b\ud800c\ue000\U000e0041",
    "<!--", "]]>", "&lt;b&gt; &amp;", "javascript:alert(1)", "{{7*7}}", "line\r\nbreak\u2028para",
)  # fmt: skip


class Page(HTMLParser):
    """Elements with their attributes, text by element, and whether every element is closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), (tag, attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [a for name, a in self.elements if name == tag and all(a.get(k.strip("_")) == v for k, v in wanted.items())]

    def classed(self, name: str) -> list[dict[str, str]]:
        return [a for _, a in self.elements if name in a.get("class", "").split()]

    @property
    def said(self) -> str:
        return "".join(self.text)


def record(**changes: Any) -> Record:
    base: dict[str, Any] = {
        "id": "gov-1",
        "suite": "governance",
        "question": "How many datasets are there per domain?",
        "principal": "ada",
        "expected": ("answer",),
        "gold": (GOLD,),
        "nearest_gold": GOLD,
        "got": "answer",
        "right": True,
        "reason": "right",
        "sql": GOLD,
        "confidence": 0.9,
        "access": "C",
        "total_ms": 412.0,
        "stages_ms": {"link": 4.0, "generate": 380.0},
    }
    return Record(**base | changes)


def page(records: Sequence[Record], contrast: Mapping[str, Any] | None = None) -> str:
    return html(summarise(records, MANIFEST).as_dict(), records, MANIFEST, contrast)


def mixed() -> list[Record]:
    ok = [record(id=f"gov-{i}", confidence=0.5 + i / 100, tags={"style": ("chatty", "fragment")[i % 2]}) for i in range(40)]
    wrong = record(
        id="bad-1",
        right=False,
        reason="wrong_rows",
        detail="2 rows differ",
        sql="SELECT domain, COUNT(DISTINCT name) AS n FROM datasets GROUP BY domain ORDER BY n DESC",
        gold_result=Cells(columns=("domain", "n"), rows=(("health", 41), ("energy", 17)), total=2),
        result=Cells(columns=("domain", "n"), rows=(("health", 38), ("energy", 17)), total=2),
        instances_right=3,
        instances_scored=20,
    )
    first = record(id="dia", turn=0, turns=2, question="which datasets are stale")
    second = record(id="dia", turn=1, turns=2, question="only those in France", right=False, reason="rejected", got="failed", sql="SELECT x")
    leak = record(id="leak", right=False, reason="violation", access="VW", violations=("audit_log.actor",), confidence=0.4)
    return [*ok, wrong, first, second, leak, record(id="down", right=False, reason="infra", got="infra", sql="", confidence=None)]


def test_sections_come_in_order() -> None:
    found = Page(page(mixed(), {"a": {"accuracy": 0.7}, "b": {"accuracy": 0.8}, "difference": 0.1}))
    assert [a["id"] for a in found.all("section") if "id" in a] == [
        "overview", "slices", "confidence", "time", "outcomes", "permissions", "failures", "contrast", "right", "glossary", "manifest",
    ]  # fmt: skip
    assert not found.open
    assert [a["href"] for a in found.all("a")] == [f"#{a['id']}" for a in found.all("section") if "id" in a]


def test_headings_never_skip_a_level() -> None:
    levels = [int(tag[1]) for tag, _ in Page(page(mixed())).elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_labels_point_somewhere() -> None:
    found = Page(page(mixed()))
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for _, a in found.elements if "aria-labelledby" in a} <= set(ids)


def test_every_plot_speaks_or_is_hidden() -> None:
    found = Page(page(mixed()))
    depth = [a for a in found.all("svg") if "role" in a or "aria-hidden" in a]
    assert all(a.get("aria-label") or a.get("aria-hidden") == "true" for a in depth)
    assert len([a for a in depth if a.get("role") == "img"]) >= 5


def test_nothing_is_loaded_and_only_the_own_style_is_allowed() -> None:
    source = page(mixed())
    found = Page(source)
    style = re.search(r"<style>(.*?)</style>", source, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = found.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|@font-face|expression\(", style[1])
    assert "<" not in style[1]
    assert {a for _, attributes in found.elements for a in attributes} <= ATTRIBUTES
    assert {tag for tag, _ in found.elements} <= ALLOWED | {"text"}
    assert found.all("meta", name="viewport") and found.all("html", lang="en-GB")


def test_the_head_says_what_the_numbers_say() -> None:
    records = mixed()
    summary = summarise(records, MANIFEST).as_dict()
    said = Page(html(summary, records, MANIFEST)).said
    assert f"{100 * summary['accuracy']:.1f}%" in said
    assert f"{summary['right']} of {summary['n']} cases are right" in said
    assert "1 infrastructure failure is left out" in said
    assert "1 false permit " in said
    assert "backend embedded" in said and "abababababab" in said
    assert "ab" * 32 in said and "5d" * 32 in said  # in full at the end


def test_a_failure_shows_both_queries_and_both_results() -> None:
    found = Page(page(mixed()))
    assert [a["class"] for a in found.classed("card")] == ["card r-violation", "card r-wrong_rows", "card r-rejected", "card r-infra"]
    assert "COUNT(DISTINCT name) AS n" in found.said
    assert "2 rows differ" in found.said and "right on 3 of 20 seeded instances" in found.said
    assert "Asked before" in found.said and "which datasets are stale → answer" in found.said
    assert "reads audit_log.actor" in found.said


def test_two_runs_side_by_side() -> None:
    later = [r.model_copy(update={"right": r.id == "bad-1", "reason": "right" if r.id == "bad-1" else "timeout"}) if r.id in ("bad-1", "gov-3") else r for r in mixed()]
    later = [r for r in later if r.id != "gov-4"]
    found = Page(page(later, compare(mixed(), later).as_dict()))
    assert "The interval includes zero: this may be chance." in found.said and "Cases 1 only in A." in found.said
    assert "Newly failing 1" in found.said and "gov-3 · right → timeout" in found.said
    assert "Newly passing 1" in found.said and "bad-1 · wrong rows → right: 2 rows differ" in found.said


def test_without_failures_it_says_so() -> None:
    assert "None: every record is right." in Page(page([record()])).said


@pytest.mark.parametrize("records", [[], [record(got="infra", right=False, reason="infra", sql="", confidence=None)]], ids=["none", "infra"])
def test_a_run_without_a_figure_still_renders(records: list[Record]) -> None:
    assert not Page(page(records)).open


@pytest.mark.parametrize(
    "summary",
    [
        {},
        {"accuracy": None, "slices": None, "selective": {"curve": [[None, 1, 2], "x"], "bins": [{}, 3]}, "latency": {"warm": {"p50": None}}},
        {"accuracy": float("nan"), "confusion": {"answer": {"odd": 3}, "made up": {"answer": 1}}, "access": {"C": "many"}},
        {"slices": {"t": {"a": {"n": 1, "accuracy": 1.0}, "b": {}}}, "latency": {"stages": {"x": {"p50": 0.0, "p95": 0.0, "p99": 0.0}}}},
        {"selective": {"curve": [[0.5, 0.0, 0.9], [1.0, 0.0, 0.8]], "bins": [{"low": 0, "high": 1, "n": 2, "confidence": 0.9, "accuracy": 1}]}},
    ],
    ids=["empty", "nothing", "odd", "zero", "no risk"],
)
@pytest.mark.parametrize("contrast", [None, {}, {"a": 1, "newly_failing": [1, {}], "difference": "x"}, {"difference": 0.0, "low": -0.1, "high": 0.1}])
def test_missing_and_odd_parts_are_left_out(summary: dict[str, Any], contrast: dict[str, Any] | None) -> None:
    found = Page(html(summary, [record()], MANIFEST, contrast))
    assert not found.open and "nan%" not in found.said


def test_the_same_run_gives_the_same_bytes() -> None:
    assert page(mixed()) == page(mixed())


def hostile_record(i: int, evil: str, **changes: Any) -> Record:
    big = evil + "Z" * 1_000_000
    cells = Cells(columns=(evil, "b"), rows=((big, evil), ({evil: [evil]}, None)), total=99)
    texts = dict.fromkeys(("question", "principal", "detail", "reading", "message", "nearest_gold", "group"), evil)
    base = {
        "id": f"{i} {evil}",
        "suite": evil,
        "right": False,
        "reason": "shown",
        "sql": f"SELECT '{evil}' AS x",
        "gold": (evil,),
        "choices": (evil,) * 30,
        "violations": (evil,),
        "tags": {evil: evil, "style": (evil, evil)},
        "result": cells,
        "gold_result": Cells(columns=(evil,), rows=((evil,),) * 30, total=30) if i % 2 else cells,
        "stages_ms": {evil: 1.0},
    }
    return record(**texts | base | changes)


def assert_harmless(source: str) -> None:
    found = Page(source)
    assert not found.open and not found.comments
    assert {tag for tag, _ in found.elements} <= ALLOWED | {"text"}
    assert not found.all("script") and not found.all("img")
    for tag, attributes in found.elements:
        assert set(attributes) <= ATTRIBUTES, (tag, attributes)
        assert not any("alert" in value or "javascript" in value for name, value in attributes.items() if name not in ("aria-label",))
        assert attributes.get("href", "#").startswith("#")
    shown = {c for c in re.sub(r"<style>.*?</style>", "", source, flags=re.S) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}
    assert shown <= {"\n"}
    source.encode()


def test_hostile_text_stays_text() -> None:
    records = [hostile_record(i, evil) for i, evil in enumerate(HOSTILE)]
    records += [hostile_record(100 + i, evil, right=True, reason="right") for i, evil in enumerate(HOSTILE)]
    manifest = Manifest(backend=HOSTILE[1], suite_names=HOSTILE, suites=dict.fromkeys(HOSTILE, HOSTILE[0]), filters=HOSTILE, own_catalog=HOSTILE[1])
    changes = [{"id": evil, "question": evil, "reason_a": evil, "reason_b": "right"} for evil in HOSTILE]
    contrast = {"a": {"name": HOSTILE[0]}, "b": {"backend": HOSTILE[1]}, "newly_failing": changes, "newly_passing": changes, "difference": 0.1}
    source = html(summarise(records, manifest).as_dict(), records, manifest, contrast)
    assert_harmless(source)
    assert "<script>alert(1)</script>" in Page(source).said
    assert "U+202E" in source and "U+001B" in source and "U+0000" in source
    assert "Z" * (CELL + 1) not in source and len(source) < 1_000_000


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_any_text_stays_text(evil: str) -> None:
    assert_harmless(page([hostile_record(1, evil), hostile_record(2, evil, right=True, reason="right")]))


def test_large_runs_stay_below_five_megabytes() -> None:
    evil = '"<\x1b' * 50_000
    rows = tuple((evil,) * 40 for _ in range(20))
    records = [
        record(id=f"x-{i}", question=evil, message=evil, right=i % 2 == 0, reason="wrong_rows" if i % 2 else "right", sql=f"{i} {evil}",
               result=Cells(columns=(evil,) * 40, rows=rows, total=20), gold_result=Cells(columns=(evil,) * 40, rows=rows[:1], total=1))
        for i in range(2000)
    ]  # fmt: skip
    source = html({}, records, MANIFEST)
    assert len(source.encode()) < 5_000_000
    assert re.search(r"[\d,]+ more failures are left out here", source)


def test_cards_are_capped_and_the_rest_is_counted() -> None:
    records = [record(id=f"x-{i}", right=False, reason="rejected", got="failed", sql="") for i in range(620)]
    source = html({}, records, MANIFEST)
    assert len(Page(source).classed("card")) == 500 and "120 more failures" in source


def test_every_reason_has_words_and_a_filter() -> None:
    assert set(REASONS) == set(get_args(Reason))
    style = files("eval.report").joinpath("style.css").read_text(encoding="utf-8")
    for reason in get_args(Reason):
        assert f"#only-{reason}:checked) .card:not(.r-{reason})" in style


def schemes() -> Iterator[dict[str, str]]:
    """Colours of the light scheme, then of the dark one."""
    style = files("eval.report").joinpath("style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)[:2])
    yield light
    yield light | dark


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", list(schemes()), ids=["light", "dark"])
def test_text_has_contrast(scheme: dict[str, str]) -> None:
    pairs = [(ink, ground) for ink in ("ink", "quiet", "accent", "alert") for ground in ("paper", "sheet")]
    pairs += [("ink", f"h{i}") for i in range(1, 7)] + [("gold", "gold-wash"), ("pred", "pred-wash"), ("pred", "sheet")]
    pairs += [("ink", ground) for ground in ("gold-wash", "gold-mark", "pred-wash", "pred-mark")]
    pairs += [("quiet", "gold-wash"), ("quiet", "pred-wash")]
    for ink, ground in pairs:
        high, low = sorted((luminance(scheme[ink]), luminance(scheme[ground])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, (ink, ground)


def lines(source: str) -> list[tuple[str, str]]:
    """Sign and text of each line of an SQL listing."""
    found = re.findall(r'<(?:span|del|ins) class="line"><i>(.*?)</i>(.*?)\n</', source, re.S)
    return [({"&nbsp;": " "}.get(sign, sign), re.sub(r"<.*?>", "", line)) for sign, line in found]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("select a from t", "SELECT  a\nFROM t", [(" ", "SELECT"), (" ", "  a"), (" ", "FROM t")]),
        ("SELECT a FROM t", "SELECT b FROM t", [(" ", "SELECT"), ("−", "  a"), ("+", "  b"), (" ", "FROM t")]),
        ("SELECT a FROM t", "SELECT a FROM t LIMIT 1", [(" ", "SELECT"), (" ", "  a"), (" ", "FROM t"), ("+", "LIMIT 1")]),
        ("SELECT a FROM t", "", [(" ", "SELECT"), (" ", "  a"), (" ", "FROM t")]),
        ("not ) sql\n(at all", "not ) sql", [(" ", "not ) sql"), ("−", "(at all")]),
        ("", "", []),
    ],
    ids=["layout", "word", "line", "gold alone", "no SQL", "nothing"],
)
def test_sql_diff(gold: str, predicted: str, expected: list[tuple[str, str]]) -> None:
    assert lines(sql_diff(gold, predicted)) == expected


def test_words_that_differ_are_marked() -> None:
    shown = sql_diff("SELECT a FROM t WHERE x = 1 AND y = 2", "SELECT a FROM t WHERE x = 1 AND y = 3")
    assert "x = 1 AND y = <b>2</b>" in shown and "x = 1 AND y = <b>3</b>" in shown


@pytest.mark.parametrize("sql", ["(" * 3900, "SELECT " + "(" * 1900 + "1" + ")" * 1900, "\n" * 3000, "SELECT " + "x," * 1900 + "y", "'" * 4001, "x" * 10**6])
def test_sql_that_defies_a_parser_is_shown_and_cut(sql: str) -> None:
    assert len(sql_diff(sql, GOLD)) < 100_000


def test_same_sql_looks_past_layout() -> None:
    assert same_sql("select a from t", "SELECT a\nFROM t") and not same_sql("SELECT a FROM t", "SELECT b FROM t") and not same_sql("", "")


def cells(*rows: tuple[Any, ...], columns: Sequence[str] = ("a", "b"), total: int | None = None) -> Cells:
    return Cells(columns=tuple(columns), rows=rows, total=len(rows) if total is None else total)


def shown_rows(source: str) -> list[tuple[str, ...]]:
    rows = re.findall(r'<tr class="\w+"><th scope="row">(.*?)</th>(.*?)</tr>', source)
    return [(label, *(re.sub("<.*?>", "", c).replace("&quot;", '"') for c in re.findall(r"<td.*?>(.*?)</td>", row))) for label, row in rows]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        (cells(("x", 1)), cells(("x", 1.0)), [("= both", '"x"', "1")]),
        (cells(("x", 1), ("x", 1)), cells(("x", 1)), [("− gold only", '"x"', "1"), ("= both", '"x"', "1")]),
        (cells(("x", 1)), cells(("x", 1), ("x", 1)), [("+ Steward only", '"x"', "1"), ("= both", '"x"', "1")]),
        (cells(("1", None)), cells((1, None)), [("− gold only", '"1"', "null"), ("+ Steward only", "1", "null")]),
        (cells((0.1 + 0.2, True)), cells((0.3, True)), [("= both", "0.30000000000000004", "true")]),
        (cells((1,), columns=("a",)), cells((1, 2)), [("gold", "1"), ("Steward", "1", "2")]),
        (None, cells((1, 2)), [("Steward", "1", "2")]),
    ],
    ids=["equal numbers", "missing duplicate", "extra duplicate", "text and number", "rounding", "other width", "no gold"],
)
def test_result_diff(gold: Cells | None, predicted: Cells | None, expected: list[tuple[str, ...]]) -> None:
    assert shown_rows(result_diff(gold, predicted)) == expected


def test_result_diff_counts_what_it_leaves_out() -> None:
    shown = result_diff(cells(*((i, 0) for i in range(20)), total=500), cells())
    assert "500 rows, of which the first 20 are compared" in shown and "12 more rows" in shown
    wide = result_diff(cells(tuple(range(30)), columns=[f"c{i}" for i in range(30)]), None)
    assert "18 more columns" in wide


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a < b", "a &lt; b"),
        ("'\"", "&#x27;&quot;"),
        ("\x1b[0m", '<span class="cc">U+001B</span>[0m'),
        ("a\tb\nc", 'a b<span class="cc">↵</span> c'),
        ("עברית", "עברית"),
        ("x" * 310, "x" * 300 + '<span class="cut">… 10 more characters</span>'),
    ],
)
def test_text(value: str, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(None, "null"), (1.5, "1.5"), ("é\n", "&quot;é\\n&quot;"), ([1, "a"], "[1, &quot;a&quot;]")])
def test_cell(value: object, expected: str) -> None:
    assert cell(value) == expected


def test_numbers_as_people_read_them() -> None:
    assert [duration(ms) for ms in (0.44, 9.95, 412, 1240, 65_000, None)] == ["0.4 ms", "9.9 ms", "412 ms", "1.24 s", "65 s", "–"]
    assert (percent(0.7834), percent(True), percent(float("nan"))) == ("78.3%", "–", "–")
    assert (interval(0.71, 0.846), interval(None, 1)) == ("71.0–84.6%", "")
    assert (decades([7, 310]), decades([0.02, 1000]), decades([]), decades([100])) == ((0, 3), (-2, 3), (0, 1), (2, 3))


def test_within_stops_at_either_bound() -> None:
    assert within(range(5), str, 3, 99) == (["0", "1", "2"], 2)
    assert within(range(5), lambda _: "xx", 99, 3) == (["xx", "xx"], 3)
