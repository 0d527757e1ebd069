"""Finds people, organisations, datasets, licences and the like that the index lacks, where only one can stand: grants of John Smith, owned by Initech, the WTFPL licence.

Somebody whom the asker may not see is found here exactly as one who does not exist: the answer is about them, and empty, not about everybody.
"""

import re

from nl2sql.linking.index import NameIndex
from nl2sql.linking.mentions import Draft
from nl2sql.linking.vocabulary import concepts, folded, is_asking, is_english, lexicon, words
from nl2sql.values import Text

_capital = r"[A-ZÀ-ÖØ-ÞĀ-Ž][a-zà-öø-ÿā-ž](?:['’](?!s\b)|\w)*(?:-[A-ZÀ-Ž]\w+)?"
TITLED = rf"(?P<titled>{_capital}(?:(?: (?:van|von|de|der|den|da|di|del|bin|la|le|of|and|&))* {_capital}){{0,3}})"
"""One to four words as names are written."""
PLAIN = r"(?P<plain>(?:[a-z]\.)?[a-zà-öø-ÿ]{2,}(?: [a-zà-öø-ÿ]{2,})??)"
"""One or two words as hurried people write names."""
ACRONYM = r"(?P<acronym>[A-Z][A-Z0-9-]{1,9})"
"""A name in capitals."""
_had = r"(?:grants|rights|permissions|queries|exports|downloads|questions|requests|denials|purchases|orders|alerts|actions|activity|checks|reviews|comments|ratings|assessments|approvals)"
_done_to = r"(?:granted|given|assigned|revoked|shown|denied)"
_done_by = r"(?:approved|assessed|acknowledged|bought|queried|exported|asked|read|looked after|stewarded|signed off|granted|denied|downloaded|requested|accessed|issued|signed|reviewed|rated|paid)"
_does = (
    r"(?:(?:ever|also|still|already|currently|not|actually) )?(?:see|seen|read|query|queried|export|exported|ask|asked|access|accessed|use|used|buy|bought|look|looked|own|get|got|download|downloaded|open|opened"
    r"|approve|approved|grant|granted|assess|assessed|purchase|purchased|request|requested|steward|stewarded|sign|signed|pay|paid|review|reviewed|rate|rated|want|wanted|give|given|receive|received|been (?:denied|refused|turned away|blocked|granted))\b"
)
_end = r"(?=\W*$|[?,;:]|\.(?: |$)| (?:and|or|on|in|to|for|from|with|since|last|this|that|which|what|who|how|is|are|was|were|have|has|during|between|before|after|still|over|under|per|by)\b)"
_subject = (
    rf"\b(?i:did|does|has|have|can|may|could|should|would|will) NAME (?i:{_does})",
    r"\b(?i:is|was) NAME (?i:(?:still |also |not )?(?:allowed|permitted) to)\b",
    r"\b(?i:does) NAME (?i:look after|take care of|have access|still have)\b",
    r"(?<![\w-])(?<!\bwas )(?<!\bwere )(?<!\bis )(?<!\bbeen )NAME (?i:looks after|stewards|signed|assessed|approved|queried|bought|paid|exported|requested|granted|acknowledged|revoked)\b",
    r"\b(?i:is|was) NAME (?i:the|an?) (?i:steward|assignee|assessor|buyer|approver)\b",
    r"\b(?i:gave|give|given) NAME (?i:access|rights?|permissions?)\b",
    rf"\b(?i:assigned to) NAME{_end}",
)
_placed = (
    rf"\b(?i:{_had} (?:of|by|from|for)) NAME{_end}",
    rf"\b(?i:{_done_to} (?:to|by|from)|{_done_by} by) NAME{_end}",
    r"(?<![\w-])NAME(?:'s|’s) (?i:(?:open |live |last |recent |own |current )?(?:access|rights?|grants?|permissions?|queries|exports?|requests?|purchases?|questions?|alerts?|actions?|activity|desk|plate|account))\b",
    r"\b(?:Mr|Mrs|Ms|Dr|Prof)\.? NAME\b",
    rf"\b(?i:besides|except(?: for)?|other than|apart from) NAME{_end}",
)
SUBJECTS = tuple(re.compile(pattern.replace("NAME", PLAIN)) for pattern in _subject)
"""Where a word without an article is a name, be it one that English has."""
PEOPLE = (
    *(re.compile(pattern.replace("NAME", TITLED)) for pattern in (*_subject, *_placed)),
    *SUBJECTS,
    *(re.compile(pattern.replace("NAME", PLAIN)) for pattern in _placed),
)
"""Where only a person can stand."""
GROUPS = (re.compile(rf"\b(?i:consents? (?:of|from|by)) {TITLED}{_end}"),)
"""Where only people whom data is about can stand."""
ORGANISATIONS = tuple(
    re.compile(pattern.replace("NAME", TITLED))
    for pattern in (
        rf"\b(?i:owned|published|run|operated|sold|made|released|provided|offered|built|developed) (?i:by) NAME{_end}",
        r"\b(?i:does|did|has|is|have|do) NAME (?i:sells?|selling|sold|offers?|publish(?:es|ed|ing)?|runs?|running|operates?|hosts?|hosting|released?|provides?)\b",
        rf"\b(?i:belong(?:s|ing) to) (?:(?i:the) )?NAME{_end}",
        r"(?<![\w-])NAME (?i:runs|sells|owns|operates|hosts|publishes|offers) (?i:any|the|some|all|most|which|what|how)\b",
        r"(?<![\w-])NAME(?:'s|’s) (?i:datasets|data sets|tables|models|nodes|machines|offers|products)\b",
        rf"\b(?i:models|offers|nodes|machines|data ?sets|products) (?i:by|from|of) NAME{_end}",
    )
)
"""Where only an organisation can stand."""
_of_it = (
    r"(?:licen[cs]e|owner|steward|price|size|rows?|columns?|schema|description|version|quality|freshness|rating|copies|replicas|checks|alerts|consents|claims|grants|lineage|completeness|sensitivity|format|languages?)"
)
_state = r"(?:updated|changed|stale|fresh|deprecated|encrypted|public|free|published|checked|refreshed|contain|hold|include|feed|have|cost)"
DATASETS = tuple(
    re.compile(pattern.replace("NAME", TITLED))
    for pattern in (
        rf"\b(?i:who (?:owns|maintains|stewards|published|publishes|uses|used|bought|buys|sells|looks after|looked at|can (?:read|see|access|use|query)|has access to|is responsible for)) (?:(?i:the) )?NAME{_end}",
        rf"\b(?i:{_of_it} (?:of|on|for|about|in)) (?:(?i:the) )?NAME{_end}",
        rf"\b(?i:how (?:big|large|old|fresh|good|reliable|complete|expensive) (?:is|are)) (?:(?i:the) )?NAME{_end}",
        rf"\b(?i:when was|is|was|does|has) (?:(?i:the) )?NAME (?i:(?:last |still |ever |been )*{_state})\b",
    )
)
"""Where only a dataset can stand."""
_named = (
    ("licence", r"\b(?i:under|by|with) (?:(?i:the|an?) )?NAME (?i:licen[cs]es?)\b"),
    ("licence", rf"\b(?i:licen[cs]ed (?:under|as)) (?:(?i:the) )?NAME{_end}"),
    ("format", r"\b(?i:in|as) (?:(?i:the) )?NAME (?i:format)\b"),
    ("format", rf"\b(?i:stored|saved|available|published|delivered) (?i:as) NAME{_end}"),
    ("framework", rf"\b(?i:models|rounds|runs) (?:(?i:built|made|trained|run|written|done) )?(?i:with|using) NAME{_end}"),
    ("framework", r"\b(?i:the|our|all|any) NAME (?i:runs|rounds)\b"),
    ("network", rf"\b(?i:in|of|from|on) (?:(?i:the) )?(?i:network) (?:(?i:called|named) )?NAME{_end}"),
)
VALUES = tuple((kind, re.compile(pattern.replace("NAME", name))) for kind, pattern in _named for name in (TITLED, PLAIN, ACRONYM))
"""Where only a licence, a format, a framework or a network can stand."""
NOBODY = frozenset(
    (
        *("anyone", "anybody", "someone", "somebody", "everyone", "everybody", "nobody", "no", "people", "there", "not", "an", "and", "or", "all", "any", "each", "every"),
        *("who", "whom", "they", "them", "he", "she", "it", "we", "us", "you", "me", "i", "the", "our", "your", "my", "this", "that", "these", "those"),
        *("staff", "management", "marketing", "sales", "finance", "legal", "support", "engineering", "research", "data"),
    )
)
"""Words in the place of a name that are none."""
JOINTS = frozenset(("of", "and", "van", "von", "de", "der", "den", "da", "di", "del", "bin", "la", "le"))
"""Small words within names."""
WHERE = (*(("org", p) for p in ORGANISATIONS), *(("group", p) for p in GROUPS), *(("person", p) for p in PEOPLE), *(("dataset", p) for p in DATASETS), *VALUES)


def find_strangers(draft: Draft, index: NameIndex) -> None:
    """Take names that nothing else has taken where one must stand; a word that datasets tell of may be what they are about."""
    for kind, pattern in WHERE:
        for match in pattern.finditer(draft.question):
            (group,) = pattern.groupindex
            start, end = match.span(group)
            is_topic = kind == "dataset" and folded(match[group]) in index.text_words
            if draft.free(start, end) and not is_topic and _may_be_stranger(match[group], group != "plain" or pattern in SUBJECTS):
                draft.add(start, end, kind, Text((match[group],)), known=False)


def _may_be_stranger(name: str, is_placed: bool) -> bool:
    """A word of it is none that questions are asked with, and none stands for anybody; written small no word is, and where other words can stand none is English either."""
    parts = [part for part in words(name) if len(part) > 1 and part not in JOINTS]
    if not parts or any(part in NOBODY for part in parts) or (name.islower() and parts[-1].endswith("s")):
        return False
    asked = [part in concepts() or is_asking(part) or part in lexicon() for part in parts]
    if all(asked) or (any(asked) and name.islower()):
        return False
    return is_placed or not any(map(is_english, parts))
