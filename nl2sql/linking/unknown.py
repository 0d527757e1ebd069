"""Finds names that the index lacks but the question shows to be names: quoted, written like identifiers, or where only a name can stand.

A dataset that the asker may not see is found here exactly as one that does not exist.
"""

import re

from nl2sql.linking.everyday import LEADS_ASKING
from nl2sql.linking.index import NameIndex
from nl2sql.linking.kinds import cue, ranked
from nl2sql.linking.mentions import Draft
from nl2sql.linking.names import lookup
from nl2sql.linking.spelling import QUOTED
from nl2sql.linking.vocabulary import closed_words, concepts, is_asking, is_english, lexicon, schema_words, words
from nl2sql.readings.conversation import NEXT
from nl2sql.values import Text

LONGEST_QUOTE = 5
"""Words of a quoted name; longer quotes are speech."""
POINTING = re.compile(
    r"\bits\b|\b(?:it|this|that|them|those|these|one)\W*$|\b(?:is|are|was|were|do|does|did|has|have|can) (?:it|this|that|they|those)\b|\b(?:this|that|these|those|the) (?:tables?|data ?sets?|ones?|files?|reports?|models?)\b"
)
"""Points at what was named in a sentence before."""
IDENTIFIER = re.compile(r"(?<![\w@])[a-z][a-z0-9]*(?:[./-][a-z0-9]+)*_[a-z0-9_]+(?:[./-][a-z0-9_]+)*|(?<![\w@.-])[a-z0-9]+(?:-[a-z0-9]+)+(?![\w-])", re.I)
DOTTED = re.compile(r"(?<![\w@./-])(?P<table>[a-z]\w{2,})\.(?P<column>[a-z]{2,})(?![\w@./-])", re.I)
CAMEL = re.compile(r"(?<![\w@])(?:[a-z]{2,}[A-Z]\w{2,}|[A-Z][a-z]{2,}(?:[A-Z][a-z]{2,})+\d*)(?![\w@])")
NAME = r"(?P<name>[^\W\d_][\w-]{2,})"
END = r"(?=\W*$|[?,;:]|\.(?: |$)| (?:and|or|what|who|which|how|is|are|was|were|do|does|did|breaks?|happens?|will|would|for|in|at|on|last|this|since|please|pls)\b)"
POSITIONS = tuple(
    (re.compile(pattern), sure)
    for pattern, sure in (
        (rf"\b(?:data ?set|table|report) (?:called |named )?{NAME}{END}", False),
        (rf"\b(?:the|our) {NAME} (?:table|data ?set)\b", True),
        (rf"\b(?:drop|dropp?ing|remove|removing|rename|change|alter|mask) (?:the )?(?:columns? |fields? )?[\w@]+ (?:column |field )?(?:from|of|in|on) (?:the )?{NAME}{END}", True),
        (rf"\b(?:columns?|column1|fields?|schema) (?:of|in|from|does) (?:the )?{NAME}{END}", False),
        (rf"\bwho (?:owns|maintains|stewards|published|publishes|made|created|uses|used|reads|read|can (?:read|see|access|use|query)|looked at|has access to|is using) (?:the )?{NAME}{END}", True),
        (rf"\b(?:does|do|did) (?:the )?{NAME} (?:feeds?|flows?|goes?|ends? up)\b", True),
        (rf"\b(?:in charge of|responsible for|accountable for|contact for) (?:the )?{NAME}{END}", True),
        (rf"\b(?:derived from|built from|depends? on|downstream of|upstream of|lineage (?:of|for)) (?:the )?{NAME}{END}", True),
        (rf"\b(?:built on|trained on|copies of|replicas of|licen[cs]e (?:of|for)|owner of|access to|steward of) (?:the )?{NAME}{END}", False),
        (rf"\b(?:what|which \w+) (?:feeds|breaks if (?:i|we) (?:drop|change|delete|remove)) (?:the )?{NAME}{END}", True),
    )
)
"""Where only the name of a dataset can stand; where it is sure, even words that people ask with are one."""
COLUMN_PLACE = re.compile(r"\b(?:drop|dropp?ing|remove|removing|rename|change|alter|mask|definition of|meaning of|type of|where is) (?:the )?(?:column |field )?$")
COLUMN = re.compile(r"\b(?:drop|dropp?ing|remove|removing|rename|change|alter|mask) (?:the )?(?:column |field )?(?P<name>[^\W\d_]\w+) (?:column |field )?(?:from|of|in|on) (?:the )?$")
PLACED = re.compile(r"(?:(?P<as_column> (?:(?:column|field)(?: (?:means?|stands? for))?|means?|stands? for))| (?:holds?|contains?))? (?:in|of|from|on) ")
"""What follows a column before its dataset: what tier means in customers."""
OWNER = re.compile(r"'s? $")
"""What follows a dataset before its column: menu_items' price column."""
TAIL = re.compile(r"_(?:at|on|by|s)$")
"""Ends of columns that are no words on their own: created at berlin-1."""
NAMED_COLUMN = re.compile(
    rf"\b(?:columns?|fields?)(?: (?:are|is))? (?:called|named) {NAME}|\b(?:the|our) {NAME} (?:column|field)\b|\b(?:an?|any) {NAME} (?:column|field)\b|\bcolumn {NAME} (?:of|in|from|on)\b".replace("?P<name>", "")
)
INDEFINITE = 3
"""The group of any such column: an email column holds emails, where the email column is called so."""


def find_quoted(draft: Draft, index: NameIndex) -> None:
    """What stands in quotes or backticks is a name, unless it is a word of a closed vocabulary or of everyday questions."""
    for match in QUOTED.finditer(draft.question):
        inner = match[0][1:-1].strip()
        before, after = draft.before(match.start()), draft.after(match.end())
        kinds = lookup(index, list(words(inner)[:8])) or {}
        if kinds and (order := ranked(kinds, before, after)):
            draft.add(match.start(), match.end(), order[0], Text(tuple(kinds[order[0]])))
        elif words(inner) and words(inner) not in closed_words() and len(words(inner)) <= LONGEST_QUOTE:
            said = re.search(r"(?:about|containing|contains?|mention\w*|like|words?|term|keyword|text|topic) $", before) or re.match(r" in (?:the|its|their) (?:name|title|description)", after)
            kind = cue(before, after) or ("term" if said else "dataset")
            if _is_aside(draft, match.end()) and len(words(inner)) > 1 and all(map(is_english, words(inner))):
                continue
            placed = cue(before, after) or said or re.search(rf"(?:^|\W)(?!does|is|has){LEADS_ASKING} (?:the )?$", before)
            if placed or not all(w in lexicon() for w in words(inner)):
                draft.add(match.start(), match.end(), kind, Text((inner,)), known=False)


def _is_aside(draft: Draft, end: int) -> bool:
    """Whether something is told in a sentence before the one that asks, which does not point at it."""
    return NEXT not in draft.text and end <= draft.asked_from() and not POINTING.search(draft.text[draft.asked_from() :])


def find_columns(draft: Draft, index: NameIndex) -> None:
    """Column names, which are often everyday words: only of a dataset that is named, or beside the word column."""
    datasets = [v for m in draft.found if m.kind == "dataset" and isinstance(m.value, Text) for v in m.value.values]
    columns = {c.lower(): c for d in datasets for c in index.columns_of.get(d, ())}
    for match in re.finditer(r"\w+", draft.text):
        if match[0] in columns and draft.free(*match.span()):
            dotted = draft.text[match.start() - 1 : match.start()] == "." and any(m.end == match.start() - 1 for m in draft.found)
            placed = PLACED.match(draft.text, match.end())
            if placed and not placed["as_column"] and match[0] in concepts() and (match[0],) not in closed_words():  # the price of menu_items is not its column price
                placed = COLUMN_PLACE.search(draft.before(match.start()))
            owner = OWNER.search(draft.text[: match.start()])
            owned = owner is not None and any(m.kind == "dataset" and m.end == owner.start() for m in draft.found)
            dotted = dotted or (owned and (match[0] not in concepts() or bool(re.match(r" (?:column|field)(?!\w)", draft.text[match.end() :]))))
            if dotted or placed or _is_only_name(match[0]) or re.search(r"column (?:called |named )?$", draft.before(match.start())):
                draft.add(*match.span(), "column", Text((columns[match[0]],)))
    for name in sorted((c for c in columns if "_" in c and not TAIL.search(c)), key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w-]){re.escape(name).replace('_', ' ')}(?![\w-])", draft.text):
            if draft.free(*match.span()):
                draft.add(*match.span(), "column", Text((columns[name],)))
    for mention in [m for m in draft.found if m.kind == "dataset"]:
        rest = re.match(r"\.(\w+)(?![\w.])", draft.question[mention.end :])
        if rest and draft.free(mention.end, mention.end + rest.end()):
            draft.add(mention.end + 1, mention.end + rest.end(), "column", Text((rest[1],)), known=False)
    for match in NAMED_COLUMN.finditer(draft.text):
        group = next(n for n in range(1, 5) if match[n])
        name = match[group]
        if group == INDEFINITE and (name,) in closed_words():
            continue
        plain = name not in concepts() or (name,) in closed_words()
        if draft.free(*match.span(group)) and (group == 1 or (plain and name in index.all_columns) or not is_asking(name)):
            draft.add(*match.span(group), "column", Text(index.all_columns.get(name, (name,))), known=name in index.all_columns)


def _is_only_name(column: str) -> bool:
    """Whether nobody says the word but for a column: can spo2 be empty in vital_signs."""
    return len(column) > 2 and not is_english(column) and not is_asking(column) and column not in concepts()


def find_identifiers(draft: Draft, index: NameIndex) -> None:
    """snake_case, CamelCase, and hyphened words that hold a digit or a word that is no English."""
    for match in sorted([*IDENTIFIER.finditer(draft.question), *CAMEL.finditer(draft.question)], key=lambda m: m.start()):
        text, low = match[0], match[0].lower()
        parts = words(text)
        if low in schema_words() or parts in closed_words() or not draft.free(*match.span()):
            continue
        before, after = draft.before(match.start()), draft.after(match.end())
        kind = cue(before, after)
        if "_" not in text and "-" in text:
            numbered = parts[-1].isdigit() and parts[0].isalpha() and (len(parts[0]) > 2 or kind is not None) and parts[0] not in lexicon()
            if all(p.isdigit() or is_english(p) or (p.isalpha() and len(p) < 4) for p in parts) and not numbered:
                continue
            if kind in (None, "domain", "dataset") and (any(p in index.text_words for p in parts) or re.match(r" (?:data|data ?sets)(?!\w)", after)):
                kind = "term"
        elif COLUMN_PLACE.search(before) and re.match(r" (?:column |field )?(?:from|of|in|on) ", after):
            kind = "column"
        if kind is None and any(p.isdigit() for p in parts) and any("model" in index.names[key] for key in index.beginnings.get(parts[0], ())):
            kind = "model"  # GPT-5 beside GPT-4
        if kind is None and "-" in text and parts[-1].isdigit() and not any(part.isdigit() for part in parts[:-1]):
            kind = index.numbered.get(len(parts))  # tallinn-1 beside berlin-1 is a node
        named = lookup(index, list(parts)) if "_" not in text and "-" not in text else None
        if named and (order := ranked(named, before, after)):  # GitHub
            draft.add(*match.span(), order[0], Text(tuple(named[order[0]])))
        elif low in index.all_columns and kind in (None, "column"):
            draft.add(*match.span(), "column", Text(index.all_columns[low]))
        else:
            draft.add(*match.span(), kind or "dataset", Text((text,)), known=kind == "term")


def find_dotted(draft: Draft) -> None:
    """``invoices.amount``: a column of a table."""
    for match in DOTTED.finditer(draft.question):
        table, column = match["table"], match["column"]
        if draft.free(*match.span()) and is_english(column) and ("_" in table or _may_be_name(table.lower(), True)):
            draft.add(*match.span("table"), "dataset", Text((table,)), known=False)
            draft.add(*match.span("column"), "column", Text((column,)), known=False)


def find_positioned(draft: Draft) -> None:
    """``who owns flurbs``, ``drop email from customers``: what stands there is a dataset whether or not the asker may see one."""
    for pattern, sure in POSITIONS:
        for match in pattern.finditer(draft.text):
            start, end = match.span("name")
            if draft.free(start, end) and _may_be_name(match["name"], sure):
                draft.add(start, end, "dataset", Text((draft.question[start:end],)), known=False)
    for mention in [m for m in draft.found if m.kind == "dataset"]:
        column = COLUMN.search(draft.text[: mention.start])
        if column and draft.free(*column.span("name")) and not column["name"].endswith("s") and (column["name"] not in concepts() or (column["name"],) in closed_words()):
            draft.add(*column.span("name"), "column", Text((column["name"],)), known=False)


def _may_be_name(word: str, sure: bool) -> bool:
    """Words that are no English, and plurals that are no concept of the catalog: datasets are called flurbs or invoices."""
    if word in concepts():
        return False
    if not is_english(word) and not is_asking(word):
        return True
    if not sure and word in lexicon():
        return False
    return word.endswith("s") and not word.endswith("ss") and len(word) > 4
