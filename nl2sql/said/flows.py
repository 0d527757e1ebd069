"""How far flows go, how they are made, and which end of a flow a column belongs to."""

import re
from collections.abc import Mapping
from dataclasses import replace

from nl2sql.linking.mentions import Linked
from nl2sql.plan.language import Condition, Exists, Item, Join, Predicate, Query, Segment
from nl2sql.plan.parts import items_of
from nl2sql.readings.conversation import NEXT
from nl2sql.said.parts import mapped, tests_of

DEPTH = "lineage.depth"
DIRECT = Condition(DEPTH, "EQ", "1")
INDIRECT = Condition(DEPTH, "GT", "1")
SAYS_DIRECT = re.compile(
    r"\b(?:direct(?! (?:identifiers?|access|marketing|personal|contact|mail|quot\w+))|directly|immediate|immediately|straight (?:from|on|into|to)"
    r"|(?<!than )(?<!least )(?<!to )(?:one hop|a single hop)(?! or)|first hop|depth (?:1|one))\b(?!,? (?:or|and) )"
)
NOT_DIRECT = re.compile(r"\b(?:not|non|isn't|aren't|indirect\w*|other than|beyond|besides|rather than|transitive\w*)[ -](?:\w+ )?(?:direct|immediate)|\bindirect")
"""What is not direct, or not only."""
ANY_DEPTH = re.compile(
    r"\b(?:(?:any|whatever|every) (?:distance|depth|level|number of (?:hops|steps|levels))|however (?:far|many|deep|indirect\w*)|no matter how (?:far|many|deep)|transitive(?:ly)?"
    r"|(?:count|includ)(?:ing|es?)?(?: the| those| also)? indirect|also (?:the )?indirect(?:ly)?|indirect(?:ly)?(?: \w+)?,? (?:too|also|as well|included|alike)"
    r"|(?:direct(?:ly)?|near|immediate(?:ly)?),? (?:or|and|nor) (?:\w+ )?(?:not|indirect(?:ly)?|further|far|otherwise|by way of|via|through)|all (?:of )?(?:the |its |their )?(?:hops|steps|levels|stages)|indirect(?:ly)? (?:or|and|nor) direct(?:ly)?)\b"
)
ONE_KIND = re.compile(r"\b(?:only|just|merely|exclusively|but not|not direct)\b|(?:\bnumber\d|\b\d+)(?: or \w+)? (?:hops?|steps?|levels?)\b")
"""Says that one of the two is meant all the same, or a number of hops."""
OWNED = re.compile(r"\b(?P<column>column\d)(?: column| field)? (?:of|in|from) (?:the )?(?P<dataset>dataset\d)\b|\b(?P<dataset_>dataset\d)(?:\.|'s? )(?P<column_>column\d)\b")
"""The dataset that a column is said to be of."""
TRAINED = re.compile(r"\btrain(?:ed|ing|s)?\b")
UNTRAINED = re.compile(r"\b(?:not?|none|nothing|never|without|unknown|untrained|undisclosed|undocumented|missing|empty|lack\w*)\b|n't\b")
"""Words by which models may be meant of which nobody knows what they were trained on."""
LEARNT = re.compile(r"\bwhat (?:was|is|were|did|has|data(?: was| were)?)\b.*\b(?:train(?:ed)?|learn(?:ed|t)?)\b")
"""Asks what a model was trained on."""
_kinds = r"(?:models|reports|datasets|data sets|dashboards)"
INCLUDED = re.compile(rf"\b(?:(?P<kind>{_kinds}) included|(?:everything|anything|whatever|all|what)\b.*\bincluding (?:the |all |any )?(?P<kind_>{_kinds}))\b")
"""Says that things of a kind are among others."""
KINDS = ("lineage.upstream_kind", "lineage.downstream_kind")
FAR = re.compile(r"indirect|ultimate|transitiv|behind|all the way|any (?:depth|distance)|ancest|upstream|rest|in the end|further|hops?\b|steps?\b|level")
"""Words by which all may be meant that what a model was trained on is made of itself."""
ABOUT = {
    "lineage.masking": re.compile(
        r"mask|redact|anonym|pseudonym|hash|scrambl|obfuscat|protect|clear|plain|hid(?:e|den)|reveal|expos|disguis|encrypt|token|blur|conceal|identif|safe"
        r"|\bopen(?:ly)?\b|\braw\b(?! (?:inputs?|sources?|data|materials?)\b)"
    ),
    "lineage.last_run": re.compile(r"\b(?:run|runs|ran|running|jobs?|pipelines?|execut\w*|refresh\w*)\b"),
    "lineage.transform_type": re.compile(
        r"\b(?:re-?)?(?:cop[yi]|mirror|duplicat|replicat|clon|export|import|filter|clean|subset|select|extract|prun|dedup|sampl|slic|aggregat|summar|roll|group|averag|condens"
        r"|join|merg|combin|blend|link|match|annotat|label|tag|enrich|caption|generat|synth|writ|wrote|produc|creat|ai\b|machine|artificial|output|train|learn|tun|taught"
        r"|translat|languag|transform|convert|reshap|process|chang|pseudonym|alter|how)"
    ),
}
"""Words of which a question has one that asks whether data are masked on their way, whether a job ran at all, or how data are made."""
UPSTREAM, DOWNSTREAM = "lineage.upstream", "lineage.downstream"
INTO_MODEL = Join("lineage.downstream=models.name", "lineage")
SIDES = {UPSTREAM: DOWNSTREAM, DOWNSTREAM: UPSTREAM}


def at_depth(query: Query, linked: Linked) -> Query:
    """Direct flows are of depth 1; flows at any depth are of none in particular."""
    depths = [t for t in tests_of(query) if isinstance(t, Condition) and t.column == DEPTH]
    told = _depth_told(linked.text)
    if ANY_DEPTH.search(told):
        return query if ONE_KIND.search(told) else mapped(query, lambda p: None if p in (DIRECT, INDIRECT) else p)
    is_how_far = Item("", (DEPTH,)) in query.select and not SAYS_DIRECT.search(linked.text.rpartition(NEXT)[2])
    if depths or is_how_far or not SAYS_DIRECT.search(told) or NOT_DIRECT.search(linked.text):
        return query
    related = [p for p in query.where if isinstance(p, Exists) and p.join.view == "lineage"]
    is_flow = "lineage" in {query.view, *(join.view for join in query.joins)}
    if is_flow + len(related) != 1:
        return query
    if is_flow:
        return replace(query, where=(*query.where, DIRECT))
    return replace(query, where=tuple(replace(p, conditions=(*p.conditions, DIRECT)) if isinstance(p, Exists) and p in related else p for p in query.where))


def _depth_told(text: str) -> str:
    """The latest turn that tells how far; empty where none does."""
    return next((turn for turn in reversed(text.split(NEXT)) if ANY_DEPTH.search(turn) or SAYS_DIRECT.search(turn)), "")


def of_training(query: Query, linked: Linked) -> Query:
    """What a model was trained on, or how many that is, is what it was trained on itself, unless it is said how far back."""
    counted = Item("COUNT_DISTINCT", ("lineage.upstream",))
    listed = query.view == "lineage" and Item("", ("lineage.upstream",)) in query.select and any(isinstance(t, Condition) and t.value.startswith("@model") for t in query.where)
    tests = [t for t in tests_of(query) if isinstance(t, Condition)]
    is_of_models = (query.view == "models" or Condition("lineage.downstream_kind", "EQ", "'model'") in tests) and not any(isinstance(p, Exists) for p in query.where)
    if not (listed or (is_of_models and counted in items_of(query))) or DEPTH in {t.column for t in tests} or NEXT in linked.text:
        return query
    is_direct = TRAINED.search(linked.text) and not FAR.search(linked.text) and not ANY_DEPTH.search(linked.text)
    return replace(query, where=(*query.where, DIRECT)) if is_direct else query


def still_of_training(query: Query, linked: Linked) -> Query:
    """What is asked further of what a model was trained on is asked of what it was trained on itself."""
    turns = linked.text.split(NEXT)
    trained = {f"@{slot}" for turn in turns[:-1] if LEARNT.search(turn) for slot in re.findall(r"\bmodel\d\b", turn)}
    if not trained or FAR.search(linked.text) or ANY_DEPTH.search(linked.text) or any(isinstance(t, Condition) and t.column == DEPTH for t in tests_of(query)):
        return query

    def one(predicate: Predicate) -> Predicate:
        is_of_it = isinstance(predicate, Exists) and any(isinstance(c, Condition) and c.column == DOWNSTREAM and c.value in trained for c in predicate.conditions)
        return replace(predicate, conditions=(*predicate.conditions, DIRECT)) if is_of_it and isinstance(predicate, Exists) else predicate

    return mapped(query, one)


def with_them_included(query: Query, linked: Linked) -> Query:
    """What hangs off something, models included, is not only models."""
    said = INCLUDED.search(linked.text)
    if said is None:
        return query
    only = [Condition(column, "EQ", f"'{(said['kind'] or said['kind_']).removesuffix('s')}'") for column in KINDS]
    return mapped(query, lambda p: None if p in only else p)


def trained_at_any_depth(query: Query, linked: Linked) -> Query:
    """Models trained on something indirectly too are all that it flows into, not only those that name it."""
    told = _depth_told(linked.text)
    if query.view != "models" or not ANY_DEPTH.search(told) or ONE_KIND.search(told):
        return query

    def one(p: Predicate) -> Predicate:
        is_own = isinstance(p, Condition) and p.column == "models.trained_on" and p.op == "HAS"
        return Exists(INTO_MODEL, (Condition(UPSTREAM, "EQ", p.value), Segment("lineage:table_level")), False) if is_own and isinstance(p, Condition) else p

    return replace(query, where=tuple(map(one, query.where)))


def of_those_trained(query: Query, linked: Linked) -> Query:
    """Models trained on something are none of those that were trained on nothing."""
    untrained = Condition("models.trained_on", "IS_NULL")
    is_trained = TRAINED.search(linked.text) and not UNTRAINED.search(linked.text) and any(isinstance(p, Exists) and not p.negated for p in query.where)
    return mapped(query, lambda p: None if p == untrained else p) if is_trained else query


def as_it_is_made(query: Query, linked: Linked) -> Query:
    """No condition on masking, on a job that never ran, or on how data are made, of which the question has no word."""
    if NEXT in linked.text:
        return query

    def kept(predicate: Predicate) -> Predicate | None:
        about = ABOUT.get(predicate.column) if isinstance(predicate, Condition) and predicate.value[:1] in ("", "'") else None
        return predicate if about is None or about.search(linked.text) else None

    return mapped(query, kept)


def of_its_end(query: Query, linked: Linked) -> Query:
    """A column that is said to be of one dataset is a column of that end of the flow: ``column1 of dataset2`` where dataset2 is downstream."""
    owners: dict[str, str] = {}
    for match in OWNED.finditer(linked.text):
        column, dataset = f"@{match['column'] or match['column_']}", f"@{match['dataset'] or match['dataset_']}"
        owners[column] = "" if owners.get(column, dataset) != dataset else dataset
    where = tuple(replace(p, conditions=_at_their_ends(p.conditions, owners)) if isinstance(p, Exists) else p for p in query.where)
    return replace(query, where=_at_their_ends(where, owners))


def _at_their_ends(conditions: tuple[Predicate, ...], owners: Mapping[str, str]) -> tuple[Predicate, ...]:
    """Conditions with columns moved to the other end where that one, and not their own, is the dataset that they are of."""
    ends = {p.column: p.value for p in conditions if isinstance(p, Condition) and p.op == "EQ" and p.column in SIDES}
    moved: list[Predicate] = []
    for p in conditions:
        side = p.column.removesuffix("_column") if isinstance(p, Condition) and p.op == "EQ" and p.column.endswith("_column") else ""
        owner = owners.get(p.value, "") if isinstance(p, Condition) else ""
        is_other = side in SIDES and owner != "" and ends.get(SIDES[side]) == owner != ends.get(side)
        moved.append(replace(p, column=f"{SIDES[side]}_column") if is_other and isinstance(p, Condition) else p)
    columns = [p.column for p in moved if isinstance(p, Condition) and p.column.endswith("_column")]
    return tuple(moved) if len(set(columns)) == len(columns) else conditions
