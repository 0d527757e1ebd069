"""What differs: two SQL texts line by line and word by word, two results row by row. Knows nothing of the page around them."""

import json
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from eval.record import Cells
from eval.report.text import cell, count, text

SQL = 4000
"""Characters of each SQL text that are compared and shown."""
LINES = 150
WORDS = 80
"""Tokens of a line beyond which it is marked as a whole: matching is quadratic."""
ROWS = 8
COLUMNS = 12
_NUMBER = ' class="num"'
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


def sql_diff(gold: str, predicted: str) -> str:
    """Both texts in one listing: ``−`` lines stand only in the gold, ``+`` lines only in Steward's SQL. Empty when there is neither."""
    if not gold or not predicted:
        return _listing([("same", text(line, SQL)) for line in _laid_out(gold or predicted)]) if gold or predicted else ""
    before, after = _laid_out(gold), _laid_out(predicted)
    out: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            out += (("same", text(line, SQL)) for line in before[a:b])
            continue
        pairs = [_marked(x, y) for x, y in zip(before[a:b], after[c:d], strict=False)]
        out += (("gold", pairs[i][0] if i < len(pairs) else text(line, SQL)) for i, line in enumerate(before[a:b]))
        out += (("pred", pairs[i][1] if i < len(pairs) else text(line, SQL)) for i, line in enumerate(after[c:d]))
    return _listing(out)


def same_sql(gold: str, predicted: str) -> bool:
    """Both say the same once they are laid out alike."""
    return bool(gold) and _laid_out(gold) == _laid_out(predicted)


def result_diff(gold: Cells | None, predicted: Cells | None) -> str:
    """Rows of both results, told apart by where they occur. Only the rows that records keep are compared; totals are said."""
    if gold is None and predicted is None:
        return ""
    if gold is None or predicted is None or len(gold.columns) != len(predicted.columns):
        return _two_tables(gold, predicted)
    theirs, ours = Counter(map(_key, gold.rows)), Counter(map(_key, predicted.rows))
    both: list[Sequence[Any]] = []
    only_gold: list[Sequence[Any]] = []
    only_ours: list[Sequence[Any]] = []
    left = ours.copy()
    for row in gold.rows:
        key = _key(row)
        (both if left[key] > 0 else only_gold).append(row)
        left[key] -= 1
    left = theirs.copy()
    for row in predicted.rows:
        key = _key(row)
        if left[key] <= 0:
            only_ours.append(row)
        left[key] -= 1
    heads = [text(a, 80) if a == b else f"{text(a, 80)} <i>/ {text(b, 80)}</i>" for a, b in zip(gold.columns, predicted.columns, strict=True)]
    body = _rows("gold", "− gold only", only_gold) + _rows("pred", "+ Steward only", only_ours) + _rows("same", "= both", both)
    heads = _heads(heads, gold.rows + predicted.rows)
    said = f"Gold: {_kept(gold)}. Steward: {_kept(predicted)}."
    return f'<p class="said">{said}</p>' + _table(heads, body or _empty(len(heads)))


def _two_tables(gold: Cells | None, predicted: Cells | None) -> str:
    """Results of different widths have no common rows; each is shown by itself."""
    out = []
    for kind, name, cells in (("gold", "Gold", gold), ("pred", "Steward", predicted)):
        if cells is None:
            out.append(f'<p class="said">{name}: no table.</p>')
        else:
            body = _rows(kind, "gold" if kind == "gold" else "Steward", cells.rows) or _empty(len(cells.columns))
            out.append(f'<p class="said">{name}: {_kept(cells)}, {count(len(cells.columns))} columns.</p>' + _table(_heads([text(c, 80) for c in cells.columns], cells.rows), body))
    return "".join(out)


def _kept(cells: Cells) -> str:
    rows = f"{cells.total:,} row" + ("" if cells.total == 1 else "s")
    return rows if cells.total <= len(cells.rows) else f"{rows}, of which the first {len(cells.rows):,} are compared"


def _table(heads: Sequence[str], body: str) -> str:
    shown = "".join(heads[:COLUMNS])
    if len(heads) > COLUMNS:
        shown += f'<th scope="col" class="cut">{len(heads) - COLUMNS:,} more columns</th>'
    return (
        '<div class="scroll" role="region" aria-label="Rows" tabindex="0"><table class="rows">'
        f'<thead><tr><th scope="col">in</th>{shown}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _heads(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Header cells; a column that holds a number stands to the right."""
    numeric = {i for row in rows for i, value in enumerate(row) if _align(value) == _NUMBER}
    return [f'<th scope="col"{_NUMBER if i in numeric else ""}>{name}</th>' for i, name in enumerate(names)]


def _rows(kind: str, label: str, rows: Sequence[Sequence[Any]]) -> str:
    out = []
    for row in rows[:ROWS]:
        cells = "".join(f'<td{_align(value)}><bdi>{cell(value)}</bdi></td>' for value in row[:COLUMNS])
        out.append(f'<tr class="{kind}"><th scope="row">{label}</th>{cells}</tr>')
    if len(rows) > ROWS:
        width = min(max(map(len, rows)), COLUMNS)
        out.append(f'<tr class="{kind}"><th scope="row">{label}</th><td class="cut" colspan="{max(width, 1)}">{len(rows) - ROWS:,} more rows</td></tr>')
    return "".join(out)


def _empty(width: int) -> str:
    return f'<tr><th scope="row">none</th><td class="cut" colspan="{max(min(width, COLUMNS), 1)}">no rows</td></tr>'


def _align(value: Any) -> str:
    if value is None:
        return ' class="null"'
    return _NUMBER if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _key(row: Sequence[Any]) -> tuple[Hashable, ...]:
    """Rows with equal keys are shown as the same; numbers are compared to nine digits."""
    return tuple(map(_plain, row))


def _plain(value: Any) -> Hashable:
    if isinstance(value, bool):
        return "bool", value  # True equals 1 otherwise
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else ("float", f"{value:.9g}")
    return value if value is None or isinstance(value, str | int) else ("json", json.dumps(value, sort_keys=True, default=str))


def _listing(lines: Sequence[tuple[str, str]]) -> str:
    signs = {"same": ("span", "&nbsp;"), "gold": ("del", "−"), "pred": ("ins", "+")}
    rows = "".join(f'<{signs[kind][0]} class="line"><i>{signs[kind][1]}</i>{line}\n</{signs[kind][0]}>' for kind, line in lines)
    return f'<pre class="sql" role="region" aria-label="SQL" tabindex="0"><code>{rows}</code></pre>'


def _marked(gold: str, predicted: str) -> tuple[str, str]:
    """Two lines that took each other's place, with the words that differ marked."""
    a, b = _TOKEN.findall(gold), _TOKEN.findall(predicted)
    if max(len(a), len(b)) > WORDS:
        return text(gold, SQL), text(predicted, SQL)
    match = SequenceMatcher(None, a, b, autojunk=False)
    if match.ratio() < 0.3:  # little in common: marking nearly every word says nothing
        return text(gold, SQL), text(predicted, SQL)
    left: list[str] = []
    right: list[str] = []
    for kind, i, j, k, m in match.get_opcodes():
        for words, out in ((a[i:j], left), (b[k:m], right)):
            if words:
                word = text("".join(words), SQL)
                out.append(word if kind == "equal" else f"<b>{word}</b>")
    return "".join(left), "".join(right)


@lru_cache(4096)
def _laid_out(sql: str) -> tuple[str, ...]:
    """Lines of the SQL in one layout; as they stand where it cannot be parsed or is too long to be."""
    import sqlglot  # a tenth of a second, which a page without SQL need not wait for

    if len(sql) > SQL:
        lines, more = sql[:SQL].split("\n"), [f"… {len(sql) - SQL:,} more characters"]
    else:
        try:
            laid_out = ";\n".join(sqlglot.transpile(sql, read="duckdb", write="duckdb", pretty=True)) or sql
        except (sqlglot.errors.SqlglotError, RecursionError):
            laid_out = sql
        lines, more = laid_out.split("\n"), []
    if len(lines) > LINES:
        more.insert(0, f"… {len(lines) - LINES:,} more lines")
    return (*lines[:LINES], *more)
