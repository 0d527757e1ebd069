"""The profiler's child process: confines itself to the files it is given, then measures one dataset per request.

Data files are untrusted input: a broken one may take the engine down, and none may lead to another file. Before the engine is
loaded the kernel (Landlock) leaves this process nothing but its libraries and those files, to read; the engine's own list of
paths says the same once more. Speaks length-prefixed JSON; only what is measured leaves the process, never a sampled value.
"""

import json
import re
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.engine import sandbox
from catalog.engine.worker import MOST_REQUEST, _end_with_parent, _private_stdout, read_message, write_message
from catalog.node.drift import BUCKETS, quantiles

if TYPE_CHECKING:
    import duckdb

NUMBERS_KEPT = 10_000
"""Sampled numbers or times of a column, for quantiles: a rank is off by 1 % at most, nineteen times of twenty."""
TEXTS_KEPT = 2_000
"""Sampled texts of a column, for personal data and drift."""
LONGEST = 256
"""Characters of a sampled text."""
EXACT_CELLS = 4_000_000
"""Distinct values are counted exactly in tables up to about this many cells, and from a share of all values in larger ones."""
BITS = 4096
"""Bits of the linear counter (Whang et al., ACM TODS 15(2), 1990) for columns of which the share holds too few values."""
FEWEST_COUNTED = 200
"""Distinct values within the share that make it tell more than the linear counter does."""
AT_ONCE = 60
"""Columns measured in one pass; wider tables take several."""
MOST_COLUMNS = 2000
DEEPEST = 3
"""Levels of nested fields that are columns of their own."""
MOST_REJECTED = 0.01
"""Rows that do not fit, as a share of those that do, with which a CSV file is still read as its first rows say."""
KEYS = 4
"""Columns of one dataset that are counted exactly because they may be its key."""
KEY_LENGTH = 64
COUNTED_AT_ONCE = 20_000_000
"""Rows whose values are counted in one pass over a possible key: what one gigabyte holds."""
WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"})
TEXTS = ("VARCHAR", "UUID", "ENUM", "BOOLEAN")
TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or a field of one: its path, type, and SQL."""

    path: str
    type: str
    sql: str

    @property
    def kind(self) -> str:
        """``number``, ``time``, ``text``, ``texts`` for a list of them, or ``other``."""
        if self.type in WHOLE or self.type in ("FLOAT", "DOUBLE") or self.type.startswith("DECIMAL"):
            return "number"
        if self.type.startswith(TIMES) and not self.type.endswith("]"):
            return "time"
        if self.type == "VARCHAR[]":
            return "texts"
        return "text" if self.type.startswith(TEXTS) and not self.type.endswith("]") else "other"


class _Unlike(Exception):
    """Files of one dataset that have little in common."""


def main(arguments: str) -> None:
    """Confine the process, then profile until stdin ends."""
    setup = json.loads(arguments)
    reach = sandbox.Reach(sandbox.existing(setup["readable"]), sandbox.existing(setup["listable"]))
    requests, replies = sys.stdin.buffer, _private_stdout()
    sandbox.limit_process(setup["open_files"])
    confined = sandbox.confine(reach)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import duckdb  # after Landlock, which binds only threads that start later

    write_message(replies, json.dumps({"confined": confined}).encode())
    while request := read_message(requests, MOST_REQUEST):
        ask = json.loads(request)
        try:
            reply: dict[str, Any] = profile(ask)
        except _Unlike:
            reply = {"unlike": True}
        except (duckdb.Error, MemoryError, RuntimeError, ValueError, OverflowError) as error:
            reply = {"error": _reason(error), "kind": type(error).__name__}
        write_message(replies, json.dumps(reply).encode("utf-8", "replace"))


def _reason(error: BaseException) -> str:
    """The first line of an error, without the engine's own words for its class."""
    lines = str(error).splitlines() or [type(error).__name__]
    first = lines[0].split(" Error: ", 1)[-1]
    return first[:300]


def open_limited(files: Sequence[str], memory_mb: int, threads: int) -> "duckdb.DuckDBPyConnection":
    """A connection that can read these files, write none, and load nothing."""
    import duckdb

    connection = duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": "",
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "python_enable_replacements": False,
        }
    )
    connection.execute(f"SET allowed_paths = [{', '.join(map(_text, files))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def profile(ask: dict[str, Any]) -> dict[str, Any]:
    """Rows and columns of one dataset as measured.

    ``ask`` has ``files``, ``kind``, ``hive``, ``bytes``, ``dataset``, ``share`` (columns whose texts may be told), ``region``,
    ``memory_mb`` and ``threads``. Rows of a CSV file that do not fit the types of its first ones, up to one in a hundred, are
    left out and counted in ``rejected``; where more do not fit, types are found from all rows.
    """
    import duckdb

    reasons: list[str] = []
    for options in _attempts(ask["kind"]):
        with open_limited(ask["files"], ask["memory_mb"], ask["threads"]) as connection:
            try:
                return _Profile(connection, ask, options).measure()
            except (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException) as error:
                reasons.append(_reason(error))
    raise ValueError(reasons[0])


def _attempts(kind: str) -> tuple[str, ...]:
    if kind == "csv":
        return "", ", store_rejects = true, rejects_limit = 0", ", sample_size = -1"
    return ("", ", sample_size = -1") if kind == "json" else ("",)


class _Profile:
    def __init__(self, connection: "duckdb.DuckDBPyConnection", ask: dict[str, Any], options: str) -> None:
        self.connection, self.ask, self.options = connection, ask, options
        self.source = _source(ask["kind"], ask["files"], ask["hive"], options)

    def measure(self) -> dict[str, Any]:
        import duckdb

        described = self._describe(self.source)
        if self.ask["kind"] == "csv" and len(described) == 1 and re.search(r"[,;|\t]", described[0][0]):
            raise duckdb.InvalidInputException("no separator gives every row the same columns")
        if len(self.ask["files"]) > 1 and not self.ask["hive"]:
            self._see_that_they_are_alike()
        fields = [field for name, type_ in described for field in _fields(name, str(type_), _quoted(name), 1)]
        left_out, fields = fields[MOST_COLUMNS:], fields[:MOST_COLUMNS]
        every = self._every(len(fields))
        rows, columns = 0, list[dict[str, Any]]()
        for start in range(0, max(len(fields), 1), AT_ONCE):
            some = fields[start : start + AT_ONCE]
            rows, measured = self._pass(some, every)
            columns += measured
        rejected = self._rejected()
        if rejected > rows * MOST_REJECTED:
            raise duckdb.InvalidInputException(f"{rejected:,} of {rows + rejected:,} rows do not fit the columns")
        self._keys(fields, columns, rows, every)
        for column in columns:
            self._judge(column)
        return {"rows": rows, "rejected": rejected, "columns": columns, "left_out": len(left_out)}

    def _describe(self, source: str) -> list[tuple[str, Any]]:
        return [(str(row[0]), row[1]) for row in self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]

    def _see_that_they_are_alike(self) -> None:
        """Raise `_Unlike` when the first and the last file share less than half of their columns."""
        ends = [
            {name for name, _ in self._describe(_source(self.ask["kind"], [file], False, self.options))}
            for file in (self.ask["files"][0], self.ask["files"][-1])
        ]
        if 2 * len(ends[0] & ends[1]) < max(map(len, ends)):
            raise _Unlike

    def _every(self, columns: int) -> int:
        """One of how many distinct values is counted: a power of two, 1 for all of a small table."""
        rows = self.ask["bytes"] // 100 * (5 if self.ask["kind"] != "csv" else 1)
        if self.ask["kind"] == "parquet":
            found = self.connection.execute("SELECT sum(num_rows) FROM parquet_file_metadata($1)", [self.ask["files"]]).fetchone()
            rows = int(found[0]) if found and found[0] else 0
        every: int = 1 << (rows * min(columns, AT_ONCE) // EXACT_CELLS).bit_length()
        return every

    def _pass(self, fields: Sequence[Field], every: int) -> tuple[int, list[dict[str, Any]]]:
        """Row count and what is measured of some columns, in one scan.

        A sample is the values at the rows whose number's hash is smallest: uniform, the same for the same files, whatever the
        number of threads.
        """
        names = {name.lower() for name, _ in self._describe(self.source)}
        numbered = self.ask["kind"] == "parquet" and not names & {"file_index", "file_row_number"}
        row = "hash(file_index, file_row_number)" if numbered else "hash(row_number() OVER ())"
        inner = ", ".join([f"{field.sql} AS c{at}" for at, field in enumerate(fields)] + [f"{row} AS h"])
        outer: list[str] = ["count(*)"]
        places: list[dict[str, int]] = []
        for at, field in enumerate(fields):
            told = _aggregates(field, f"c{at}", every, field.path in self.ask["share"])
            places.append({name: len(outer) + i for i, name in enumerate(told)})
            outer += told.values()
        # All rows are fetched: the engine enters rejected ones into its table when a result is exhausted.
        found = self.connection.execute(f"SELECT {', '.join(outer)} FROM (SELECT {inner} FROM {self.source})").fetchall()[0]
        return found[0], [
            _column(field, {name: found[i] for name, i in place.items()}, found[0], every)
            for field, place in zip(fields, places, strict=True)
        ]

    def _rejected(self) -> int:
        if "store_rejects" not in self.options:
            return 0
        lines, scans = self.connection.execute(
            "SELECT count(DISTINCT (scan_id, file_id, line)), count(DISTINCT scan_id) FROM reject_errors"
        ).fetchall()[0]
        return int(lines) // max(int(scans), 1)

    def _keys(self, fields: Sequence[Field], columns: list[dict[str, Any]], rows: int, every: int) -> None:
        """Mark columns that are a key or nearly one, with how often their values occur again, counted exactly."""
        likely = [
            (column, field)
            for column, field in zip(columns, fields, strict=True)
            if rows > 1 and column["nulls"] == 0 and _may_be_key(column, field) and column["distinct"] >= 0.9 * rows
        ]
        for column, field in sorted(likely, key=lambda pair: (not _called_key(pair[1].path), -pair[0]["distinct"]))[:KEYS]:
            distinct = column["distinct"] if every == 1 else self._count_distinct(field, rows)
            duplicates = rows - distinct
            if duplicates == 0 or (duplicates <= rows / 100 and _called_key(field.path)):
                column |= {"distinct": distinct, "exact": True, "duplicates": duplicates}

    def _count_distinct(self, field: Field, rows: int) -> int:
        passes = -(-rows // COUNTED_AT_ONCE)
        total = 0
        for at in range(passes):
            where = f"WHERE h % {passes} = {at}" if passes > 1 else ""
            found = self.connection.execute(
                f"SELECT count(DISTINCT h) FROM (SELECT hash({field.sql}) AS h FROM {self.source}) {where}"
            ).fetchone()
            total += int(found[0]) if found else 0
        return total

    def _judge(self, column: dict[str, Any]) -> None:
        """Replace a column's sample by what it tells: personal data, quantiles, buckets."""
        from catalog.node.pii import assess

        sample, kind = column.pop("sample"), column["kind"]
        texts = sample if kind in ("text", "texts") else [str(int(v)) if float(v).is_integer() else str(v) for v in sample[:TEXTS_KEPT]]
        if kind == "time":
            texts = column.pop("texts")
        judged = kind != "other" and column["type"] != "BOOLEAN"
        column["pii"] = [asdict(f) for f in assess(column["name"], self.ask["dataset"], texts, self.ask["region"])] if judged else []
        column["size"] = len(sample)
        if kind in ("number", "time"):
            column["quantiles"] = quantiles(sorted(sample))
        elif kind == "text":
            counted = [0] * BUCKETS
            for text in sample:
                counted[zlib.crc32(text.encode("utf-8", "replace")) % BUCKETS] += 1
            column["buckets"] = counted


def _source(kind: str, files: Sequence[str], hive: bool, options: str) -> str:
    listed = "[" + ", ".join(_text(file) for file in files) + "]"
    shared = f"hive_partitioning = {str(hive).lower()}" + (", union_by_name = true" if len(files) > 1 and "rejects" not in options else "")
    if kind == "parquet":
        return f"read_parquet({listed}, {shared})"
    if kind == "json":
        return f"read_json({listed}, {shared}, maximum_object_size = 67108864{options})"
    separator = ", delim = '\t'" if all(".tsv" in Path(file).name.lower() for file in files) else ""
    return f"read_csv({listed}, {shared}{separator}{options})"


def _fields(path: str, type_: str, sql: str, depth: int) -> Iterator[Field]:
    """A column and, when it is a structure, its fields: ``a STRUCT(b INTEGER)`` → ``a``, ``a.b``."""
    yield Field(path, type_, sql)
    if type_.startswith("STRUCT(") and type_.endswith(")") and depth < DEEPEST:
        for name, inner in _members(type_[len("STRUCT(") : -1]):
            yield from _fields(f"{path}.{name}", inner, f"struct_extract({sql}, {_text(name)})", depth + 1)


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Names and types within a STRUCT's parentheses, as the engine writes them."""
    depth, start, quoted = 0, 0, False
    for at, sign in enumerate(text + ","):
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            depth += (sign in "([") - (sign in ")]")
            if sign == "," and depth == 0:
                member, start = text[start:at].strip(), at + 1
                if member.startswith('"'):
                    end = next(i for i in range(1, len(member)) if member[i] == '"' and member[i : i + 2] != '""' and member[:i].count('"') % 2)
                    yield member[1:end].replace('""', '"'), member[end + 1 :].strip()
                elif member:
                    name, _, inner = member.partition(" ")
                    yield name, inner


def _aggregates(field: Field, c: str, every: int, shared: bool) -> dict[str, str]:
    """SQL of everything measured of a column, by name."""
    told = {"count": f"count({c})"}
    if field.kind == "other":
        return told
    if every == 1:
        told["distinct"] = f"count(DISTINCT hash({c})) FILTER ({c} IS NOT NULL)"
    else:
        told["distinct"] = f"count(DISTINCT hash({c})) FILTER ({c} IS NOT NULL AND hash({c}) % {every} = 0)"
        told["bits"] = f"bit_count(bitstring_agg(((hash({c}) >> 32) % {BITS})::INTEGER, 0, {BITS - 1}) FILTER ({c} IS NOT NULL))"
    match field.kind:
        case "number":
            there = f"isfinite({c})" if field.type in ("FLOAT", "DOUBLE") else f"{c} IS NOT NULL"
            told["sample"] = f"arg_min({c}::DOUBLE, h, {NUMBERS_KEPT}) FILTER ({there})"
            told |= {name: f"{name}({c}) FILTER ({there})::DOUBLE" for name in ("min", "max")}
            told["mean"] = f"avg({c}::DOUBLE) FILTER ({there})"
        case "time":
            moment = f"TRY({c}::TIMESTAMP)"  # a date, or a time with a zone, may be out of its range
            there = f"isfinite({moment})"
            told["sample"] = f"arg_min(epoch({moment}), h, {NUMBERS_KEPT}) FILTER ({there})"
            told["texts"] = f"arg_min({moment}::DATE::VARCHAR, h, {TEXTS_KEPT}) FILTER ({there})"
            told |= {name: f"{name}({moment}) FILTER ({there})::VARCHAR" for name in ("min", "max")}
        case "text" | "texts":
            text = f"array_to_string({c}, ' ')" if field.kind == "texts" else f"{c}::VARCHAR"
            told["sample"] = f"arg_min(left({text}, {LONGEST}), h, {TEXTS_KEPT}) FILTER ({c} IS NOT NULL)"
            told["longest"] = f"max(length({text}))"
            if shared:
                told |= {name: f"left({name}({text}), {LONGEST})" for name in ("min", "max")}
    return told


def _column(field: Field, told: dict[str, Any], rows: int, every: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": field.path, "type": field.type, "kind": field.kind, "nulls": rows - told["count"]}
    column["sample"] = [value for value in told.get("sample") or [] if value is not None]
    if field.kind != "other":
        column["distinct"] = min(_distinct(told, every), told["count"])
        column["exact"] = every == 1
    if field.kind == "time":
        column["texts"] = told["texts"] or []
    for name in ("min", "max", "mean", "longest"):
        if told.get(name) is not None:
            column[name] = told[name]
    return column


def _distinct(told: dict[str, Any], every: int) -> int:
    """Distinct values: all counted, or the share of them, or where that holds few the linear counter of 4,096 bits."""
    import math

    if every == 1 or told["distinct"] >= FEWEST_COUNTED:
        return int(told["distinct"]) * every
    used = int(told["bits"] or 0)
    return int(told["distinct"]) * every if used >= BITS else round(-BITS * math.log1p(-used / BITS))


def _may_be_key(column: dict[str, Any], field: Field) -> bool:
    if field.kind == "number":
        return field.type in WHOLE
    return field.kind == "text" and field.type != "BOOLEAN" and column.get("longest", 0) <= KEY_LENGTH


def _called_key(path: str) -> bool:
    from catalog.node.pii import parts

    return any(part in ("id", "key", "uuid", "guid", "code", "number", "no", "nr", "pk", "sku") for part in parts(path).split("_"))


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
