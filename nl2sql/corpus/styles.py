"""Says a question the way people do: small talk around it, typos, abbreviations, dropped articles.

Slots such as ``dataset1`` are never touched; small talk may bring values of its own, which then move the numbers.
"""

import random
import re
from collections.abc import Callable

from nl2sql.corpus.fragments import Example
from nl2sql.corpus.stories import aside, story
from nl2sql.plan.language import SLOT_KINDS, SLOTS_PER_KIND

SLOT_WORD = re.compile(rf"\b({'|'.join(SLOT_KINDS)})([1-{SLOTS_PER_KIND}])\b")
KEYS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n",
    "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
OPENERS = (
    "hi,", "hi!", "hello,", "hey,", "hey -", "hiya,", "good morning,", "good afternoon.", "dear colleagues,", "dear team,", "team,", "quick one:", "quick question:", "sorry to bother,",
    "ok so", "ok,", "so,", "right,", "well,", "um,", "again:", "please,", "pls", "please", "kindly", "could you tell me", "can you tell me", "can you check", "could you check for me", "could you please say",
    "would you mind showing me", "would you be so kind as to tell me", "would it be possible to see", "i was wondering", "i would like to ask", "i want to know", "i wonder", "i need to know", "i'd like to know",
    "we need to know", "my boss wants to know", "someone asked me", "for my report:", "for the slide:", "for the audit:", "just checking:", "just curious,", "remind me,", "tell me", "urgent:", "asap:", "fyi i need this:",
    "for the deck, i need this:", "question from legal:", "legal asks:", "the board asks:", "help me out:", "one thing:", "last one:", "and now", "next:", "also,", "first of all,",
)  # fmt: skip
CLOSERS = (
    "please", "pls", "plz", "thanks", "thx", "thank you", "thanks in advance", "thank you so much", "cheers", "ta", "asap", "urgent", "if possible", "if you can", "if any", "right now", "at the moment",
    "currently", "in the catalog", "in our catalog", "in the whole catalog", "across the network", "on the network", "in our network", "anywhere", "in total", "for me", "for us", "for my report", "for the board", "for an audit",
    "for a slide", "for our weekly meeting", "names only", "exact names", "no essay needed", "short answer", "i need it for a meeting", "my boss is asking", "it's for a review", "ok?", "or not", "right?", "do you know", "somebody must know",
    "been asked twice already", "hope that makes sense", "sorry for the rush", "no hurry", "much appreciated", "would help a lot", "would be great", "as a list", "as a table", "in a table",
)  # fmt: skip
STORIES = (
    "legal just called me about this.", "i am preparing an audit and have to fill a form.", "we have a review coming up.", "i'm new here, first week.", "i am putting together a slide for the board.",
    "our regulator sent a letter.", "a customer complained.", "we are about to retrain and i am nervous.", "someone on my team broke something.", "i promised an answer before lunch.",
    "budget season again.", "we are cleaning up the catalog.", "before we sign the contract i want to be sure.", "the last vendor lied to us about this.", "i can't find this anywhere in the docs.",
    "this has been bugging me for days.", "my manager keeps asking me the same thing.", "we had a bad week with the pipelines.", "the dashboards look odd.", "there was an incident overnight.",
    "i just came back from holiday.", "it's the middle of the night and i am on call.", "our lawyers want this in writing.", "i talked to {person} about it and got no clear answer.", "{person} says it is fine, i doubt it.",
    "we promised {org} an answer.", "{org} is asking us.", "this came up at the meeting {period}.", "i asked the same {period} and nobody knew.", "i'm from {org} and we plan to join.", "we run everything in {country}.",
    "our office is in {country}.", "there are {number} of us on this project.", "i have {number} minutes until the call.", "my colleague in {country} needs it.", "we train mostly with {framework}.",
    "i don't want to read through a pile of rows.", "don't send me to the docs, just answer.", "be precise, this goes to the minister.", "we got burned before.", "i trust nobody on this.",
    "for the steering committee i need one clear list.", "finance wants to know what we pay for.", "we might shut down part of the network.", "the paper deadline is close.", "the reviewer insists.",
    "everything was fine until the migration.", "i suspect something is wrong.", "nobody told me who to ask.", "as you know we are in the middle of the certification.", "it is for the yearly report.",
)  # fmt: skip
ABBREVIATIONS = (
    ("and", "&"), ("and", "n"), ("without", "w/o"), ("with", "w/"), ("please", "pls"), ("you", "u"), ("are", "r"), ("because", "bc"), ("number of", "# of"), ("number of", "no. of"), ("number of", "nr of"), ("count", "cnt"),
    ("average", "avg"), ("maximum", "max"), ("minimum", "min"), ("datasets", "dsets"), ("dataset", "dset"), ("datasets", "ds"), ("people", "ppl"), ("quality", "qual"), ("information", "info"), ("quarter", "qtr"),
    ("through", "thru"), ("versus", "vs"), ("what is", "what's"), ("what is", "whats"), ("which is", "which's"), ("do not", "don't"), ("does not", "doesn't"), ("is not", "isn't"), ("are not", "aren't"), ("have not", "haven't"),
    ("has not", "hasn't"), ("not", "nt"), ("that are", ""), ("which are", ""), ("that is", ""), ("more than", ">"), ("less than", "<"), ("at least", ">="), ("each", "ea"), ("per", "/"), ("licence", "license"), ("license", "licence"), ("lic", "licence"),
    ("organisation", "organization"), ("organisation", "org"), ("anonymised", "anonymized"), ("synchronised", "synced"), ("honoured", "honored"), ("personal data", "pii"), ("management", "mgmt"), ("failed", "failing"), ("that have", "with"), ("show me", "show"),
)  # fmt: skip


def restyle(example: Example, rng: random.Random) -> Example:
    """The same question said differently; about a third come back as they were."""
    question = example.question
    if rng.random() < 0.16:
        question = f"{rng.choice(OPENERS)} {question}"
    if rng.random() < 0.16:
        question = f"{question}{rng.choice([' ', ', ', ' - ', ' '])}{rng.choice(CLOSERS)}"
    if rng.random() < 0.16:
        question = _told(question, rng)
    if rng.random() < 0.22:
        for _ in range(rng.choice([1, 2, 3])):
            long, short = rng.choice(ABBREVIATIONS)
            question = re.sub(rf"\b{re.escape(long)}\b", short, question, count=rng.choice([0, 1]))
    if rng.random() < 0.12:
        question = re.sub(r"\b(the|a|an|of the|our)\b ", lambda m: "" if rng.random() < 0.7 else m[0], question)
    if rng.random() < 0.13:
        question = _words(question, rng, rng.choice([1, 1, 2, 3]), _typo)
    elif rng.random() < 0.06:
        question = _words(question, rng, 6, _vowels_out)
    question = re.sub(r"\s+", " ", question).strip()
    if question[-1].isalnum():
        question += rng.choices(["", "?", ".", "!", " ?", "??", "..."], [10, 8, 1.2, 0.2, 0.5, 0.2, 0.2])[0]
    return _renumbered(question, example)


def _told(question: str, rng: random.Random) -> str:
    """The question within what people tell of it."""
    draw = rng.random()
    if draw < 0.25:
        return f"{rng.choice(STORIES)} {question}"
    if draw < 0.8:
        return f"{story(rng).lower()} {question}"
    return f"{question.rstrip('?. ')}? {aside(rng).lower()}"


def _words(question: str, rng: random.Random, how_many: int, change: Callable[[str, random.Random], str]) -> str:
    words = question.split()
    candidates = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    for i in rng.sample(candidates, min(how_many, len(candidates))):
        words[i] = change(words[i], rng)
    return " ".join(words)


def _typo(word: str, rng: random.Random) -> str:
    """One slip of a thumb: a letter dropped, doubled, swapped, or its neighbour on the keyboard."""
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case _:
            return word[:at] + rng.choice(KEYS.get(word[at], word[at])) + word[at + 1 :]


def _vowels_out(word: str, rng: random.Random) -> str:
    """``which`` → ``whch``, as on a phone."""
    return word[0] + re.sub(r"[aeiou]", "", word[1:-1]) + word[-1] if rng.random() < 0.5 else word


def _renumbered(question: str, example: Example) -> Example:
    """Number the slots anew by where they stand, since small talk may hold values too."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}

    def name(key: str, kind: str) -> str:
        if key not in names:
            counts[kind] = counts.get(kind, 0) + 1
            names[key] = f"{kind}{counts[kind]}"
        return names[key]

    token = re.compile(rf"\{{(\w+)\}}|{SLOT_WORD.pattern}")
    question = token.sub(lambda m: name(m[0], m[1] or m[2]), question)
    lost = set(re.findall(r"@(\w+?\d)\b", example.plan)) - names.keys()  # a slip of the thumb beside a value
    if lost or any(count > SLOTS_PER_KIND for count in counts.values()):
        return example
    plan = re.sub(r"@(\w+?\d)\b", lambda m: "@" + names[m[1]], example.plan)
    return Example(question, plan, example.intent)
