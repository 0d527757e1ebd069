"""Untrusted text and numbers as HTML: escaped, cut to size, with every invisible character made visible."""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, TypeVar

from catalog.unseen import UNSEEN

T = TypeVar("T")
CELL = 300
"""Characters of a question, message or cell that are shown."""
_UNSEEN = re.compile(f"[{UNSEEN}]")


def text(value: object, limit: int = CELL, *, lines: bool = False) -> str:
    """Text as HTML that is safe in an element and in a quoted attribute-free place; ``lines`` keeps line breaks and tabs.

    Control, format (bidirectional overrides among them), unseen, private-use, unassigned and lone surrogate characters appear as their
    code point in a ``span``: nothing is hidden and nothing acts. What exceeds ``limit`` characters is counted, never dropped in silence.
    """
    whole = value if isinstance(value, str) else str(value)
    shown = whole[:limit]
    out = escape(shown) if _seen(shown) else "".join(_visible(c, lines) for c in shown)
    if len(whole) > limit:
        out += f'<span class="cut">… {len(whole) - limit:,} more characters</span>'
    return out


def plain(value: object, limit: int = CELL) -> str:
    """Text for an attribute value in double quotes: escaped, cut, without any character that is not printable."""
    whole = value if isinstance(value, str) else str(value)
    shown = "".join(c if _seen(c) else " " for c in whole[:limit])
    return escape(shown + ("…" if len(whole) > limit else ""))


def cell(value: Any, limit: int = CELL) -> str:
    """A result's cell as JSON, so that ``1``, ``"1"`` and ``null`` differ."""
    if isinstance(value, str) and len(value) > limit:
        return text(json.dumps(value[:limit], ensure_ascii=False), 2 * limit) + f'<span class="cut">… {len(value) - limit:,} more characters</span>'
    return text(json.dumps(value, ensure_ascii=False, default=str), limit + 2)


def number(value: object) -> float | None:
    """The value if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def count(value: object) -> str:
    """``1234.0`` → ``1,234``; means over repeats keep one decimal; an en dash for what is no number."""
    found = number(value)
    return "–" if found is None else f"{found:,.0f}" if found == int(found) else f"{found:,.1f}"


def percent(value: object, digits: int = 1) -> str:
    """A share as a percentage, ``0.783`` → ``78.3%``."""
    found = number(value)
    return "–" if found is None else f"{100 * found:.{digits}f}%"


def interval(low: object, high: object, digits: int = 1) -> str:
    """``0.71, 0.85`` → ``71.0–85.0%``; empty where either end is unknown."""
    first, last = number(low), number(high)
    return "" if first is None or last is None else f"{100 * first:.{digits}f}–{100 * last:.{digits}f}%"


def decimal(value: object, digits: int = 3) -> str:
    """A number with fixed decimals, a true minus sign, and an en dash for none."""
    found = number(value)
    return "–" if found is None else f"{found:,.{digits}f}".replace("-", "−")


def duration(value: object) -> str:
    """Milliseconds as people read them: ``0.4 ms``, ``412 ms``, ``1.24 s``, ``65 s``."""
    found = number(value)
    if found is None:
        return "–"
    if found >= 1000:
        return f"{found / 1000:.2f} s" if found < 10_000 else f"{found / 1000:,.0f} s"
    return f"{found:.0f} ms" if found >= 10 else f"{found:.1f} ms"


def within(items: Iterable[T], render: Callable[[T], str], most: int, size: int) -> tuple[list[str], int]:
    """Rendered items until ``most`` of them or ``size`` characters, and how many are left out."""
    kept: list[str] = []
    left = used = 0
    for item in items:
        if len(kept) >= most or used >= size:
            left += 1
            continue
        kept.append(render(item))
        used += len(kept[-1])
    return kept, left


def _visible(c: str, lines: bool) -> str:
    if c == "\t":
        return " " * 4 if lines else " "
    if c == "\n":
        return "\n" if lines else '<span class="cc">↵</span> '
    category = unicodedata.category(c)
    if category[0] != "C" and category not in ("Zl", "Zp") and not _UNSEEN.match(c):
        return escape(c)
    return f'<span class="cc">U+{ord(c):04X}</span>'


def _seen(shown: str) -> bool:
    return shown.isprintable() and not _UNSEEN.search(shown)
