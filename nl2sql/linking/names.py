"""Finds the names of the index in a question, longest first; everyday words only where something shows that they are names."""

import re

from catalog.semantic import views
from nl2sql.linking.index import LANGUAGES, LONGEST_NAME, PARTIAL_KINDS, NameIndex
from nl2sql.linking.kinds import BEFORE, alone, led, ranked, stands_beside, titled
from nl2sql.linking.mentions import Draft, Token
from nl2sql.linking.shortened import TITLE, Kinds
from nl2sql.linking.vocabulary import concepts, is_english, is_listed, lexicon, singular, words
from nl2sql.values import Text

PROTECTED = frozenset(
    (
        "eu ai act", "health data", "meta data", "personal data", "patient data", "training data", "open source", "data sets", "restore test", "quality score", "trust score",
        "federated learning", "public task", "key rotation", "us dollars", "legal basis", "machine learning", "language model", "language models",
    )
)  # fmt: skip
"""Phrases of the questions themselves that hold no name, unless written as one."""
NAMES_ITSELF = ("country", "jurisdiction", "domain", "task", "format", "framework", "licence", "metric", "term", "policy")
"""Kinds whose everyday words (German, finance, parquet) mostly mean the value."""
NOT_SNAKE = ("term", "domain", "task", "licence", "language", "country", "jurisdiction", "person", "policy", "org")
"""Kinds whose values nobody writes with underscores."""
EVERYDAY = ("dataset", "model")
"""Kinds whose names are often everyday words: orders, customers, inventory."""
COUNTING = r"(?:how many|number of|count of|many|much|more|most|fewer|fewest|each|every|per|any|no|new|several|some|these|those) $"
SIZE = re.compile(r"(?:[ -]\d+(?:\.\d+)?[bm](?![^\W_]))(?:-(?:chat|instruct|base|hf|it|v\d))*(?![\w-])")
"""A size and flavour after a model's name, which the name then stands for: Llama 2 7B."""
VERSION = re.compile(r" v?\d{1,2}(?:\.\d)?(?![\w%.-])")
LEADS = (
    r"(?:from|of|in|on|to|into|onto|for|about|does|do|is|are|was|has|have|drop|dropping|delete|rename|change|read|reads|reading|use|uses|used|using|feed|feeds|feeding|behind|with|own|owns|via|"
    r"by|between|against|than|like|compare|regarding|concerning|write|writes|publish|publishes|load|loads|query|queries|queried|see|access|break|breaks|called|named|within|inside)"
)
LEADS_ASKING = r"(?:from|(?<!number )(?<!count )(?<!kind )of|in|on|(?<=access )to|(?<=related )to|(?<=linked )to|into|does|is|has|drop|dropping|read|reads|use|uses|using|feed|feeds|feeding|behind|with|own|owns|see|access|break|breaks|than|between)"
"""What leads to a name; before a word that people also ask with, only what seldom leads to anything else."""
FOLLOWS = (
    r"(?:'s?)?(?:$|[?.!,;:)]| [-–—] |/| (?:and|or|vs\.?|versus|is|are|was|were|has|have|had|does|do|did|in|on|at|by|with|without|from|to|into|since|before|after|last|this|next|past|what|which|who|when|where|why|how|"
    r"for|if|that|whose|then|than|not|as|so|yesterday|today|break|breaks|happens|depend|depends|come|comes|feed|feeds|still|actually|really|allowed|used|need|needs|get|gets|made|built|over|under|per|please|pls|ever|"
    r"ok|okay|safe|fresh|stale|deprecated|encrypted|contain|contains|go|goes|look|looks|anymore|any|&|\+|n)(?!\w))"
)
"""What may follow a name, where an everyday word in the place of a name is followed by more of its own sentence otherwise."""
PERSON_LEADS = r"(?:^|\W)(?:to|by|of|from|did|does|is|was|has|can|may|ask|with|for|about|and|or) $"
TOPIC_LEADS = r"(?:^|\W)(?:on|in|of|for|from|within|covering|concerning|regarding|around) (?:the (?:field|area|domain|world) of )?$"
"""What an everyday word follows where data is about it."""
TOPIC_NOUNS = r" (?:stewards?|owners?|publishers?|sellers?|sets?|columns?|rows|models?|checks?|offers?|copies|replicas|policies|licen[cs]es?)(?!\w)"
"""What follows such a word."""
AT_LARGE = r"(?:^|[.?!:;] |(?:^|\W)(?:by|to|from|of|for|do|did|can|may|must|than|vs\.?|versus|as) |, )$"
"""Before stewards that are no stewards of anything."""
JOINT = r"(?:,|, and| and| or| vs\.?|,? &) "
"""What stands between names in a list."""
COLUMNS_OF = re.compile(r"(?:^|\W)(?:columns?|fields?) (?:of|in|from) (?:the |our )?$")
"""What only the name of a table follows."""
RUNS = re.compile(r"(?:^|\W)(?:each|every|per|any|no|all|federated) $")
"""Before the beginning of a run's name, what tells that it is plain words."""
SUFFIX = re.compile(r" ai(?! act)(?!\w)|,? (?:inc|corp|ltd|llc|gmbh|plc|ag)(?!\w)\.?|!(?= \w)")
"""What follows the name of a company and belongs to it."""
FACETS = r"(?:'s?)? (?:licen[cs]e|owner|steward|lineage|price|size|schema|columns|freshness|quality|completeness|replicas|copies|checks|provenance|version|table|data ?set)(?!\w)"


def find_names(draft: Draft, index: NameIndex) -> None:
    """Take every name of the index and shortened ones such as a first name; more words before fewer."""
    # The words one by one are taken twice: the second time, what is listed beside a name that comes after it is one too.
    for sizes, take in ((range(LONGEST_NAME, 1, -1), _take), ((3, 2), _take_beginning), ((1, 1), _take), ((1,), _take_beginning)):
        for size in sizes:
            places = range(len(draft.tokens) - size + 1)
            for at in sorted(places, key=lambda at: draft.tokens[at].word == "the"):  # an article leaves its word to another name: the Stack Exchange dataset
                tokens = draft.tokens[at : at + size]
                if _whole(draft, tokens):
                    take(draft, index, tokens)


def _whole(draft: Draft, tokens: list[Token]) -> bool:
    """Whether the words are free and stand in one phrase."""
    start, end = tokens[0].start, tokens[-1].end
    return draft.free(start, end) and not (len(tokens) > 1 and re.search(r"[?!;:]|, |(?<!(?<!\w)\w)(?<!(?<!\w)dr)\. |'s? ", draft.text[start:end]))


def _take(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    key, start, end = " ".join(t.word for t in tokens), tokens[0].start, tokens[-1].end
    if key in PROTECTED and (key not in index.names or draft.question[start:end].islower()):
        draft.found.append(draft.nothing(start, end))
        return
    kinds = lookup(index, [t.word for t in tokens])
    if not kinds or not (bounded(draft, start, end) or SIZE.match(draft.text[end:])):
        return
    if len(key) < 4 and key.isalpha() and key not in index.names and draft.question[start:end].islower() and not _perhaps(draft, start):
        return  # initials and short surnames, written small: esa, tan
    surface, before, after = draft.text[start:end], draft.before(start), draft.after(end)
    if {"licence", "org"} <= kinds.keys():  # MIT
        by_org = (led("org", before, "") or after.startswith("'s")) and not re.search(r"licen[cs]ed by $", before) and not stands_beside("licence", before, after)
        kinds = {kind: values for kind, values in kinds.items() if kind != ("licence" if by_org else "org")}
    for kind in ranked(kinds, before, after):
        if not ("_" in surface and kind in NOT_SNAKE) and is_name(draft, tokens, kind, kinds[kind]):
            size = SIZE.match(draft.text[end:]) if kind in ("model", "dataset") else None
            other = VERSION.match(draft.text[end:]) if kind == "model" and not size else None
            if other and re.match(FOLLOWS, draft.text[end + other.end() :]):  # Llama 3 where the catalog has Llama
                draft.add(start, end + other.end(), kind, Text((draft.question[start : end + other.end()],)), known=False)
                return
            suffix = SUFFIX.match(draft.text[end:]) if kind == "org" else None
            tail = size or suffix
            draft.add(titled(draft.text, start) if kind == "person" else start, end + (tail.end() if tail else 0), kind, Text(tuple(kinds[kind])))
            return


def _take_beginning(draft: Draft, index: NameIndex, tokens: list[Token]) -> None:
    """``Priya`` for Priya Nair, ``MIMIC`` for all of its versions: only words that are no English, or written or pointed at as a name."""
    start, end = tokens[0].start, tokens[-1].end
    key = " ".join(t.word for t in tokens)
    keys = index.beginnings.get(key) or index.beginnings.get(re.sub(r"(?<=[a-z])(?=\d)", " ", key))
    before, after = draft.before(start), draft.after(end)
    is_run = stands_beside("run", "", after) and not RUNS.search(before)
    is_model = bool(re.search(r"(?:^|\W)(?:the|our) $", before) and re.match(r" model(?!\w)", after))
    asking = all(t.word in lexicon() or t.word.isdigit() for t in tokens)
    if not keys or len(key) < 3 or (asking and not is_run) or not bounded(draft, start, end, parts=False):
        return
    rare = not all(is_english(t.word) or t.word.isdigit() or len(t.word) < 3 for t in tokens)
    owned = (led("org", before, "") and not before.endswith(" from ")) or re.match(r"'s? (?:data ?sets?|models?|nodes?|offers?)(?!\w)", after)
    kinds: Kinds = {}
    for key in keys:
        for kind in PARTIAL_KINDS:
            for value in index.names[key].get(kind, ()):
                if asking and kind != "run":
                    continue
                if kind in ("model", "run") and value.islower() and " " not in value and not (is_run and kind == "run") and not (is_model and kind == "model"):
                    continue  # churn-predictor is an identifier, nobody calls it churn, but maybe the churn model
                if kind in ("dataset", "licence") and owned:
                    continue  # what AllenAI publishes, not allenai/c4
                if value not in kinds.setdefault(kind, []):
                    kinds[kind].append(value)
    for kind in ranked([k for k in kinds if kinds[k]], before, after):
        pointed = stands_beside(kind, before, after, singular=True)
        if kind == "dataset":
            evident = pointed or ((rare or draft.question[start:end].isupper()) and _evident(draft, start, end, kind, False))
        elif kind == "node":
            evident = pointed
        elif kind == "group":
            evident = len(tokens) > 1 and led(kind, before, after)
        else:
            placed = kind == "org" and led(kind, before, after)
            if kind == "person":
                placed = bool((re.search(PERSON_LEADS, before) and re.match(FOLLOWS, after)) or re.match(r"'s? \w", after))
            evident = pointed or rare or len(tokens) > 1 or _styled(draft, start, end) or placed
            if kind == "person" and not evident and len(kinds[kind]) == 1 and re.fullmatch(r"\W*", after):
                evident = _perhaps(draft, start)
        if (kind == "person" and not alone(draft.question, start, end)) or (kind == "licence" and "dataset" in kinds and re.match(r"(?:'s?)? licen[cs]e(?!\w)", after)):
            continue  # the MovieLens licence is the dataset's
        if evident:
            draft.add(start, end, kind, Text(tuple(kinds[kind])))
            return


def lookup(index: NameIndex, parts: list[str]) -> Kinds | None:
    """The values of a spelling, by its words or else by its letters: llama2, CommonCrawl, red pajama."""
    key = " ".join(parts)
    if key in index.names:
        return {**{k: v for k, v in index.shortened.get(key, {}).items() if k == "org"}, **index.names[key]}
    if key in index.shortened:
        return index.shortened[key]
    joined = key.replace(" ", "")
    keys = index.joined.get(joined)
    if not keys or len(joined) < (3 if any(c.isdigit() for c in joined) and len(parts) == 1 else 5) or (is_english(joined) and not (len(parts) == 2 and min(map(len, parts)) > 3)):
        return None
    if len(parts) > 1 and any(p in lexicon() and len(p) < 4 for p in parts):
        return None
    return index.names[keys[0]]


def bounded(draft: Draft, start: int, end: int, parts: bool = True) -> bool:
    """Whether a span is no mere part of an identifier or version: not GPT-3 in GPT-3.5, nor vienna in 1kg-ont-vienna.

    With ``parts``, English words may be joined to it: GPT-4-generated, non-EU.
    """
    left = re.search(r"([^\W_]+)([-_.@])$", draft.text[:start])
    right = re.match(r"([-_.@])([^\W_]+)", draft.text[end:])
    if not parts and (left or (right and right[1] != ".")):
        return False
    if left and (left[2] != "-" or not is_english(left[1]) or left[1].isdigit()):
        return False
    return not right or (right[1] == "." and not right[2].isdigit()) or (right[1] == "-" and is_english(right[2]) and not right[2].isdigit())


def is_name(draft: Draft, tokens: list[Token], kind: str, values: list[str]) -> bool:
    """Whether words that could be a name are one here."""
    start, end, parts = tokens[0].start, tokens[-1].end, [t.word for t in tokens]
    before, after = draft.before(start), draft.after(end)
    asking = all(p in lexicon() or p.isdigit() for p in parts)
    if kind == "column":
        return "_" in draft.text[start:end] or (stands_beside(kind, before, after) and (not asking or (len(parts) > 1 and "_" in values[0])))
    if kind == "person" and not alone(draft.question, start, end):
        return False
    if kind == "person" and re.search(rf"(?:^|\W){TITLE}$", before):
        return True
    if kind == "country" and parts == ["the", "states"]:
        return draft.question[start:end].endswith("States") or bool(re.search(r"(?:^|\W)(?:from|in|to|outside|within) $", before) and re.match(FOLLOWS, after) and not re.match(r" (?:of|and)(?!\w)", after))
    if kind == "country" and parts == ["us"]:
        caps = draft.question[start:end] in ("US", "Us") and not draft.question.isupper()
        return caps or bool(re.search(r"(?:\bin|\bthe|outside) $", before) and not re.match(" (?:all|both|know|see|have)", after))
    if kind in ("model", "run", "job") and len(parts) > 1 and re.match(r" (?:data|data ?sets|tables|corpora)(?!\w)", after) and draft.question[start:end].islower() and not _written(draft, start, end):
        return False  # swahili speech data is no data of the model swahili-speech
    if len(parts) > 1:
        identifier = any(" " not in v for v in values)
        if not asking or not (identifier or kind in ("org", "dataset", "term")) or _written(draft, start, end) or _evident(draft, start, end, kind, True):
            return True
        return kind in EVERYDAY and _perhaps(draft, start)
    word = parts[0]
    if word.isdigit():
        return False
    beside = stands_beside(kind, before, after) or _styled(draft, start, end) or stands_beside(kind, before, re.sub(r"^,?(?: and| or|,) \w+", "", after))
    if kind == "role":
        return stands_beside(kind, before, after) or _is_role(draft, start, word)
    if kind == "language":
        if asking and word not in LANGUAGES:  # programming languages: Go, Processing, Less
            return bool(re.match(r" (?:code|language|programs?|scripts?)(?!\w)", after))
        return word in LANGUAGES or not is_english(word) or len(word) > 5 or beside or bool(re.search(r"(?:in|and|or) $", before))
    if kind in NAMES_ITSELF:
        if word not in lexicon() or beside or _listed(draft, start, end, kind) or kind in ("country", "jurisdiction"):
            return True
        return kind == "domain" and (before.endswith("about ") or (_is_topic(before, after) and _perhaps(draft, start)))
    if not is_english(word) and not asking:
        return True
    if kind in ("dataset", "model"):
        concept = asking and (word in concepts() or f"{word}s" in concepts()) and not word.endswith("s")
        acronym = asking and all(word.upper() in v for v in values)
        if _evident(draft, start, end, kind, asking, written=concept or acronym):
            return True
        return not (concept or acronym) and _perhaps(draft, start)
    if asking:
        return _styled(draft, start, end)
    leads = re.search(rf"(?:^|\W)(?:{BEFORE[kind]}) $", before) if kind in BEFORE else None
    if kind == "group" and led(kind, before, after):
        return True
    owner = kind in ("org", "person") and not asking and (re.match(r"'s? \w", after) or (kind == "org" and (led(kind, "", after) or SUFFIX.match(after))))
    placed = kind == "person" and re.search(PERSON_LEADS, before) and re.match(FOLLOWS, after)
    return beside or bool(placed or owner or (leads and not asking)) or (kind == "org" and _listed(draft, start, end, kind)) or bool(kind == "org" and not asking and re.search(r"(?:from|does|do|is|did|has) $", before))


def _is_topic(before: str, after: str) -> bool:
    """Whether an everyday word may be what data is about: datasets on finance, finance stewards; but not: the energy used, total energy of a run."""
    return bool((re.search(TOPIC_LEADS, before) and re.match(FOLLOWS, after)) or re.match(TOPIC_NOUNS, after))


def _is_role(draft: Draft, start: int, word: str) -> bool:
    """Engineers and clinicians are roles, the auditor in a story may be one; of words that are columns too, only buyers and stewards at large; compliance, a view, is none."""
    noun = singular(word)
    if not is_english(noun):
        return True
    if noun in views() or not is_listed(f"{noun}s"):
        return False
    if noun in concepts():
        return word != noun and bool(re.search(AT_LARGE, draft.before(start))) and _perhaps(draft, start)
    return not re.search(r"(?:^|\W)(?:the|our|my)(?: \w+)? $", draft.before(start)) or _perhaps(draft, start)


def _perhaps(draft: Draft, start: int) -> bool:
    """An everyday word that is a name too: one of the readings where nothing counts or measures it."""
    if re.search(COUNTING, draft.text[:start]):
        return False
    draft.passed_over = True
    return draft.eager


def _evident(draft: Draft, start: int, end: int, kind: str, asking: bool, written: bool = False) -> bool:
    """Everyday words are a name when written as one, alone, beside a word of their kind, or where only a name can stand.

    With ``written`` only the first counts: words that the catalog itself has a meaning for, and acronyms such as TOP.
    """
    before, after = draft.text[:start], draft.text[end:]
    beside = stands_beside(kind, before[-40:], after, singular=True)
    single = " " not in draft.text[start:end]
    if beside and asking and single:  # the orders table, table orders; but: test table, dataset updates of this week
        beside = bool(re.search(r"(?:^|\W)(?:the|our|this) $", before) or (stands_beside(kind, before[-40:], "", singular=True) and re.match(FOLLOWS, after)))
    if _styled(draft, start, end) or (beside and not written):
        return True
    if kind == "dataset" and COLUMNS_OF.search(before):
        return True
    if written:
        return False
    if not (asking and single) and re.fullmatch(r"\W*", before) and (re.match(FACETS, after) or re.fullmatch(r"\W*", after)):
        return True
    if _listed(draft, start, end, kind):
        return bool(re.match(FOLLOWS, after))
    leads = rf"(?:^|\W){LEADS_ASKING} $" if asking and single else rf"(?:^|\W){LEADS} $" if asking else rf"(?:^|\W){LEADS} (?:the |our )?$"
    return bool(re.search(leads, before) and re.match(FOLLOWS, after))


def _listed(draft: Draft, start: int, end: int, kind: str) -> bool:
    """Whether a value of the kind stands before or behind, joined by ``and``, ``or``, ``vs`` or a comma."""
    joint, further = re.search(rf"{JOINT}$", draft.text[:start]), re.match(JOINT, draft.text[end:])
    return any(m.kind == kind and ((joint and m.end == joint.start()) or (further and m.start == end + further.end())) for m in draft.found)


def _styled(draft: Draft, start: int, end: int) -> bool:
    """Capitals where the rest of the sentence has none: ``is GLUE deprecated``, ``models by Meta``."""
    surface = draft.question[start:end]
    if surface == draft.text[start:end]:
        return False
    inside = start > 0 and not re.search(r"[.?!:] $", draft.question[:start])
    others = re.findall(r"[^\W\d_]+", draft.question[:start] + " " + draft.question[end:])
    return (inside or surface[1:] != draft.text[start + 1 : end]) and any(w.islower() and len(w) > 1 for w in others)


def _written(draft: Draft, start: int, end: int) -> bool:
    """Whether the words are joined as an identifier's are: ``menu_items``, ``new-events``."""
    return not re.search(r"\s", draft.text[start:end]) and len(words(draft.text[start:end])) > 1
