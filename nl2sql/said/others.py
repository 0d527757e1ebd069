"""Things beside others of their kind: in one but not in another, more than another has, the same as another's."""

import re
from collections.abc import Iterator
from dataclasses import replace

from catalog.semantic import views
from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import OF, Condition, Exists, Item, Join, Or, Query, Segment, column_of
from nl2sql.plan.parts import items_of, own_key, plain_groups, view_tokens
from nl2sql.said.parts import mapped, plain
from nl2sql.values import Text

ENTITY = {"dataset": "datasets", "model": "models", "node": "nodes"}
"""Views whose rows are compared, by the kind of their names."""
LAST = {"datasets": "datasets.last_updated", "models": "models.released", "nodes": "nodes.last_seen"}
"""The time by which things are newer than others."""
_more = r"more|larger|bigger|greater|higher|better|newer|later|longer|fresher|after"
_newer = r"newer|older|fresher|before|after"
_name = r"(?P<slot>(?P<kind>dataset|model|node)[1-3])(?!\w)(?! (?:or|and) (?:dataset|model|node)\d)"
THAN = re.compile(
    rf"\b(?P<how>{_more}|fewer|less|smaller|lower|worse|older|earlier|shorter)(?P<what>(?: [\w-]+){{0,4}}?) than (?:(?:the ones?|that|those) (?:of|in|on) )?(?:in |of |on )?(?:the |our )?{_name}"
    rf"|\b(?:released|updated|changed|refreshed) (?P<when>before|after) (?P<slot2>(?P<kind2>dataset|model|node)[1-3])(?!\w)"
)
SAME = re.compile(
    rf"\bsame (?P<what>(?:[\w-]+ ){{1,6}}?)(?:as|like|that) (?:the |our |that of |those of )?{_name}"
    r"|\b(?:share|shares|sharing) (?:its|their|the|a)(?: same)? (?P<what2>(?:[\w-]+ ){1,6}?)(?:with|of) (?:the |our )?(?P<slot2>(?P<kind2>dataset|model|node)[1-3])(?!\w)"
)
THAN_ITS = re.compile(r"\b(?P<how>more|fewer|less)\b(?: [\w-]+){0,5}? than (?:the |our |those of |that of )?(?P<slot>(?P<kind>dataset|model|node|org|person)[1-3])(?!\w)(?! (?:or|and) )")
ABOUT_IT = re.compile(r"\b(?:is|are|was|were|does|do|has|have) (?:dataset|model|node)\d\b")
"""Asks about the named thing itself."""
THINGS = r"(?:ones?|others?|tables?|data ?sets?|anything|corpora|what|everything|machines|servers)"
SUCH = re.compile(rf"\b(?:other|further|more) ((?:domain|task|language|format|org|country|licence)\d) (?:{THINGS}|data|models?|nodes?|sets?)\b")
IS = {"NE": "EQ", "HAS_NOT": "HAS"}
COUNTS = re.compile(r"(?:how many|number of|count of)\b")
NOT = r"\b.{0,25}\b(?:not|n't|never|missing|absent|without)\b.{0,12}\b"


def but_not_another(query: Query, linked: Linked) -> Query:
    """What is of one thing and not of another: no other row says of it that it is, where no row is of both anyway."""
    equal = {p.column: p.value for p in query.where if isinstance(p, Condition) and p.op == "EQ"}
    for p in query.where:
        if isinstance(p, Condition) and p.op == "NE" and _is_single(equal.get(p.column, ""), linked) and _is_single(p.value, linked):
            return _without(query, replace(query, where=tuple(c for c in query.where if c is not p)), p.column, p.value)
        tests = [t for t in plain(p) if isinstance(t, Condition) and t.op == "EQ" and t.value.startswith("@")] if isinstance(p, Or) else []
        if len(tests) == 2 and query.having == (Item("COUNT_DISTINCT", (tests[0].column,)), "EQ", "2"):
            one, other = sorted(tests, key=lambda t: linked.text.find(t.value[1:]))
            select = tuple(item for item in query.select if not item.is_aggregate)
            if select and re.search(rf"\b{one.value[1:]}{NOT}{other.value[1:]}\b", linked.text):
                return _without(query, replace(query, where=tuple(one if c is p else c for c in query.where), having=None, select=select), one.column, other.value)
    return query


def _is_single(value: str, linked: Linked) -> bool:
    """It stands for one value."""
    return value.startswith("'") or (isinstance(bound := linked.bindings.get(value), Text) and len(bound.values) == 1)


def _without(query: Query, rest: Query, column: str, value: str) -> Query:
    """Of the rest of a query those of which no row has that value; the query as it is where it lists no things of which others may be told."""
    keys = [key for key in own_key(rest.view) if key != column and not key.endswith(".node")]
    listed = [item.args[0] for item in rest.select if item.fn in ("", "COUNT_DISTINCT") and item.args[0] != column]
    thing = next(iter((*listed, *keys)), "")
    if rest.joins or rest.latest or thing.split(".")[0] != rest.view or column_of(thing).is_list:
        return query
    alike = (p for p in rest.where if (isinstance(p, Segment) or (isinstance(p, Condition) and p.op in ("EQ", "IS_TRUE", "IS_FALSE"))) and column not in view_tokens(p))
    return replace(rest, where=(*rest.where, Exists(Join(f"{thing}={thing}", rest.view), (*alike, Condition(column, "EQ", value)), True)))


def other_such(query: Query, linked: Linked) -> Query:
    """Other medical tables are medical too."""
    such = {f"@{slot}" for slot in SUCH.findall(linked.text)}
    return mapped(query, lambda p: replace(p, op=IS[p.op]) if isinstance(p, Condition) and p.op in IS and p.value in such else p)


def than_another(query: Query, linked: Linked) -> Query:
    """Things of which a column is above or below that of another one, or the same."""
    than, same = THAN.search(linked.text), SAME.search(linked.text)
    match = than or same
    if match is None or (than and same):
        return query
    kind, slot = match["kind"] or match["kind2"], f"@{match['slot'] or match['slot2']}"
    view, key = ENTITY[kind], own_key(ENTITY[kind])[0]
    is_about_it = ABOUT_IT.search(linked.text) or f"@{kind}2" in linked.bindings or not _is_single(slot, linked)
    if is_about_it or not re.search(rf"\b(?:{kind}s?|{THINGS})\b", linked.text[: match.start()] + linked.text[match.end() :]):
        return query
    tests = _tests_than(query, view, than, slot) if than else [Condition(c, "EQ", f"{OF}{slot}") for c in named_columns(view, match["what"] or match["what2"])]
    if not tests:
        return query
    others = (Condition(key, "NE", slot),) if same else ()
    columns = {test.column for test in tests}
    kept = [p for p in query.where if isinstance(p, Condition) and p.column not in columns and p.value not in (slot, "MEAN")] if query.view == view else []
    shown = [item for item in query.select if item.is_group and not item.fn and item.args[0].startswith(f"{view}.") and item.args[0] != key]
    counted = (Item("COUNT"),) if COUNTS.match(linked.text) else ()
    return Query(view=view, where=(*kept, *tests, *others), select=counted or (Item("", (key,)), *shown))


def than_its_rows(query: Query, linked: Linked) -> Query:
    """Groups with more of something than one of them has: owners of more datasets than Meta."""
    said = THAN_ITS.search(linked.text)
    slot = f"@{said['slot']}" if said else ""
    amounts = [item for item in items_of(query) if item.is_aggregate]
    if said is None or not amounts or f"{slot[:-1]}2" in linked.bindings or ABOUT_IT.search(linked.text) or not _is_single(slot, linked):
        return query
    if [column_of(column).slot for column in plain_groups(query)] != [said["kind"]]:
        return query
    amount = query.having[0] if query.having else amounts[0]
    kept = tuple(p for p in amount.conditions if not (isinstance(p, Condition) and p.value == slot))
    amount = Item("COUNT") if amount.fn == "COUNT_IF" and not kept else replace(amount, conditions=kept)
    return replace(
        query,
        where=tuple(p for p in query.where if not (isinstance(p, Condition) and p.value == slot)),
        select=tuple(dict.fromkeys((*(item for item in query.select if not item.is_aggregate), amount))),
        having=(amount, "GT" if said["how"] == "more" else "LT", f"{OF}{slot}"),
        order=None,
        limit="",
    )


def _tests_than(query: Query, view: str, than: re.Match[str], slot: str) -> list[Condition]:
    """The comparison that words make with another thing; none where neither they nor a comparison with the average say a column, or newer of what is no time."""
    how, what = than["how"] or than["when"], (than["what"] or "").strip()
    is_time = bool(re.fullmatch(_newer, how))
    named = [c for c in named_columns(view, what) if column_of(c).is_time or (column_of(c).is_number and not is_time)]
    averaged = [p.column for p in query.where if isinstance(p, Condition) and p.value == "MEAN" and p.column.startswith(f"{view}.")]
    columns = named[:1] or ([] if what else [LAST[view]] if is_time else averaged[:1])
    return [Condition(column, "GT" if re.fullmatch(_more, how) else "LT", f"{OF}{slot}") for column in columns]


def named_columns(view: str, text: str) -> Iterator[str]:
    """The columns of a view that a text names, one for each of its parts joined by ``and``."""
    for part in re.split(r" and |,|/", re.sub(r"\b(?:the|a|an|number of|of|its|in|by)\b", " ", text)):
        said = " ".join(part.split())
        for column in views()[view].columns.values():
            names = {name for one in (column.name.replace("_", " "), *map(str.lower, column.synonyms)) for name in (one, f"{one}s")}
            if said in names:
                yield f"{view}.{column.name}"
                break
