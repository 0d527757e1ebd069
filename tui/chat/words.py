"""Outcomes in words: the lines and cards of an answer. Knows no widgets; everything that came from data passes ``safe``."""

from datetime import datetime

from textual.content import Content

from nl2sql.turn import Answered, Decision, Freshness, Outcome, Stage
from tui.safe import safe

MARKS = {"allowed": ("✓", "$text-success"), "masked": ("≈", "$text-warning"), "denied": ("✗", "$text-error"), "declined": ("–", "dim")}
"""Sign and colour of a verdict; the word always stands beside them."""
STAGES = {"context": "names", "draft": "draft", "guard": "guard", "mend": "mend", "vote": "vote", "run": "run"}
HASH_SHOWN = 12
DRAFT_SHOWN = 400
"""Characters of a draft in the making; what it becomes is shown whole."""


def plain(words: str, style: str = "") -> Content:
    """Text from anywhere, as text: no markup, no escape sequences."""
    return Content.styled(safe(words), style) if style else Content(safe(words))


def stages(found: list[Stage], elapsed_s: float | None) -> Content:
    """``names ✓ 12 ms   draft ✓ 80 ms``. While it goes on the ``elapsed_s`` lead, and what stops it: there no line breaks, whatever the stages took."""
    parts: list[Content] = [] if elapsed_s is None else [Content(f"… {elapsed_s:.1f} s   esc stops")]
    for stage in found:
        failed = stage.detail in ("failed", "denied")
        parts.append(Content(f"{STAGES.get(stage.name, stage.name)} {'✗' if failed else '✓'} {_duration(stage.elapsed_ms)}"))
    return Content("   ").join(parts)


def writing(text: str) -> Content:
    """The end of a draft that nobody has checked, marked as such in words."""
    shown = safe(text)
    return Content.assemble(("draft, not checked: ", "italic"), Content(f"…{shown[-DRAFT_SHOWN:]}" if len(shown) > DRAFT_SHOWN else shown))


def _duration(ms: float) -> str:
    return f"{ms / 1000:.1f} s" if ms >= 1000 else f"{ms:.0f} ms"


def badges(outcome: Outcome, now: datetime) -> Content:
    """Verdict, confidence and age in one line."""
    parts = [verdict(outcome.decision)]
    if outcome.confidence is not None:
        parts.append(Content(f"{outcome.confidence:.0%} sure"))
    if outcome.verified is not None:
        parts.append(Content.assemble(("✓ ", "$text-success"), plain(str(outcome.verified))))
    if isinstance(outcome, Answered):
        parts.append(plain(age(outcome.freshness, now)))
        if outcome.freshness.synthetic:
            parts.append(Content.styled("! synthetic", "$text-warning"))
        if outcome.result.truncated:
            parts.append(Content.styled(f"! only the first {len(outcome.result.rows):,} rows", "$text-warning"))
        if outcome.caveats:
            parts.append(Content.styled("! lineage is cut short", "$text-warning"))
    return Content("   ").join(parts)


def verdict(decision: Decision) -> Content:
    """``✓ allowed``: a sign and a word, so that colour is never all there is."""
    sign, style = MARKS.get(decision.verdict, ("–", "dim"))
    return Content.styled(f"{sign} {safe(decision.verdict)}", f"bold {style}")


def age(fresh: Freshness, now: datetime) -> str:
    """``3 days old`` of the oldest row behind an answer."""
    if fresh.oldest is None:
        return "age not known"
    days = (now - datetime.fromisoformat(fresh.oldest)).days
    return "from today" if days < 1 else "1 day old" if days == 1 else f"up to {days:,} days old"


def receipt(outcome: Outcome) -> str:
    """One line: where the log has it and what the rows hash to."""
    statement = outcome.statement
    if statement is None:
        return "not recorded"
    rows = f", rows {statement.answer.sha256[:HASH_SHOWN]}…" if statement.answer else ""
    return f"action {statement.seq:,} of the audit log{rows}"
