"""Plots and tables of a run: accuracy by slice, confidence, time, and what happened where something else was expected."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.record import Record
from eval.report import plots
from eval.report.figures import part
from eval.report.text import count, decimal, duration, interval, number, percent, text
from eval.report.words import OUTCOMES, outcome

TAGS = ("suite", "expected", "intent", "style", "typos", "hops", "features", "role", "persona", "turn")
"""Order of the slices; any other tag follows by name."""
VALUES = 12
"""Values of a tag that are in sight; more are folded."""
FEW = 10
SHADES = 6


def slices(summary: Mapping[str, Any]) -> str:
    """A dot-and-interval plot per tag, lowest accuracy first; numbers such as typos in their own order."""
    found = {str(tag): values for tag, values in part(summary, "slices").items() if isinstance(values, Mapping)}
    tags = sorted(found, key=lambda tag: (TAGS.index(tag) if tag in TAGS else len(TAGS), tag))
    blocks = [_slice(tag, found[tag], summary.get("accuracy")) for tag in tags if len(found[tag]) > 1][:40]
    single = ", ".join(f"{text(tag, 40)} {text(next(iter(found[tag])), 60)}" for tag in tags if len(found[tag]) == 1)
    alone = f'<p class="said">The same for all cases: {single}.</p>' if single else ""
    if not blocks and not alone:
        return ""
    plots_of = f'<div class="flow">{"".join(blocks)}</div>' if blocks else ""
    return (
        '<section id="slices" aria-labelledby="slices-h"><h2 id="slices-h">Where it is right</h2>'
        f'<p class="said">Accuracy with its 95% interval and the number of cases. The dashed line is the accuracy of all cases; a hollow dot stands for fewer than {FEW} cases.</p>'
        f"{plots_of}{alone}</section>"
    )


def confidence(summary: Mapping[str, Any]) -> str:
    """Coverage–risk curve and reliability diagram, each with its figures."""
    selective = part(summary, "selective")
    bins = [b for b in selective.get("bins") or () if isinstance(b, Mapping)]
    risk, reliable = plots.coverage_risk(selective), plots.reliability(bins)
    if not risk and not reliable:
        return ""
    out = ['<section id="confidence" aria-labelledby="confidence-h"><h2 id="confidence-h">What its confidence is worth</h2><div class="columns">']
    if risk:
        head: tuple[str, ...] = ("confidence", "kept", "wrong")
        rows: list[tuple[str, ...]] = [(f"≥ {threshold:g}", percent(x), percent(y)) for x, y, threshold in plots.thresholds(selective)]
        out.append(
            "<figure><figcaption><h3>Coverage and risk</h3>"
            "<p>How many of the most confident tables are wrong, from few tables to all. A dot says where a threshold of confidence would cut. "
            f"AURC {decimal(selective.get('aurc'))}.</p></figcaption>"
            f'{risk}<p class="axis-name">share of tables kept across, share of them wrong upwards</p>{_numbers(head, rows)}</figure>'
        )
    if reliable:
        head = ("confidence", "n", "mean", "right")
        rows = [(interval(b.get("low"), b.get("high"), 0), count(b.get("n")), percent(b.get("confidence")), percent(b.get("accuracy"))) for b in bins[:50]]
        out.append(
            "<figure><figcaption><h3>Reliability</h3>"
            "<p>Dots on the diagonal keep their word; below it, confidence promises too much. "
            f"ECE {decimal(selective.get('ece'))}, AUROC {decimal(selective.get('auroc'))}.</p></figcaption>"
            f'{reliable}{plots.bin_counts(bins)}<p class="axis-name">confidence across; share right upwards, number of tables below</p>{_numbers(head, rows)}</figure>'
        )
    return "".join(out) + "</div></section>"


def latency(summary: Mapping[str, Any], records: Sequence[Record]) -> str:
    """Cold and warm percentiles, the same per stage, and a histogram of all questions."""
    found = part(summary, "latency")
    runs = [(name, one) for name in ("cold", "warm") if (one := part(found, name)) and number(one.get("p50")) is not None]
    stages = [(str(name), one) for name, one in part(found, "stages").items() if isinstance(one, Mapping) and number(one.get("p50")) is not None][:30]
    if not runs and not stages:
        return ""
    decades = plots.decades([number(one.get(p)) for _, one in (*runs, *stages) for p in ("p50", "p95", "p99")])
    bars = plots.histogram([record.total_ms for record in records if record.got != "infra"])
    shown = f'<figure class="wide"><figcaption><h3>all questions</h3></figcaption>{bars}</figure>' if bars else ""
    return (
        '<section id="time" aria-labelledby="time-h"><h2 id="time-h">Time</h2>'
        '<p class="said">A dot is the median (p50), the thick line ends at p95, the thin line and its stop at p99. All axes are logarithmic.</p>'
        f'<div class="columns">{_times("questions", runs, decades)}{_times("stages, warm", stages, decades)}{shown}</div></section>'
    )


def confusion(summary: Mapping[str, Any]) -> str:
    """Expected outcome against what happened, shaded by the share of the row; the right cell is framed."""
    table = {str(name): row for name, row in part(summary, "confusion").items() if isinstance(row, Mapping)}
    if not table:
        return ""
    order = [*OUTCOMES, *sorted({str(got) for row in table.values() for got in row} - set(OUTCOMES))]
    columns = [name for name in order if name in table or any(number(row.get(name)) for row in table.values())][:20]
    head = "".join(f'<th scope="col">{text(outcome(name), 40)}</th>' for name in columns)
    body = "".join(_heat_row(name, table[name], columns) for name in sorted(table, key=order.index if set(table) <= set(order) else None)[:20])
    return (
        '<section id="outcomes" aria-labelledby="outcomes-h"><h2 id="outcomes-h">What happened</h2>'
        '<p class="said">Each row is what should happen, each column what did; shading is the share of the row, a frame marks the expected outcome. '
        "An expected outcome is not yet a right one: its table may be wrong.</p>"
        '<div class="scroll" role="region" aria-label="Outcomes" tabindex="0"><table class="heat"><thead><tr>'
        f'<th scope="col">expected ↓ got →</th>{head}<th scope="col" class="num">all</th></tr></thead><tbody>{body}</tbody></table></div></section>'
    )


def permissions(summary: Mapping[str, Any]) -> str:
    """Answers and refusals against the policy, by analysis of the SQL."""
    access = part(summary, "access")
    if not access:
        return ""
    permits = number(access.get("false_permits"))
    rows = (
        ("Answered within the policy", "right", "C", "wrong", "W"),
        ("Answered against the policy", "right rows", "VC", "wrong rows", "VW"),
        ("Refused", "as the policy says", "PR", "needlessly", "OR"),
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="{"bad" if "Answered against" in name and number(access.get(key)) else "plainly"}"><b>{count(access.get(key))}</b> {label} <abbr>{key}</abbr></td>' for label, key in ((a, x), (b, y)))
        + "</tr>"
        for name, a, x, b, y in rows
    )
    return (
        '<section id="permissions" aria-labelledby="permissions-h"><h2 id="permissions-h">Permissions</h2>'
        f'<p class="said"><b>{count(permits)} false permit{"" if permits == 1 else "s"}</b> in {count(access.get("judged"))} judged questions; '
        f"the true rate is below {percent(access.get('bound'))} with 95% confidence. AC‑F1 {decimal(access.get('ac_f1'))}, SafeEX {percent(access.get('safe_ex'))}. "
        f"{count(access.get('UNKNOWN'))} could not be analysed and count as no pass.</p>"
        f'<div class="scroll" role="region" aria-label="Permissions" tabindex="0"><table class="access"><tbody>{body}</tbody></table></div></section>'
    )


def _numbers(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plot's numbers as a folded table."""
    if not rows:
        return ""
    heads = f'<th scope="col">{head[0]}</th>' + "".join(f'<th scope="col" class="num">{name}</th>' for name in head[1:])
    body = "".join(f'<tr><th scope="row">{first}</th>' + "".join(f'<td class="num">{value}</td>' for value in rest) + "</tr>" for first, *rest in rows)
    return f'<details class="numbers"><summary>Numbers</summary><table class="plain"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></details>'


def _slice(tag: str, values: Mapping[Any, Any], whole: object) -> str:
    rows = [(str(name), one) for name, one in values.items() if isinstance(one, Mapping)]
    if all(name.isascii() and name.isdigit() for name, _ in rows):
        rows.sort(key=lambda row: (len(row[0]), row[0]))
    else:
        rows.sort(key=lambda row: (number(row[1].get("accuracy")) or 0.0, row[0]))
    head = f'<thead><tr><th scope="col" class="name">by {text(tag.replace("_", " "), 60)}</th><th scope="col" class="num">n</th><th class="plot">{plots.interval_axis()}</th><th scope="col" class="num">right</th></tr></thead>'
    sight = VALUES if len(rows) > VALUES + 3 else len(rows)
    table = f'<table class="dots">{head}<tbody>{"".join(_slice_row(*row, whole) for row in rows[:sight])}</tbody></table>'
    if len(rows) > sight:
        more = "".join(_slice_row(*row, whole) for row in rows[sight:200])
        cut = f'<p class="cut">{len(rows) - 200:,} more values</p>' if len(rows) > 200 else ""
        table += f'<details class="numbers"><summary>{len(rows) - sight:,} more</summary><table class="dots">{head}<tbody>{more}</tbody></table>{cut}</details>'
    return f'<div class="slice">{table}</div>'


def _slice_row(name: str, one: Mapping[str, Any], whole: object) -> str:
    n = number(one.get("n")) or 0
    span = "" if one.get("low") == one.get("high") else interval(one.get("low"), one.get("high"), 0)
    plot = plots.interval_row(one.get("accuracy"), one.get("low"), one.get("high"), whole=whole, few=n < FEW)
    return (
        f'<tr><th scope="row"><bdi>{text(outcome(name), 80) or "none"}</bdi></th><td class="num">{count(n)}</td><td class="plot">{plot}</td>'
        f'<td class="num"><b>{percent(one.get("accuracy"), 0)}</b><span>{span}</span></td></tr>'
    )


def _times(name: str, rows: Sequence[tuple[str, Mapping[str, Any]]], decades: tuple[int, int]) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{text(label.replace("_", " "), 40)}</th><td class="plot">{plots.span_row(one, decades)}</td>'
        + "".join(f'<td class="num">{duration(one.get(p))}</td>' for p in ("p50", "p95", "p99"))
        + "</tr>"
        for label, one in rows
    )
    head = "".join(f'<th scope="col" class="num">{p}</th>' for p in ("p50", "p95", "p99"))
    return (
        f'<div class="slice"><table class="dots times"><thead><tr><th scope="col" class="name">{name}</th><th class="plot">{plots.span_axis(decades)}</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _heat_row(name: str, row: Mapping[str, Any], columns: Sequence[str]) -> str:
    total = sum(number(n) or 0 for n in row.values())
    cells = []
    for column in columns:
        n = number(row.get(column)) or 0
        share = n / total if total else 0
        shade = min(1 + int(share * SHADES), SHADES) if n else 0
        frame = " own" if column == name else ""
        cells.append(f'<td class="h{shade}{frame}">{f"<b>{count(n)}</b> <span>{percent(share, 0)}</span>" if n else "·"}</td>')
    return f'<tr><th scope="row">{text(outcome(name), 40)}</th>{"".join(cells)}<td class="num">{count(total)}</td></tr>'
