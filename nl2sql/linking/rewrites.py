"""Words that people write in a way of their own, and the plain ones that they stand for: wat, older then, priciest, back 2 C4, update me on."""

import re
from collections.abc import Iterator

from nl2sql.linking.index import LONGEST_NAME, NameIndex
from nl2sql.linking.names import lookup
from nl2sql.linking.vocabulary import WORD, folded, is_listed, words

COMPARATIVES = ("more", "mor", "less", "older", "newer", "lower", "fewer", "later", "worse", "other", "higher", "bigger", "larger", "longer", "better", "greater", "smaller", "earlier")
_told = r"list|listing|overview|summary|rundown|inventory|ranking"
_whole = r"(?:(?:an?|the|me|us|up|out) ){1,3}(?:(?:complete|full|short|quick|brief|clean|tidy|little|simple|sorted|printable) ){0,2}"
_lead = r"(?:(?<=^)|(?<=[.,:;!?-] )|(?<=^please )|(?<=^pls )|(?<= and )|(?<=you )|(?<= to )|(?<= me )|(?<= we ))"
TOLD = tuple(
    (re.compile(pattern, re.I), text)
    for pattern, text in (
        (rf"{_lead}(?:update|brief|fill) (?:me|us) (?:in )?(?:on|about) (?=\w)", "show me "),
        (rf"{_lead}(?:run|walk|take|talk) (?:me|us) through (?=\w)", "show me "),
        (rf"{_lead}(?:(?:give|get|send|write|bring|do) )?(?:me |us )?an? (?:(?:quick|short|brief) )?(?:update|rundown|run-down|briefing|overview) (?:on|of|about) (?=\w)", "show me "),
        (rf"{_lead}(?:create|generate|make|produce|compile|prepare|write|draft|draw|build|compose|put together|assemble) {_whole}(?:{_told}) (?:of|with|showing) (?=\w)", "list "),
        (rf"{_lead}(?:write|note|jot) down (?=(?:all|the|every|our|which|who)\b)", "list "),
        (rf"{_lead}(?:set|lay|spell) out (?=(?:all|the|every|our|which|who|what)\b)", "list "),
        (rf"{_lead}share with (?:me|us) (?=(?:all|the|every|our|which|who|what)\b)", "show me "),
        (r"^\W*(?:just )?(?:to )?(?:remove|dispel) (?:any|all) doubts?[:,] (?=\w)", ""),
    )
)
"""Ways to ask to be told something, by words that would change it elsewhere: update me on, write down all, create a list of."""
CONTRACTED = ("do", "does", "did", "is", "are", "was", "were", "have", "hav", "has", "had", "could", "should", "would")
REWRITES = tuple(
    (re.compile(pattern, re.I), text)
    for pattern, text in (
        (r"(?<!\w)w[ao]t(?= )", "what"),
        (r"(?<!\w)(?:w[ao]ts|whats)(?= )", "what's"),
        (r"(?<!\w)(who|where|how)s(?= )", r"\1's"),
        (r"(?<!\w)(?:hwo|hom|howw) ?(?=(?:many|meny|manny|menny|much|often|big|large|long|old) )", "how "),
        (r"(?:(?<=how )|(?<=hwo ))(?:meny|manny|menny|maney)(?= )", "many"),
        (r"(?<!\w)(in|of|for|to|on|by|from|with) ?t he(?= )", r"\1 the"),
        (r"(?:(?<=last )|(?<=this )|(?<=past )|(?<=next ))(?:moth|mounth|mont)(?!\w)", "month"),
        (r"(?<=\d) ?mins?(?!\w)", " minutes"),
        (r"(?<=\d) ?secs(?!\w)", " seconds"),
        (r"(?<=\w )(?:(?:is|are) going to|will)(?: soon)? (?=(?:lapse|expire|run out|end|cease)(?!\w))", ""),
        (r"(?<!\w)wont(?!\w)", "won't"),
        (r"(?<!\w)(?:price?y?i?est|costliest)(?!\w)", "most expensive"),
        (r"(?<!\w)as of (?:right )?now(?!\w)", "now"),
        (r"(?<=do we have )today(?!\w)", "right now"),
        (r"(?<!\w)(?:in|for|over|during|within|on) each (?:one )?of (?:the|our) (last|past|previous) (\w+) (day|week|month|quarter|year)s(?!\w| with )", r"per \3 in the \1 \2 \3s"),
        (r"(?<!\w)all the way (up|down)(?:stream)?(?!\w)", r"\1stream at any depth"),
        *((rf"(?-i:(?<!\w)(?:{slips})(?!\w))", text) for slips, text in (("teh|hte", "the"), ("adn|nad", "and"), ("wen", "when"), ("wer", "were"), ("hav", "have"))),
        (rf"(?:{'|'.join(rf'(?<=(?<!.){w} )|(?<=[^a-z]{w} )' for w in COMPARATIVES)})then(?= )", "than"),
        (r"(?<!\w)mor(?= th[ae]n )", "more"),
        *((rf"(?<!\w){word}n'?t(?!\w)", "haven't" if word == "hav" else f"{word}n't") for word in CONTRACTED),
    )
)
"""Phones write wat, hurried people older then and havnt; others have words of their own for what has a plain one."""
AGAIN = re.compile(
    r"(?:next|last|past|coming|previous) (?:\d+|\w+) (?P<unit>day|week|month|quarter|year|hour)s?\b(?:(?!>>).)*(?:>>(?:(?!>>).)*)?"
    r">> *(?:(?:and|or|the|now|in|for|over|what about|how about|ok|please|rather) )*(?:next|last|past|coming|previous) \d+(?=\W*(?:$|>>))",
    re.I,
)
"""A span of time in a turn that leaves the unit to the one before: within the next 7 days >> next 14."""
TEXTED = re.compile(r"(?:(?<=access )|(?<=back )|(?<=belong )|(?<=belongs )|(?<=according )|(?<=compared )|(?<=related )|(?<=similar )|(?<=go )|(?<=goes )|(?<=happened ))2(?= )", re.I)
"""A figure behind a word that a place or a thing follows."""


def rewritten(question: str, index: NameIndex) -> Iterator[tuple[int, int, str]]:
    """Where such words stand, and the plain ones."""
    for pattern, text in (*REWRITES, *TOLD):
        yield from ((match.start(), match.end(), match.expand(text)) for match in pattern.finditer(question))
    if again := AGAIN.search(question):
        yield again.end(), again.end(), f" {again['unit']}s"
    for match in TEXTED.finditer(question):
        behind = words(question[match.end() :])[:LONGEST_NAME]
        if any(lookup(index, list(behind[:size])) for size in range(1, len(behind) + 1)):
            yield *match.span(), "to"
    yield from _owners(question, index)


def _owners(question: str, index: NameIndex) -> Iterator[tuple[int, int, str]]:
    """The apostrophe that is left out of an owner's name: googles models, mei chens orders."""
    found = list(WORD.finditer(question))
    for at, last in enumerate(found):
        if last[0].endswith("s") and re.match(r" \w", question[last.end() :]):
            said = (question[first.start() : last.end()] for first in found[max(0, at - 2) : at + 1])
            if any(_is_owner(folded(name), index) for name in said):
                yield last.end() - 1, last.end(), "'s"


def _is_owner(said: str, index: NameIndex) -> bool:
    """Whether the words are a person's or an organisation's name with an s behind it, and nothing else."""
    kinds = index.names.get(said[:-1], {}).keys()
    return bool({"org", "person"} & kinds) and said not in index.names and said not in index.shortened and not is_listed(said)
