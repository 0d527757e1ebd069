"""The health of a dataset in words: its score, one line of each alert, everything that is known of it."""

from collections.abc import Iterator
from datetime import datetime

from textual.content import Content

from tui.chat.facts import Fact, fact, heading
from tui.chat.health import (
    MOST_CHECKS,
    MOST_SERIES,
    Check,
    Checkup,
    ago,
    measured,
    spark,
)
from tui.chat.words import plain
from tui.safe import safe

BAR = 6
"""Characters of a score's bar."""


def score_words(score: float | None) -> str:
    """``━━━━━━━╸──  76%``; words where it is not known."""
    if score is None:
        return "not measured"
    halves = round(max(0.0, min(1.0, score)) * BAR * 2)
    return f"{'━' * (halves // 2) + '╸' * (halves % 2):─<{BAR}} {score:>4.0%}"


def alert_line(alert: Check, now: datetime) -> Content:
    """An alert: how bad, its state, what failed, since when, who is on it."""
    own = alert.fields
    is_open = own["alert_status"] == "open"
    severity = own.get("severity") or "unrated"
    since = [f"since {ago(own.get('opened'), now)}"] if own.get("opened") else []
    who = [own["assignee"]] if own.get("assignee") else []
    return Content.assemble(
        ("! " if is_open else "✓ ", "$text-warning" if is_open else "$text-success"), plain(f"{severity} · {own['alert_status']} · "), plain(alert.said), plain("".join(f" · {word}" for word in since + who))
    )


def checkup_lines(found: Checkup, now: datetime) -> Iterator[Fact]:
    """One dataset in lines."""
    health = found.health
    yield heading(health.name)
    if health.node:
        yield fact("held by", health.node)
    yield Fact("score", Content.styled(score_words(health.score), "$accent"))
    stale = {True: "  ! stale: later than it is promised", False: "  ✓ as promised", None: ""}[health.is_stale]
    yield fact("updated", ago(health.updated, now) + stale)
    for gap in found.gaps:
        yield fact("", gap)
    if found.series:
        yield heading()
        yield heading("Measurements, oldest first")
    drawn = [(spark(one.values), f"{measured(one.values[0], one.unit).removesuffix('%')}→{measured(one.values[-1], one.unit)}", one) for one in found.series[:MOST_SERIES]]
    widest = max((len(line) for line, _, _ in drawn), default=0), max((len(change) for _, change, _ in drawn), default=0)
    for line, change, one in drawn:
        name = ".".join(filter(None, [one.column, one.metric]))
        yield Fact(f"{line:>{widest[0]}}", Content.assemble(f"{change:<{widest[1]}}  ", plain(name), ("  ! unusual", "$text-warning") if one.is_anomaly else ""))
    if len(found.series) > MOST_SERIES:
        yield fact("", f"{len(found.series) - MOST_SERIES:,} more are not shown.")
    over = [check for check in found.checks if not check.alert]
    if over:
        yield heading()
        yield heading("Checks that failed earlier" if found.alerts else "Checks that failed")
    for check in over[:MOST_CHECKS]:
        own = check.fields
        end = f" · alert {own['alert_status']}" if own.get("alert_status") else ""
        sign = "✗" if own["status"] == "failed" else "!"
        yield Fact("", Content.assemble(f"{sign} ", plain(check.said), (f" · {ago(own.get('opened'), now)}{safe(end)}", "dim")))
    if len(over) > MOST_CHECKS:
        yield fact("", f"{len(over) - MOST_CHECKS:,} older ones are not shown.")
    if not found.checks and not found.gaps:
        yield heading()
        yield fact("", "✓ No check failed.")
