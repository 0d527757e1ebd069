"""Plots as inline SVG without scaling: positions are percentages, so that text keeps its size on a phone and on paper.

Each plot says its message in ``aria-label`` and stands beside a table with the same numbers. Colours come from the style sheet.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eval.report.text import count, decimal, duration, number, percent, plain

CURVE = 240
"""Points of a curve that are drawn."""
BARS = 40
_SHARES = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100%"))
_MARKS = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3)
_APART = 0.13
"""Share of the width that labels on a curve keep from one another."""


def interval_row(share: object, low: object, high: object, *, whole: object = None, few: bool = False) -> str:
    """One row of a dot-and-interval plot from 0 to 100%; ``whole`` marks the accuracy of all cases, ``few`` hollows the dot."""
    found = number(share)
    if found is None:
        return ""
    parts = [_rule(x) for x in (0, 0.25, 0.5, 0.75, 1)]
    mark = number(whole)
    if mark is not None:
        parts.append(f'<line class="whole" x1="{_at(mark)}" x2="{_at(mark)}" y1="0" y2="100%"/>')
    first, last = number(low), number(high)
    if first is not None and last is not None:
        parts.append(f'<line class="span" x1="{_at(first)}" x2="{_at(last)}" y1="50%" y2="50%"/>')
    parts.append(f'<circle class="{"dot few" if few else "dot"}" cx="{_at(found)}" cy="50%" r="4.5"/>')
    return f'<svg class="row" aria-hidden="true" focusable="false">{"".join(parts)}</svg>'


def interval_axis() -> str:
    """Tick labels over a column of `interval_row`."""
    ticks = ((0, "start", "0"), (0.5, "middle", "50"), (1, "end", "100%"))
    marks = "".join(f'<text x="{_at(x)}" y="11" text-anchor="{side}">{name}</text>' for x, side, name in ticks)
    return f'<svg class="axis" aria-hidden="true" focusable="false">{marks}</svg>'


def headline(accuracy: object, low: object, high: object, one_instance: object) -> str:
    """The accuracy with its interval on the whole scale, and the one-instance accuracy as a diamond."""
    found = number(accuracy)
    if found is None:
        return ""
    parts = ['<line class="base" x1="0" x2="100%" y1="22" y2="22"/>']
    for x in range(0, 101, 10):
        parts.append(f'<line class="tick" x1="{x}%" x2="{x}%" y1="18" y2="26"/>')
        if x % 50 == 0:
            side = {0: "start", 50: "middle", 100: "end"}[x]
            parts.append(f'<text x="{x}%" y="46" text-anchor="{side}">{x}{"%" if x == 100 else ""}</text>')
    first, last = number(low), number(high)
    if first is not None and last is not None:
        parts.append(f'<line class="band" x1="{_at(first)}" x2="{_at(last)}" y1="22" y2="22"/>')
        parts += (f'<line class="stop" x1="{_at(x)}" x2="{_at(x)}" y1="14" y2="30"/>' for x in (first, last))
    single = number(one_instance)
    if single is not None:
        parts.append(f'<svg class="over" x="{_at(single)}" y="22"><path class="diamond" d="M0 -7 L7 0 L0 7 L-7 0 Z"/></svg>')
    parts.append(f'<circle class="dot big" cx="{_at(found)}" cy="22" r="7"/>')
    said = f"Accuracy {percent(found)} on a scale from 0 to 100%, interval {percent(low)} to {percent(high)}; on the demo catalog alone {percent(single)}"
    return f'<svg class="scale" role="img" aria-label="{plain(said)}">{"".join(parts)}</svg>'


def coverage_risk(selective: Mapping[str, Any]) -> str:
    """Share of wrong tables among the most confident ones, by how many are kept; a few thresholds of confidence are marked."""
    points = _points(selective)
    if len(points) < 2:
        return ""
    step = math.ceil(len(points) / CURVE)
    drawn = points[::step] + ([points[-1]] if (len(points) - 1) % step else [])
    top = _round_up(max(risk for _, risk, _ in drawn))
    path = " ".join(f"{100 * x:.2f},{100 - 100 * y / top:.2f}" for x, y, _ in drawn)
    first, last = 100 * drawn[0][0], 100 * drawn[-1][0]
    parts = _frame(_SHARES, _percent_ticks(top))
    parts.append(
        '<svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">'
        f'<polygon class="area" points="{first:.2f},100 {path} {last:.2f},100"/><polyline class="curve" points="{path}"/></svg>'
    )
    for x, y, threshold in _spread(thresholds(selective)):
        side = "end" if x > 0.85 else "middle"
        parts.append(f'<circle class="dot" cx="{_at(x)}" cy="{_at(1 - y / top)}" r="4"/>')
        parts.append(f'<text class="halo" x="{_at(x)}" y="{_at(1 - y / top)}" dy="-10" text-anchor="{side}">≥ {threshold:g}</text>')
    half = min(points, key=lambda point: abs(point[0] - 0.5))
    said = f"Coverage and risk: {percent(half[1])} wrong among the {percent(half[0], 0)} most confident tables, {percent(points[-1][1])} among {percent(points[-1][0], 0)}"
    return _figure("chart", said, parts)


def thresholds(selective: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """Coverage and risk at round thresholds of confidence, the highest first: ``(0.42, 0.10, 0.9)``."""
    points = _points(selective)
    met = ((threshold, [point for point in points if point[2] >= threshold]) for threshold in _MARKS)
    return [(kept[-1][0], kept[-1][1], threshold) for threshold, kept in met if kept]


def reliability(bins: Sequence[Mapping[str, Any]]) -> str:
    """Accuracy against confidence, bin by bin; the distance to the diagonal is the miscalibration."""
    seen = [(x, y, number(b.get("n")) or 0) for b in bins if (x := number(b.get("confidence"))) is not None and (y := number(b.get("accuracy"))) is not None]
    seen = [found for found in seen if found[2] > 0]
    if not seen:
        return ""
    most = max(n for *_, n in seen)
    parts = _frame(_SHARES, _SHARES)
    parts.append('<line class="diagonal" x1="0" y1="100%" x2="100%" y2="0"/>')
    for x, y, n in seen:
        parts.append(f'<line class="gap" x1="{_at(x)}" x2="{_at(x)}" y1="{_at(1 - y)}" y2="{_at(1 - x)}"/>')
        parts.append(f'<circle class="dot" cx="{_at(x)}" cy="{_at(1 - y)}" r="{3 + 6 * math.sqrt(n / most):.1f}"/>')
    worst = max(seen, key=lambda found: abs(found[0] - found[1]))
    said = f"Reliability: accuracy against confidence in {len(seen)} bins; the widest gap is {percent(worst[1], 0)} right at {percent(worst[0], 0)} confidence"
    return _figure("chart", said, parts)


def bin_counts(bins: Sequence[Mapping[str, Any]]) -> str:
    """How many tables each confidence bin holds, under the reliability diagram and on its axis."""
    seen = [(low, high, number(b.get("n")) or 0.0) for b in bins if (low := number(b.get("low"))) is not None and (high := number(b.get("high"))) is not None]
    most = max((n for *_, n in seen), default=0)
    if not most:
        return ""
    parts = []
    for low, high, n in seen:
        tall = 74 * n / most
        parts.append(f'<rect class="bar" x="{_at(low + 0.003)}" width="{_at(max(high - low - 0.006, 0.001))}" y="{100 - tall:.1f}%" height="{tall:.1f}%"/>')
        if n and len(seen) <= 12:
            parts.append(f'<text x="{_at((low + high) / 2)}" y="{100 - tall:.1f}%" dy="-4" text-anchor="middle">{count(n)}</text>')
    parts.append('<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/>')
    return _figure("chart low", f"Tables by confidence, at most {count(most)} in one bin", parts)


def span_row(latency: Mapping[str, Any], scale: tuple[int, int]) -> str:
    """p50 as a dot, a line to p95 and a thinner one to p99, on the logarithmic axis of `span_axis`."""
    p50, p95, p99 = (number(latency.get(name)) for name in ("p50", "p95", "p99"))
    if p50 is None:
        return ""
    parts = [_rule(x) for x, _ in _log_ticks(scale)]
    start = _at(_log(p50, scale))
    for name, end in (("thin", p99), ("span", p95)):
        if end is not None:
            parts.append(f'<line class="{name}" x1="{start}" x2="{_at(_log(end, scale))}" y1="50%" y2="50%"/>')
    if p99 is not None:
        stop = _at(_log(p99, scale))
        parts.append(f'<line class="stop" x1="{stop}" x2="{stop}" y1="28%" y2="72%"/>')
    parts.append(f'<circle class="dot" cx="{start}" cy="50%" r="4.5"/>')
    return f'<svg class="row" aria-hidden="true" focusable="false">{"".join(parts)}</svg>'


def span_axis(scale: tuple[int, int]) -> str:
    """Both ends of the axis over a column of `span_row`."""
    low, high = (_short(10.0**end) for end in scale)
    return (
        '<svg class="axis" aria-hidden="true" focusable="false">'
        f'<text x="0" y="11">{low}</text><text x="100%" y="11" text-anchor="end">{high}</text></svg>'
    )


def decades(times: Iterable[float | None]) -> tuple[int, int]:
    """Powers of ten, in milliseconds, that hold all the times: ``[7, 310]`` → (0, 3)."""
    seen = [t for t in times if t is not None and t > 0]
    if not seen:
        return 0, 1
    low = math.floor(math.log10(min(seen)) + 1e-9)
    return low, max(math.ceil(math.log10(max(seen)) - 1e-9), low + 1)


def histogram(times: Sequence[float]) -> str:
    """How long questions took, on a logarithmic axis because a cold start is hundreds of times slower than a plain lookup."""
    seen = sorted(t for t in times if number(t) is not None and t > 0)
    if len(seen) < 5:
        return ""
    scale = decades(seen)
    bars = [0] * BARS
    for t in seen:
        bars[min(int(_log(t, scale) * BARS), BARS - 1)] += 1
    parts = _frame(_log_ticks(scale), [(1.0, count(max(bars))), (0.0, "0")])
    for i, n in enumerate(bars):
        if n:
            tall = 100 * n / max(bars)
            parts.append(f'<rect class="bar" x="{100 * i / BARS + 0.2:.2f}%" width="{100 / BARS - 0.4:.2f}%" y="{100 - tall:.1f}%" height="{tall:.1f}%"/>')
    said = f"Time of {len(seen):,} questions, from {duration(seen[0])} to {duration(seen[-1])}, half below {duration(seen[len(seen) // 2])}"
    return _figure("chart low", said, parts)


def share_bar(part: object, whole: object) -> str:
    """A thin bar for one count of many."""
    share = (number(part) or 0) / (number(whole) or 1)
    return f'<svg class="share" aria-hidden="true" focusable="false"><rect class="bar" width="{_at(share)}" height="100%"/></svg>'


def _point(point: object) -> tuple[float, float, float] | None:
    """Coverage, risk and confidence of one point of a curve."""
    if not isinstance(point, Sequence) or len(point) < 3:
        return None
    x, y, confidence = (number(value) for value in point[:3])
    return None if x is None or y is None or confidence is None else (x, y, confidence)


def _points(selective: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    return sorted(found for point in selective.get("curve") or () if (found := _point(point)))


def _spread(marks: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """The marks whose labels have room."""
    kept: list[tuple[float, float, float]] = []
    for mark in marks:
        if mark[0] >= 0.06 and (not kept or mark[0] - kept[-1][0] >= _APART):
            kept.append(mark)
    return kept


def _log(time: float, scale: tuple[int, int]) -> float:
    low, high = scale
    return (math.log10(time) - low) / (high - low) if time > 0 else 0.0


def _log_ticks(scale: tuple[int, int]) -> list[tuple[float, str]]:
    low, high = scale
    return [((power - low) / (high - low), _short(10.0**power)) for power in range(low, high + 1)]


def _short(time: float) -> str:
    """A power of ten of milliseconds: ``1 ms``, ``10 s``."""
    return f"{time / 1000:,.0f} s" if time >= 1000 else f"{time:g} ms"


def _at(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def _rule(x: float) -> str:
    return f'<line class="grid" x1="{_at(x)}" x2="{_at(x)}" y1="0" y2="100%"/>'


def _frame(xs: Sequence[tuple[float, str]], ys: Sequence[tuple[float, str]]) -> list[str]:
    """Grid lines and tick labels; the labels stand outside the plot, in the margin that the style sheet leaves."""
    out = []
    for x, name in xs:
        out.append(_rule(x) + f'<text x="{_at(x)}" y="100%" dy="17" text-anchor="middle">{name}</text>')
    for y, name in ys:
        at = _at(1 - y)
        out.append(f'<line class="grid" x1="0" x2="100%" y1="{at}" y2="{at}"/><text x="0" y="{at}" dx="-8" dy="4" text-anchor="end">{name}</text>')
    return out


def _percent_ticks(top: float) -> list[tuple[float, str]]:
    digits = next((d for d in (0, 1) if abs(25 * top * 10**d - round(25 * top * 10**d)) < 1e-9), 2)
    return [(y, decimal(100 * y * top, digits) + ("%" if y == 1 else "")) for y in (0, 0.25, 0.5, 0.75, 1)]


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 8 × 10ⁿ, so that quarters of it are short numbers; 1 for zero."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 8, 10) if step * power >= value * (1 - 1e-9))


def _figure(kind: str, said: str, parts: Sequence[str]) -> str:
    return f'<svg class="{kind}" role="img" aria-label="{plain(said)}">{"".join(parts)}</svg>'
