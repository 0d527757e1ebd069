"""Whether words that could be a name are one where they stand: everyday words only where something shows it. Knows no index of names."""

import re

from catalog.semantic import views
from nl2sql.linking.kinds import BEFORE, FOLLOWS, alone, is_topic, led, of_several_countries, replaces, stands_beside
from nl2sql.linking.mentions import Draft, Token
from nl2sql.linking.places import LANGUAGES
from nl2sql.linking.shortened import TITLE
from nl2sql.linking.vocabulary import concepts, is_english, is_listed, lexicon, singular, words

NAMES_ITSELF = ("country", "jurisdiction", "domain", "task", "format", "framework", "licence", "metric", "term", "policy")
"""Kinds whose everyday words (German, finance, parquet) mostly mean the value."""
EVERYDAY = ("dataset", "model")
"""Kinds whose names are often everyday words: orders, customers, inventory."""
COUNTING = r"(?:how many|number of|(?<!row )count of|many|much|more|most|fewer|fewest|each|every|per|any|no|new|several|some|these|those) $"
OF_THEM = re.compile(r" of (?:all |our |the |these |those )*(?:data ?sets?|data|tables|nodes|models|rules|policies)(?!\w)")
"""Behind a word for many things together, such as an inventory, which is no name then."""
LEADS = (
    r"(?:from|of|in|on|to|into|onto|for|about|does|do|is|are|was|has|have|drop|dropping|delete|rename|change|read|reads|reading|use|uses|used|using|feed|feeds|feeding|behind|with|own|owns|via|"
    r"by|between|against|than|like|compare|regarding|concerning|write|writes|publish|publishes|load|loads|query|queries|queried|see|access|break|breaks|called|named|within|inside|"
    r"same(?: \w+){1,4} as)"
)
FLOWS = (
    r"(?:into|feeds?|feeding|upstream of|downstream of|(?:built|based|depends?|relies|rests?) on|(?:derived|made|comes?|built) from|behind|"
    r"(?:inputs?|sources?|parents?|children|origins?|ancestors?|descendants?|consumers?|dependents?|lineage|provenance) of)"
)
"""What leads to the end of a flow, which an article may stand before."""
LEADS_ASKING = r"(?:(?:from|between) both|from|(?<!number )(?<!count )(?<!kind )of|in|on|(?<=access )to|(?<=related )to|(?<=linked )to|(?<=fed )by|into|does|is|has|drop|dropping|(?<=\bi )delete|(?<=\bwe )delete|deleting|read|reads|use|uses|using|feed|feeds|feeding|behind|with|own|owns|see|access|break|breaks|than|between)"
"""What leads to a name; before a word that people also ask with, only what seldom leads to anything else."""
PERSON_LEADS = r"(?:^|\W)(?:to|by|of|from|did|does|is|was|has|can|may|ask|with|for|about|and|or) $"
AT_LARGE = r"(?:^|[.?!:;] |(?:^|\W)(?:by|to|from|of|for|do|did|can|could|may|must|should|(?<!who )(?<!that )(?<!which )are|than|vs\.?|versus|as|compare|comparing|between) |, )$"
"""Before stewards that are no stewards of anything."""
ANY_ONE = r"(?:^|\W)(?:may|can|could|must|should) an? $"
"""Before one of them, whoever it is: may a buyer."""
BESIDE_ROLE = r"(?:^|\W)(?:against|with|and|or|unlike) $"
"""Before a role beside another one."""
JOINT = r"(?:,|, and| and| or|,? (?:but|and) not|,? without| vs\.?|,? &) "
"""What stands between names in a list."""
COLUMNS_OF = re.compile(r"(?:^|\W)(?:columns?|fields?)(?: \w+)? (?:of|in|from) (?:the |our )?$")
"""What only the name of a table follows."""
SUFFIX = re.compile(r" ai(?! act)(?!\w)|,? (?:inc|corp|ltd|llc|gmbh|plc|ag)(?!\w)\.?|!(?= \w)")
"""What follows the name of a company and belongs to it."""
FACETS = r"(?:'s?)? (?:licen[cs]e|owner|steward|lineage|price|size|schema|columns|freshness|quality|completeness|replicas|copies|checks|provenance|version|table|data ?set)(?!\w)"


def is_name(draft: Draft, tokens: list[Token], kind: str, values: list[str]) -> bool:
    """Whether words that could be a name are one here."""
    start, end, parts = tokens[0].start, tokens[-1].end, [t.word for t in tokens]
    before, after = draft.before(start), draft.after(end)
    asking = all(p in lexicon() or p.isdigit() for p in parts)
    if replaces(draft, start, end, kind):
        return True
    if kind == "column":
        return "_" in draft.text[start:end] or (stands_beside(kind, before, after) and (not asking or (len(parts) > 1 and "_" in values[0])))
    if kind == "person" and not alone(draft.question, start, end):
        return False
    if kind == "person" and re.search(rf"(?:^|\W){TITLE}$", before):
        return True
    if kind == "country" and parts == ["the", "states"]:
        return draft.question[start:end].endswith("States") or bool(re.search(r"(?:^|\W)(?:from|in|to|outside|within) $", before) and re.match(FOLLOWS, after) and not re.match(r" (?:of|and)(?!\w)", after))
    if kind == "country" and len(values) > 1:
        return of_several_countries(before, after)
    if kind == "country" and parts == ["us"]:
        caps = draft.question[start:end] in ("US", "Us") and not draft.question.isupper()
        return caps or bool(re.search(r"(?:\bin|\bthe|outside) $", before) and not re.match(" (?:all|both|know|see|have)", after))
    if kind in ("model", "run", "job") and len(parts) > 1 and re.match(r" (?:data|data ?sets|tables|corpora)(?!\w)", after) and draft.question[start:end].islower() and not _written(draft, start, end):
        return False  # swahili speech data is no data of the model swahili-speech
    if len(parts) > 1:
        identifier = kind not in ("country", "jurisdiction") and any(" " not in v for v in values)  # a code is none: the united states
        if not asking or not (identifier or kind in ("org", "dataset", "term")) or _written(draft, start, end) or is_evident(draft, start, end, kind, True):
            return True
        return kind in EVERYDAY and perhaps(draft, start)
    word = parts[0]
    if word.isdigit():
        return False
    beside = stands_beside(kind, before, after) or is_styled(draft, start, end) or stands_beside(kind, before, re.sub(r"^,?(?: and| or|,) \w+", "", after))
    if kind == "role":
        return stands_beside(kind, before, after) or _is_role(draft, start, word)
    if kind == "language":
        if asking and word not in LANGUAGES:  # programming languages: Go, Processing, Less
            return bool(re.match(r" (?:code|language|programs?|scripts?)(?!\w)", after))
        return word in LANGUAGES or not is_english(word) or len(word) > 5 or beside or bool(re.search(r"(?:in|and|or) $", before))
    if kind == "policy" and is_english(word):
        return beside or _listed(draft, start, end, kind) or before.endswith("by ")  # what is denied by default, no default retention
    if kind in NAMES_ITSELF:
        if word not in lexicon() or beside or _listed(draft, start, end, kind) or kind in ("country", "jurisdiction"):
            return True
        return kind == "domain" and (before.endswith("about ") or (is_topic(before, after) and perhaps(draft, start)))
    if not is_english(word) and not asking:
        return True
    if kind in ("dataset", "model"):
        concept = asking and (word in concepts() or f"{word}s" in concepts()) and not word.endswith("s")
        acronym = asking and all(word.upper() in v for v in values)
        if is_evident(draft, start, end, kind, asking, written=concept or acronym):
            return True
        return not (concept or acronym or OF_THEM.match(after)) and perhaps(draft, start)
    if asking:
        return is_styled(draft, start, end)
    leads = re.search(rf"(?:^|\W)(?:{BEFORE[kind]}) $", before) if kind in BEFORE else None
    if kind == "group" and led(kind, before, after):
        return True
    owner = kind in ("org", "person") and not asking and (re.match(r"'s? \w", after) or (kind == "org" and (led(kind, "", after) or SUFFIX.match(after))))
    placed = kind == "person" and re.search(PERSON_LEADS, before) and re.match(FOLLOWS, after)
    return beside or bool(placed or owner or (leads and not asking)) or (kind == "org" and _listed(draft, start, end, kind)) or bool(kind == "org" and not asking and re.search(r"(?:from|does|do|is|did|has) $", before))


def _is_role(draft: Draft, start: int, word: str) -> bool:
    """Engineers and clinicians are roles, the auditor in a story may be one; of words that are columns too, only buyers and stewards at large; compliance, a view, is none."""
    noun = singular(word)
    if not is_english(noun):
        return True
    if noun in views() or not is_listed(f"{noun}s"):
        return False
    if noun in concepts():
        before, is_several = draft.before(start), word != noun
        if re.match(r"s? (?:of|for|behind|responsible|in charge)(?!\w)", draft.after(start + len(noun))):
            return False
        if is_several and any(m.kind == "role" for m in draft.found) and re.search(rf"{AT_LARGE}|{BESIDE_ROLE}", before):
            return True
        return bool(re.search(AT_LARGE if is_several else ANY_ONE, before)) and perhaps(draft, start)
    return not re.search(r"(?:^|\W)(?:the|our|my)(?: \w+)? $", draft.before(start)) or perhaps(draft, start)


def perhaps(draft: Draft, start: int) -> bool:
    """An everyday word that is a name too: one of the readings where nothing counts or measures it."""
    if re.search(COUNTING, draft.left(start)):
        return False
    draft.passed_over = True
    return draft.eager


def is_evident(draft: Draft, start: int, end: int, kind: str, asking: bool, written: bool = False) -> bool:
    """Everyday words are a name when written as one, alone, beside a word of their kind, or where only a name can stand.

    With ``written`` only the first counts: words that the catalog itself has a meaning for, and acronyms such as TOP.
    """
    before, after = draft.left(start), draft.right(end)
    beside = stands_beside(kind, before[-40:], after, singular=True)
    single = " " not in draft.text[start:end]
    if beside and asking and single:  # the orders table, table orders; but: test table, dataset updates of this week
        beside = bool(re.search(r"(?:^|\W)(?:the|our|this) $", before) or (stands_beside(kind, before[-40:], "", singular=True) and re.match(FOLLOWS, after)))
    if is_styled(draft, start, end) or (beside and not written):
        return True
    if kind == "dataset" and COLUMNS_OF.search(before):
        return True
    if written:
        return False
    if not (asking and single) and re.fullmatch(r"\W*", before) and (re.match(FACETS, after) or re.fullmatch(r"\W*", after)):
        return True
    if _listed(draft, start, end, kind):
        return bool(re.match(FOLLOWS, after))
    if kind == "dataset" and not single and re.search(rf"(?:^|\W){FLOWS} (?:the |our )$", before) and re.match(FOLLOWS, after):
        return True
    leads = rf"(?:^|\W){LEADS_ASKING} $" if asking and single else rf"(?:^|\W){LEADS} $" if asking else rf"(?:^|\W){LEADS} (?:the |our )?$"
    return bool(re.search(leads, before) and re.match(FOLLOWS, after))


def _listed(draft: Draft, start: int, end: int, kind: str) -> bool:
    """Whether a value of the kind stands before or behind, joined by ``and``, ``or``, ``vs`` or a comma."""
    joint, further = re.search(rf"{JOINT}$", draft.text[:start]), re.match(JOINT, draft.text[end:])
    return any(m.kind == kind and ((joint and m.end == joint.start()) or (further and m.start == end + further.end())) for m in draft.found)


def is_styled(draft: Draft, start: int, end: int) -> bool:
    """Capitals where the rest of the sentence has none: ``is GLUE deprecated``, ``models by Meta``."""
    surface = draft.question[start:end]
    if surface == draft.text[start:end]:
        return False
    inside = start > draft.turn_start(start) and not re.search(r"[.?!:] $", draft.question[:start])
    others = re.findall(r"[^\W\d_]+", draft.question[:start] + " " + draft.question[end:])
    return (inside or surface[1:] != draft.text[start + 1 : end]) and any(w.islower() and len(w) > 1 for w in others)


def _written(draft: Draft, start: int, end: int) -> bool:
    """Whether the words are joined as an identifier's are: ``menu_items``, ``new-events``."""
    return not re.search(r"\s", draft.text[start:end]) and len(words(draft.text[start:end])) > 1
