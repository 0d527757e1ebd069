"""What people tell before they ask: who wants to know, what happened, why it matters. None of it changes the question.

Sentences are composed, so that a model learns to let any of them pass rather than to know a few by heart; slots such as
``{person}`` are numbered by the caller.
"""

import random

WHO = (
    "my boss", "our lawyer", "the legal team", "the CFO", "our auditor", "the regulator", "a colleague", "a colleague in {country}", "{person}", "the new intern", "our data steward", "the insurer", "a journalist",
    "the head of research", "the on-call engineer", "the board", "our biggest customer", "a partner at {org}", "someone from {org}", "the ethics committee", "the platform team", "procurement", "the union", "my predecessor",
    "a patient group", "the ministry", "an investor", "the works council", "the security team", "our sales lead", "a reviewer", "the communications people", "my professor", "a student of mine", "the finance department", "the product owner",
    "the operations manager", "our certification body", "a supplier", "the hospital", "the school board", "a lady on the phone", "the person who had this job before me", "our office in {country}", "the project sponsor", "the steering group",
)  # fmt: skip
DID = (
    "called me about {topic}", "keeps asking about {topic}", "sent three mails about {topic}", "wants a clear word on {topic}", "complained about {topic} again", "is worried about {topic}", "read something about {topic} in the news",
    "thinks that {topic} went wrong", "does not believe what we said about {topic}", "asked in the meeting how things stand with {topic}", "wrote a long letter about {topic}", "is preparing a talk on {topic}", "has to sign off {topic}",
    "found a note about {topic} in an old folder", "swears that {topic} is fine", "was surprised by {topic}", "will present {topic} to the board", "lost patience over {topic}", "is new and has never heard of {topic}",
    "raised {topic} as a risk", "made a joke about {topic} and nobody laughed", "needs an answer on {topic} before {when}", "put {topic} on the agenda for {when}", "promised somebody a figure about {topic}", "said on the phone that {topic} is a mess",
    "says {topic} has never been looked at", "forwarded me a complaint about {topic}", "will not stop talking about {topic}", "got burned by {topic} once", "asked me to look into {topic}", "blames us for {topic}", "wants to close {topic} for good",
)  # fmt: skip
TOPIC = (
    "the licences", "our backups", "the consent forms", "the failed checks", "the dashboards", "the new rules", "the training runs", "the audit trail", "the marketplace", "prices", "the old tables", "data quality", "personal data", "the nodes abroad",
    "the shared datasets", "the last outage", "access rights", "who may see what", "the medical records", "the photo collection", "the language models", "retention", "the transfer agreements", "the weather data", "the customer tables", "the alerts",
    "the pipelines", "the migration", "the new supplier", "the contract with {org}", "the numbers in the report", "the yearly review", "the stale tables", "the metadata", "our certificates", "the disputed entries", "the orders", "the key rotation",
    "the restore tests", "the grants", "lineage", "the column names", "the embeddings", "the web crawl", "the benchmark", "the vendors", "a breach elsewhere", "the new law", "our reputation", "the budget", "the model card", "the voice recordings",
)  # fmt: skip
WHEN = ("Monday", "Friday", "the weekend", "lunch", "tomorrow's call", "the next sprint", "the end of the day", "the summer break", "the audit", "the board meeting", "the release", "Thursday", "the holidays", "tonight")
HAPPENED = (
    "Something broke overnight", "The report looked odd this morning", "We found a spreadsheet nobody could explain", "The disk array made a strange noise", "Two teams give two different numbers", "The chart on the wall is red",
    "The lights went out in one of our centres", "A mail bounced and nobody knows why", "The pipeline stopped twice", "Everything was fine until the migration", "Somebody changed a setting and left", "The printer ate my notes",
    "A vendor sent us the wrong file", "The room went silent when the slide came up", "There was shouting in the corridor", "I spilled coffee over the contract", "The train was late and I had time to think", "We moved half of it last winter",
    "Our figures were quoted in a newspaper", "The phone has not stopped ringing", "It came up at the meeting", "A ticket has been open for ages", "The old documentation says one thing and the wiki another", "The last person who knew has retired",
    "We bought a company and inherited its mess", "The storage bill doubled", "My screen shows nothing but warnings", "I tried the search box and gave up", "They asked the same thing last year", "The demo failed in front of the client",
)  # fmt: skip
FEELING = (
    "I am new here and still learning the words", "I have no patience for long reports", "It is late and I am tired", "Nobody told me whom to ask", "I have to fill in a form", "I do not want to guess", "I was asked to keep it short",
    "I am on the train with a bad connection", "I would rather be sure", "I have been through three wikis", "I need facts, not feelings", "I remember reading about it somewhere", "I was on leave when this started", "I am writing a paper on it",
    "I teach a class on this", "My desk is full of paper", "I have five minutes", "I only half understand the subject", "I looked and could not find it", "I am preparing for an exam", "I promised an answer", "I hope this is the right place to ask",
    "I would like to sleep well tonight", "I am drawing a map of it for the wall", "I must not get this wrong", "I have asked before and got a shrug", "I am sorting out what is left", "I own a small company and every cent counts",
    "I keep a list and want to complete it", "I am curious more than anything else", "My team is two people and a plant", "I trust numbers more than opinions", "We are short of staff", "We sign on {when}", "We have a slot of ten minutes at {when}",
)  # fmt: skip
TURN = ("so", "so,", "anyway:", "now", "now:", "in short:", "so please tell me:", "my question is:", "what i need is this:", "concretely:", "before i answer:", "to be precise,", "that said,", "long story short:", "so here it is:", "therefore:", "first of all:")
AFTER = (
    "That is all I need.", "A plain list will do.", "No explanations please.", "I will take it from there.", "It goes straight into the report.", "It is for {who}.", "They will check it twice.", "I would rather know today than tomorrow.",
    "The rest can wait.", "Then I can close the ticket.", "I need it before {when}.", "Nobody else could tell me.", "If there is nothing, say so.", "Just that, nothing more.", "It has been on my mind for a while.", "I have to read it out loud in the meeting.",
)  # fmt: skip


def story(rng: random.Random) -> str:
    """One to three sentences that come before a question, and perhaps the words that lead to it."""
    told = " ".join(_sentence(rng) for _ in range(rng.choice((1, 1, 1, 2, 2, 3))))
    return f"{told} {rng.choice(TURN)}" if rng.random() < 0.3 else told


def aside(rng: random.Random) -> str:
    """A sentence that comes after a question."""
    return _filled(rng.choice(AFTER), rng) if rng.random() < 0.6 else _sentence(rng)


def _sentence(rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.45:
        said = f"{rng.choice(WHO)} {rng.choice(DID)}"
    elif draw < 0.65:
        said = rng.choice(HAPPENED)
    elif draw < 0.9:
        said = rng.choice(FEELING)
    else:
        said = f"{rng.choice(HAPPENED)} and {rng.choice(WHO)} {rng.choice(DID)}"
    return _filled(f"{said}{rng.choices(['.', '!', ' -', ','], [12, 1, 1, 1])[0]}", rng)


def _filled(text: str, rng: random.Random) -> str:
    for hole, bank in (("{topic}", TOPIC), ("{when}", WHEN), ("{who}", WHO)):
        while hole in text:
            text = text.replace(hole, rng.choice(bank), 1)
    return text
