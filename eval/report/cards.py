"""The cases themselves: every failure as a card that unfolds, what changed against another run, and the right ones in a list."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval.record import Record
from eval.report import plots
from eval.report.diff import result_diff, same_sql, sql_diff
from eval.report.text import count, decimal, duration, interval, number, percent, text, within
from eval.report.words import REASONS, outcome

CARDS = 500
CARD_SIZE = 2_600_000
"""Characters of all cards together, so that the page stays below 5 MB whatever the records hold."""
RIGHT = 5000
RIGHT_SIZE = 1_200_000
CHANGES = 300
_ORDER = {reason: place for place, reason in enumerate(REASONS)}


def failures(records: Sequence[Record]) -> str:
    """Failing records, most harmful reason first and the most confident of a reason before the others."""
    failing = sorted((r for r in records if not r.right), key=lambda r: (_ORDER[r.reason], -(r.confidence or 0.0), r.key))
    if not failing:
        return '<section id="failures" aria-labelledby="failures-h"><h2 id="failures-h">Failures</h2><p class="said">None: every record is right.</p></section>'
    counts = {reason: n for reason in REASONS if (n := sum(r.reason == reason for r in failing))}
    chips = _chip("all", "All", len(failing), len(failing), True) + "".join(_chip(r, REASONS[r][0], n, len(failing), False) for r, n in counts.items())
    dialogues: dict[tuple[str, str, int], list[Record]] = {}
    for record in records:
        if record.turns > 1:
            dialogues.setdefault((record.suite, record.id, record.repeat), []).append(record)
    numbered = ((i, r, dialogues.get((r.suite, r.id, r.repeat), ())) for i, r in enumerate(failing, 1))
    cards, left = within(numbered, lambda one: _card(*one), CARDS, CARD_SIZE)
    more = f'<p class="more">{left:,} more failures are left out here; the records hold them all.</p>' if left else ""
    return (
        '<section id="failures" aria-labelledby="failures-h"><h2 id="failures-h">Failures</h2>'
        '<p class="said">Most harmful first, then most confident first. A case of several turns or repeats can fail more than once.</p>'
        f'<fieldset class="chips"><legend class="quiet">Show failures by reason</legend>{chips}</fieldset>{"".join(cards)}{more}</section>'
    )


def right(records: Sequence[Record]) -> str:
    """What went well, one line each."""
    good = [r for r in records if r.right]
    if not good:
        return ""
    lines, left = within(good, _line, RIGHT, RIGHT_SIZE)
    more = f'<p class="more">{left:,} more are left out here.</p>' if left else ""
    return (
        '<section id="right" aria-labelledby="right-h"><h2 id="right-h">Right</h2>'
        f'<details class="list"><summary>{len(good):,} right records</summary><ol>{"".join(lines)}</ol>{more}</details></section>'
    )


def contrast(found: Mapping[str, Any] | None) -> str:
    """Two runs over the same cases: both accuracies, their difference, and which cases changed sides."""
    if not found:
        return ""
    runs = [(name, run) for name in ("a", "b") if isinstance(run := found.get(name), Mapping)]
    rows = "".join(
        f'<tr><th scope="row">{name.upper()} <bdi>{text(run.get("name") or run.get("backend") or "", 60)}</bdi></th><td class="num">{count(run.get("n"))}</td>'
        f'<td class="plot">{plots.interval_row(run.get("accuracy"), run.get("low"), run.get("high"))}</td>'
        f'<td class="num"><b>{percent(run.get("accuracy"))}</b><span>{interval(run.get("low"), run.get("high"), 0)}</span></td></tr>'
        for name, run in runs
    )
    head = f'<thead><tr><th scope="col">run</th><th scope="col" class="num">n</th><th class="plot">{plots.interval_axis()}</th><th scope="col" class="num">right</th></tr></thead>'
    table = f'<table class="dots">{head}<tbody>{rows}</tbody></table>' if rows else ""
    return (
        '<section id="contrast" aria-labelledby="contrast-h"><h2 id="contrast-h">Against another run</h2>'
        f'<p class="said">{_verdict(found)}{_apart(found)}</p>{table}<div class="columns">'
        + _changes("Newly failing", found.get("newly_failing"))
        + _changes("Newly passing", found.get("newly_passing"))
        + "</div></section>"
    )


def _chip(reason: str, label: str, n: int, total: int, checked: bool) -> str:
    on = " checked" if checked else ""
    return f'<label><input type="radio" name="reason" id="only-{reason}"{on}><span>{label} <b>{n:,}</b>{plots.share_bar(n, total)}</span></label>'


def _card(place: int, record: Record, dialogue: Iterable[Record]) -> str:
    label, sentence = REASONS[record.reason]
    return (
        f'<details class="card r-{record.reason}" id="f{place}"><summary><span class="tag">{label}</span><span class="q"><bdi>{text(record.question)}</bdi></span>'
        f'<span class="meta">{_meta(record)}</span></summary><div class="body">'
        f'<p class="why">{sentence}{f" <span>{text(record.detail)}</span>" if record.detail else ""}</p>'
        + _before(record, dialogue)
        + _said(record)
        + _sql(record)
        + _results(record)
        + _facts(record)
        + "</div></details>"
    )


def _meta(record: Record) -> str:
    expected = " or ".join(outcome(name) for name in record.expected)
    parts = [f"<code>{text(record.id, 80)}</code>", text(record.principal or "anonymous", 60), f"expected <b>{expected}</b> → got <b>{outcome(record.got)}</b>"]
    if record.turns > 1:
        parts.append(f"turn {record.turn + 1} of {record.turns}")
    if record.repeat:
        parts.append(f"repeat {record.repeat + 1}")
    if record.confidence is not None:
        parts.append(f"confidence {decimal(record.confidence, 2)}")
    return " · ".join(parts)


def _before(record: Record, dialogue: Iterable[Record]) -> str:
    earlier = sorted((r for r in dialogue if r.turn < record.turn), key=lambda r: r.turn)
    lines = "".join(f"<li><bdi>{text(r.question)}</bdi> → {outcome(r.got)}{'' if r.right else ' (not right)'}</li>" for r in earlier[-5:])
    return f'<h3>Asked before</h3><ol class="before">{lines}</ol>' if lines else ""


def _said(record: Record) -> str:
    parts = [(name, value) for name, value in (("Reading", record.reading), ("Message", record.message)) if value]
    lines = "".join(f"<dt>{name}</dt><dd><bdi>{text(value, 600)}</bdi></dd>" for name, value in parts)
    if record.choices:
        more = f'<li class="cut">{len(record.choices) - 10:,} more</li>' if len(record.choices) > 10 else ""
        lines += f"<dt>Choices</dt><dd><ul>{''.join(f'<li><bdi>{text(c)}</bdi></li>' for c in record.choices[:10])}{more}</ul></dd>"
    return f'<dl class="said-by">{lines}</dl>' if lines else ""


def _sql(record: Record) -> str:
    gold = record.nearest_gold or (record.gold[0] if record.gold else "")
    if not gold and not record.sql:
        return ""
    note = ""
    if not gold:
        note = "Steward's SQL; the case has no gold."
    elif not record.sql:
        note = "The gold; Steward wrote no SQL."
    elif same_sql(gold, record.sql):
        note = "The gold and Steward's SQL are the same."
    elif len(record.gold) > 1:
        note = f"The nearest of {len(record.gold)} golds and Steward's SQL."
    key = '<span class="legend gold">− gold</span> <span class="legend pred">+ Steward</span>' if gold and record.sql and not note.endswith("same.") else ""
    said = f'<p class="said">{note}</p>' if note else ""
    return f"<h3>SQL {key}</h3>{said}{sql_diff(gold, record.sql)}"


def _results(record: Record) -> str:
    shown = result_diff(record.gold_result, record.result)
    return f"<h3>Rows</h3>{shown}" if shown else ""


def _facts(record: Record) -> str:
    facts = [f"suite {text(record.suite, 80)}"]
    if record.instances_scored:
        facts.append(f"right on {record.instances_right} of {record.instances_scored} seeded instances")
    if record.one_instance is not None:
        facts.append("right on the demo catalog" if record.one_instance else "wrong on the demo catalog")
    facts.append(f"access {record.access}")
    facts += [f"reads {text(v, 80)}" for v in record.violations[:6]]
    facts.append(duration(record.total_ms) + (" cold" if record.cold else ""))
    facts += [f"{text(k, 40)} {text(', '.join(v) if isinstance(v, tuple) else v, 80)}" for k, v in list(record.tags.items())[:12]]
    return f'<p class="fine">{" · ".join(facts)}</p>'


def _line(record: Record) -> str:
    sure = "" if record.confidence is None else f" · {decimal(record.confidence, 2)}"
    turn = f" turn {record.turn + 1}" if record.turns > 1 else ""
    return (
        f"<li><bdi>{text(record.question, 160)}</bdi> <span><code>{text(record.id, 80)}</code>{turn} · {text(record.principal or 'anonymous', 60)} · "
        f"{outcome(record.got)}{sure} · {duration(record.total_ms)}</span></li>"
    )


def _verdict(found: Mapping[str, Any]) -> str:
    difference, low, high, p = (number(found.get(name)) for name in ("difference", "low", "high", "mcnemar_p"))
    if difference is None:
        return "The two runs are not compared."
    size = "A and B are equally accurate" if not difference else f"B is {abs(100 * difference):.1f} points {'more' if difference > 0 else 'less'} accurate than A"
    span = f" (95% interval of the paired difference {decimal(100 * low, 1)} to {decimal(100 * high, 1)} points)" if low is not None and high is not None else ""
    chance = "" if p is None else f", McNemar p = {decimal(p) if p >= 0.001 else '&lt; 0.001'}".replace("= &lt;", "&lt;")
    plain_words = ""
    if low is not None and high is not None:
        plain_words = " The interval includes zero: this may be chance." if low <= 0 <= high else " The interval excludes zero."
    return f"{size}{span}{chance}.{plain_words}"


def _apart(found: Mapping[str, Any]) -> str:
    """Cases that the two runs do not share, or not in the same form."""
    counted = (("only_a", "only in A"), ("only_b", "only in B"), ("altered", "altered between the runs"))
    said = [f"{len(cases):,} {words}" for name, words in counted if isinstance(cases := found.get(name), Sequence) and cases]
    return f" Cases {', '.join(said)}." if said else ""


def _changes(name: str, cases: Any) -> str:
    rows = [case for case in cases or () if isinstance(case, Mapping)]
    lines = "".join(
        f"<li><bdi>{text(case.get('question') or '', 200)}</bdi> <span><code>{text(case.get('id') or '', 80)}</code> · {_reason(case.get('reason_a'))} → {_reason(case.get('reason_b'))}{': ' if case.get('detail') else ''}{text(case.get('detail') or '', 200)}</span></li>"
        for case in rows[:CHANGES]
    )
    more = f'<p class="more">{len(rows) - CHANGES:,} more</p>' if len(rows) > CHANGES else ""
    body = f"<ol>{lines}</ol>" if lines else '<p class="said">None.</p>'
    return f'<section class="list"><h3>{name} <b>{len(rows):,}</b></h3>{body}{more}</section>'


def _reason(value: object) -> str:
    name = str(value or "–")
    return next((label[0].lower() + label[1:] for reason, (label, _) in REASONS.items() if reason == name), text(name, 60))

