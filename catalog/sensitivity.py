"""Which of two sensitivities is the more closed: what tells of several things is as closed as the most closed of them."""

LEVELS = ("public", "internal", "confidential", "restricted")
"""The most open first; an unknown word is more closed than all of them."""


def closedness(sensitivity: str) -> int:
    """A number that is greater for what is more closed."""
    return LEVELS.index(sensitivity) if sensitivity in LEVELS else len(LEVELS)


def stricter(one: str, other: str) -> str:
    """SQL for the more closed of two columns; null says nothing."""
    levels = ", ".join(f"'{level}'" for level in LEVELS)
    ours, theirs = (f"coalesce(nullif(list_position([{levels}], {each}), 0), {len(LEVELS) + 1})" for each in (one, other))
    return f"CASE WHEN {other} IS NULL OR ({one} IS NOT NULL AND {ours} >= {theirs}) THEN {one} ELSE {other} END"
