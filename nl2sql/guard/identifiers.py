"""Identifiers as the engine has them: when two are the same, and how one is quoted."""

_UPPER = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def fold(name: str) -> str:
    """A name as the engine compares it: only ASCII letters lose their case, so ``É`` and ``é`` are two names."""
    return name.lower() if name.isascii() else name.translate(_UPPER)


def quoted(name: str) -> str:
    """A name in quotes, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
