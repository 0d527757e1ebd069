"""Attacks that nobody writes who asks a question: marks of chat templates, files of the machine, code that reads them, orders to the reader. Told without a model.

What a question may read is for the guard and the worker to say, which trust nothing; this only spares such a text an answer to something else.
"""

import re
from collections.abc import Sequence

_TEMPLATE = re.compile(r"<\|\s?/?\w{2,}\s?\|>|<</?SYS>>|\[/?INST\]|</?(?:start|end)_of_turn>|(?:^|\n)\s*#{2,} ?(?:system|instruction|response|assistant)\b", re.IGNORECASE)
"""What begins and ends the turns of a chat with a model."""
_SECRETS = re.compile(r"(?<![\w/.])(?:file://)?/(?:etc|proc|sys|root)/\w|(?<!\w)~?/?\.(?:ssh|aws|netrc)(?:/|\b)|(?:\.\./){2,}", re.IGNORECASE)
"""Where a machine keeps what is its own; data may lie anywhere else."""
_READS = re.compile(r"(?<!\w)(?:read_(?:text|blob|csv(?:_auto)?|json(?:_auto)?|parquet)|glob|getenv|pg_read_file|load_file)\s*\(\s*\[?['\"](?!\w+://)", re.IGNORECASE)
"""A call of what reads the machine's files or its environment, with what it is to read."""
_RULES = r"(?:instructions?|prompts?|directives?|guidelines?|rules?|polic(?:y|ies)|guard(?:rails?)?|restrictions?|safeguards?|(?:access|row|security) (?:checks?|controls?|polic(?:y|ies)|rules?))"
"""What the reader has to keep to."""
_YOURS = r"(?:(?:all|any|every|whatever|the|of|other)\s+)*(?:your|my|previous|prior|earlier|above|preceding)\s+(?:(?:previous|prior|earlier|access|safety|system|own|internal|usual|normal)\s+)*"
_OVERRIDES = re.compile(
    rf"\b(?:ignor(?:e|ing)|disregard|forget|bypass|override|overrule|circumvent|skip|suspend|switch off|turn off|disable|set aside)\b(?: about)?\s+{_YOURS}{_RULES}\b(?! (?:that|which|of|for|on|in|from|about|by|set|with|without|whose|are|is|was|were)\b)",
    re.IGNORECASE,
)
"""What tells the reader to set its rules aside."""
_PERSONA = re.compile(
    r"(?<!of )\byou(?: are|'re) (?:now|no longer)\b|\bfrom now on,? (?:you|answer|reply|respond|act|behave)\b|\b(?:act|behave|answer|reply|respond) as (?:if you|though you|an? (?:ai|admin\w*|dba|unrestricted|root)\b|(?:the )?(?:user|principal|admin\w*|root|superuser)\b)"
    r"|\b(?:developer|god|sudo|jailbreak|unrestricted) mode\b",
    re.IGNORECASE,
)
"""What gives the reader another part to play."""
_NOTICE = re.compile(
    r"^\W*[\[<{*#]+ ?(?:system|admin\w*|maintenance|developer|override|root|assistant)\b[^\])>}]{0,40}[\])>}*#:]|[\"']role[\"']\s*:\s*[\"'](?:system|assistant|developer)|</?(?:system|question|assistant|instructions?|prompt)>|^\W*assistant\s*:", re.IGNORECASE
)
"""What is written as if somebody else than the asker said it."""
_INNARDS = re.compile(
    r"\b(?:print|repeat|reveal|show|copy|output|quote|recite|paste|tell me|append|read out|what (?:are|were|is))\b[^.?!]{0,30}\byour (?:\w+ )?(?:instructions?|prompt|rules|configuration|guidelines)\b(?! (?:for|on|about|regarding|concerning|of)\b)"
    r"|\b(?:repeat|print|copy) the words above\b|\b(?:when|before|once) (?:you )?(?:reply|answer|respond),? (?:you )?(?:please |also |first |must |should |then )*(?:output|append|dump|reveal)\b|\b(?:api|access) tokens? of\b|\b\w+'s (?:api token|access token|password|secret key)s?\b",
    re.IGNORECASE,
)
"""Asks for what the reader is told, or for what proves who somebody is."""
_CODED = re.compile(r"(?:[A-Za-z0-9+/]{20,}={1,2}|(?:[0-9a-f]{2}[ :]?){16,})")
"""A text in a code."""


def is_attack(text: str, names: Sequence[str] = ()) -> bool:
    """Whether a text speaks to a model, its template or its rules, or to the machine's files rather than asking: ``<|system|> …``, ``read_text('/etc/passwd')``.

    What the ``names`` in it say is no word of the asker's.
    """
    if _CODED.fullmatch(text.strip()) or any(pattern.search(text) for pattern in (_TEMPLATE, _SECRETS, _READS)):
        return True
    said = text
    for name in sorted(names, key=len, reverse=True):
        said = said.replace(name, "it")
    return any(pattern.search(text) and pattern.search(said) for pattern in (_OVERRIDES, _PERSONA, _NOTICE, _INNARDS))
