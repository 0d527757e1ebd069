"""Finds topic words, which are searched for in names and descriptions: ``taxi data``, ``anything about earthquakes``."""

import re
from dataclasses import replace

from nl2sql.linking.index import NameIndex
from nl2sql.linking.mentions import Draft, Mention, Token
from nl2sql.linking.vocabulary import closed_words, is_asking, is_english, lexicon, singular, words
from nl2sql.values import Text

LED = re.compile(
    r"(?:(?P<mentions>mention(?:s|ing)?)|about|containing|contains?|related to|relating to|concerning|with information on|information (?:on|about)|keyword|on the topic of|to do with) (?P<article>the |any )?(?P<noun>(?:words?|terms?|strings?|phrases?|keywords?) )?"
    r"(?P<word>[^\W\d_][^\W\d_-]{2,})(?P<whole>(?=\W*$|[,;.?!]| (?:and|or|in|by|on|at|from|since|last|this|are|is|was|were|with)(?!\w)))?"
)
"""What leads to a topic; ``whole`` where nothing more of a phrase follows the word."""
NO_TOPICS = frozenset(("nothing", "anything", "something", "everything", "that", "which", "what", "this", "these", "those", "them", "there", "how", "who", "why", "when", "none"))
"""What is no topic even where one is said outright."""
DESCRIBED = re.compile(r" (?P<word>[^\W\d_]{4,})(?P<noun> (?:data|data ?set|table|readings|files|collection|corpus)(?!\w)(?! (?:of|on|about)))?(?!\w)")
"""What may follow a dataset's name and belong to it."""
NOUNS = r"(?:data|data ?sets?|data sets|tables?|corpus|corpora|collections?|information|images?|texts?|speech|records?|models?|trips|offers?|files?|material|stuff|sets?)"
COMPOUND = r" (?!the|an?|all|my|me|our|us|which|what|who|these|this|that|it|them|those|any|each|every|for|to|in|of|on)\w"
"""What follows a noun that opens a fragment (``amazon reviews``), and not a verb (``paste the rows``)."""
LONG = 5
"""Letters of a word that can be a topic though neither English nor the catalog's texts have it."""
FOLLOWING = re.compile(rf" {NOUNS}(?!\w)|\W*$|[,;?!]| (?:we|i|you|that|which|with|in|and|or)(?!\w)")
"""What may follow such a word: what it is a topic of, the end of a clause, or how one goes on."""
LETTER = re.compile(r"(?<![\w-])[a-z]-$")
"""What belongs to the word behind it: x-ray, e-mail."""
UNHEARD = re.compile(r"(?:^|\W)(?:anything|something|nothing|data|datasets?|tables?|collections?|images?|pictures|texts?|corpora|any|some) (?:(?:on|of|for|with|from|in) )?(?:the )?$")
"""What such a word has to follow: something that is wanted, ``any images of kelp``."""
OPENING = r"(?:about|on|with|of|for|from|over|in|around|any|some|and|or|covering|contain|containing|contains|mentioning|to|the|is|are|all|show me|find|get|need|cheapest|best|daily|historical)"
"""What a plain English topic can follow."""


def find_topics(draft: Draft, index: NameIndex) -> None:
    """Words of the catalog's own texts that nobody asks with, runs of them as one topic, and what follows ``about``."""
    run: list[Token] = []
    for token in [*draft.tokens, Token(-1, -1, "")]:
        if token.start >= 0 and _topical(draft, index, token):
            if run and draft.text[run[-1].end : token.start] != " ":
                _take(draft, run)
                run = []
            run.append(token)
        elif run:
            _take(draft, run)
            run = []
    for match in LED.finditer(draft.text):
        word = match["word"]
        if (not is_asking(words(word)[0]) or _is_outright(match)) and draft.free(*match.span("word")):
            draft.add(*match.span("word"), "term", Text((singular(word),)), known=False)


def _is_outright(match: re.Match[str]) -> bool:
    """Whether a word is said to be one to search for, though people ask with it: comments mentioning gaps, containing the word model."""
    outright = match["noun"] or (match["mentions"] and not match["article"])
    return bool(outright and match["whole"] is not None) and match["word"] not in NO_TOPICS and (match["word"],) not in closed_words()


def find_described(draft: Draft, index: NameIndex) -> None:
    """Let a dataset's name have the words behind it that say what it holds or repeat a part of it: iot_temperature sensor data, Enron mails."""
    for mention in [m for m in draft.found if m.kind == "dataset" and m.known]:
        match = DESCRIBED.match(draft.text, mention.end)
        if match is None or not draft.free(*match.span("word")):
            continue
        if _is_of_name(match["word"], mention):
            draft.found[draft.found.index(mention)] = replace(mention, end=match.end("word"))
        elif match["noun"] and match["word"] in index.text_words and match["word"] not in lexicon():
            draft.found[draft.found.index(mention)] = replace(mention, end=match.end())


def _is_of_name(word: str, mention: Mention) -> bool:
    """Whether a word is one of the name that the mention leaves out, or the end of one."""
    values = mention.value.values if isinstance(mention.value, Text) else ()
    left_out = {singular(part) for value in values for part in words(value)} - {singular(part) for part in words(mention.surface)}
    return len(values) == 1 and any(part.endswith(singular(word)) for part in left_out)


def _topical(draft: Draft, index: NameIndex, token: Token) -> bool:
    """Plain English needs the place of a topic, other words are one anywhere."""
    word = token.word
    if is_asking(word) or word in lexicon() or not draft.free(token.start, token.end):
        return False
    before, after = draft.left(token.start), draft.right(token.end)
    if word not in index.text_words and f"{word}s" not in index.text_words:
        return not is_english(word) and len(word) >= LONG and word.isalpha() and bool(UNHEARD.search(before) and FOLLOWING.match(after))
    if not is_english(word):
        return True
    first = not before.strip() and re.match(COMPOUND, after)
    return bool(first or re.match(rf" (?:\w+ )?{NOUNS}(?!\w)|\W*$", after) or re.search(rf"(?:^|\W){OPENING} $", before))


def _take(draft: Draft, run: list[Token]) -> None:
    letter = LETTER.search(draft.text[: run[0].start])
    start = letter.start() if letter else run[0].start
    draft.add(start, run[-1].end, "term", Text((singular(draft.text[start : run[-1].end]),)))
