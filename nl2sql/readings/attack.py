"""Attacks that nobody writes who asks a question: marks of chat templates, secret files of the machine, code that reads files. Told without a model.

What a question may read is for the guard and the worker to say, which trust nothing; this only spares such a text an answer to something else.
"""

import re

_TEMPLATE = re.compile(r"<\|\s?/?\w{2,}\s?\|>|<</?SYS>>|\[/?INST\]|</?(?:start|end)_of_turn>|(?:^|\n)\s*#{2,} ?(?:system|instruction|response|assistant)\b", re.IGNORECASE)
"""What begins and ends the turns of a chat with a model."""
_SECRETS = re.compile(r"(?<![\w/.])(?:file://)?/(?:etc|proc|sys|root)/\w|(?<!\w)~?/?\.(?:ssh|aws|netrc)(?:/|\b)|(?:\.\./){2,}", re.IGNORECASE)
"""Where a machine keeps what is its own; data may lie anywhere else."""
_READS = re.compile(r"(?<!\w)(?:read_(?:text|blob|csv(?:_auto)?|json(?:_auto)?|parquet)|glob|getenv|pg_read_file|load_file)\s*\(\s*\[?['\"](?!\w+://)", re.IGNORECASE)
"""A call of what reads the machine's files or its environment, with what it is to read."""


def is_attack(text: str) -> bool:
    """Whether a text speaks to a model's template or to the machine's files rather than asking: ``<|system|> …``, ``read_text('/etc/passwd')``."""
    return any(pattern.search(text) for pattern in (_TEMPLATE, _SECRETS, _READS))
