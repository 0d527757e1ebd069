"""The grammar that a served model writes in: the part of SQL that questions need, over what one asker may see, as GBNF.

GBNF is the notation of xgrammar and llama.cpp. What a grammar admits is read by both parsers of the guard; types are the guard's
business. No view or column of others can be named: an alias that may stand for a value is a letter or two, or one of a few words.
"""

from collections.abc import Iterable
from functools import lru_cache

from catalog.semantic import views
from nl2sql.guard.functions import PARTS, Signature, signatures
from nl2sql.guard.identifiers import quoted
from nl2sql.guard.schema import Declared, Schema
from nl2sql.plan.language import SLOT_KINDS

SCALARS = frozenset(
    ["lower", "upper", "trim", "length", "len", "left", "right", "substring", "replace", "split_part", "concat", "starts_with", "ends_with", "contains", "regexp_matches", "abs", "round", "floor", "ceil", "sqrt", "ln", "power", "mod", "greatest", "least", "nullif", "date_trunc", "date_diff", "datediff", "date_part", "year", "month", "day", "hour", "quarter", "week", "dayname", "monthname", "last_day", "age", "strftime", "epoch", "to_days", "to_hours", "to_minutes", "to_weeks", "to_months", "to_years", "list_contains", "list_has_any", "list_has_all", "list_distinct", "list_sort", "list_count", "array_length", "array_to_string", "unnest", "jaro_winkler_similarity"]
)
AGGREGATES = frozenset(
    ["count", "sum", "avg", "min", "max", "median", "stddev", "any_value", "arg_max", "arg_min", "max_by", "min_by", "quantile_cont", "count_if", "bool_and", "bool_or", "string_agg", "list", "mode", "approx_count_distinct", "first", "last", "corr"]
)
RANKS = ("row_number", "rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value")
LABELS = (
    *("age", "amount", "average", "avg", "bytes", "cnt", "count", "day", "days", "difference", "gap", "hours", "maximum", "mean", "minimum"),
    *("month", "months", "n", "name", "num", "number", "pct", "percent", "quarter", "rank", "ratio", "share", "size", "sum", "total", "value", "week", "year"),
)
"""Names that a result column may be given besides those of columns and measures and what has an underscore in it."""
RESERVED = frozenset(
    ["all", "analyse", "analyze", "and", "any", "array", "as", "asc", "at", "both", "case", "cast", "check", "collate", "column", "columns", "constraint", "create", "default", "deferrable", "desc", "describe", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect", "into", "is", "isnull", "lambda", "lateral", "leading", "limit", "not", "notnull", "null", "offset", "on", "only", "or", "order", "pivot", "pivot_longer", "pivot_wider", "placing", "primary", "qualify", "references", "returning", "select", "show", "some", "summarize", "symmetric", "table", "then", "to", "trailing", "true", "union", "unique", "unpivot", "using", "variadic", "when", "where", "window", "with"]
)
"""Words that are no names without quotes."""
FIXED = r"""
ws ::= " " | "\n" [ ]? [ ]? [ ]? [ ]?
comma ::= "," ws?
query ::= select (ws ("UNION" | "UNION ALL" | "EXCEPT" | "INTERSECT") ws select)* (ws "ORDER BY" ws orders)? (ws "LIMIT" ws whole (ws "OFFSET" ws whole)?)?
select ::= "SELECT" ws ("DISTINCT" ws)? items ws "FROM" ws source join* (ws "WHERE" ws condition)? (ws "GROUP BY" ws groups)? (ws "HAVING" ws condition)? (ws "QUALIFY" ws condition)?
items ::= "*" | item (comma item)*
item ::= condition (ws "AS" ws label)?
source ::= relation | "(" query ")" ws "AS" ws (alias | view)
relation ::= view (ws ("AS" ws)? alias)?
join ::= ws ("LEFT " | "INNER ")? "JOIN" ws source ws "ON" ws condition
orders ::= order (comma order)*
order ::= (value | word) (ws ("ASC" | "DESC"))? (ws "NULLS" ws ("FIRST" | "LAST"))?
groups ::= (value | word) (comma (value | word))*
values ::= value (comma value)*
condition ::= conjunction (ws "OR" ws conjunction)*
conjunction ::= test (ws "AND" ws test)*
test ::= ("NOT" ws)? (compared | "(" condition ")" | "EXISTS (" query ")")
compared ::= value (ws sign ws value | ws "IS" ws ("NOT" ws)? "NULL" | ws ("NOT" ws)? "IN (" (query | values) ")" | ws ("NOT" ws)? "BETWEEN" ws value ws "AND" ws value | ws ("NOT" ws)? ("LIKE" | "ILIKE") ws string | ws "IS" ws ("NOT" ws)? "DISTINCT FROM" ws value)?
sign ::= "=" | "<>" | "!=" | "<=" | ">=" | "<" | ">"
value ::= term (ws ("+" | "-" | "*" | "/" | "||") ws term)*
term ::= column | alias | "TRUE" | "FALSE" | number | string | moment | call | case | "NULL" | "(" value ")" | "(" query ")" | "CAST(" condition ws "AS" ws type ")"
case ::= "CASE" ws (value ws)? ("WHEN" ws condition ws "THEN" ws value ws)+ ("ELSE" ws value ws)? "END"
call ::= scalar | ("coalesce(" | "COALESCE(") condition (comma condition)+ ")" | aggregate (ws "FILTER (WHERE" ws condition ")")? (ws over)? | ranked ws over
over ::= "OVER (" ("PARTITION BY" ws values)? (ws? "ORDER BY" ws orders)? ")"
type ::= "VARCHAR" | "BOOLEAN" | "INTEGER" | "BIGINT" | "DOUBLE" | "DATE" | "TIMESTAMP"
moment ::= "TIMESTAMP '" date (" " time)? "'" | "DATE '" date "'" | "INTERVAL '" whole "' " unit | "INTERVAL " whole " " unit
unit ::= "MINUTE" | "HOUR" | "DAY" | "WEEK" | "MONTH" | "YEAR"
date ::= [12] [0-9] [0-9] [0-9] "-" [01] [0-9] "-" [0-3] [0-9]
time ::= [0-2] [0-9] ":" [0-5] [0-9] ":" [0-5] [0-9]
string ::= "'" ([^'\r\n] | "''")* "'"
number ::= "-"? whole ("." [0-9]+)? ("e" [+-]? [0-9] [0-9]?)?
whole ::= "0" | [1-9] [0-9]*
alias ::= [a-z] [0-9]? | [b-hj-np-z] [b-df-hj-np-tv-xz]
"""
REPLIES = """
root ::= query | "REFUSE" | "DATA" | "CHANGE" | "WHICH ?" kind | "ASK" (" " asked) (" " asked)+
"""
"""What may be written instead of SQL, as the prompt says it."""
LITERALS = {"part": "part", "count": "whole", "places": "whole", "ratio": "number"}
"""Rules of arguments that must be literals; those of every other kind are texts."""
TEXTS = frozenset({"short", "pattern", "escape", "flags", "order", "nulls"})


def grammar_of(schema: Schema, *, foreign: bool = False) -> str:
    """The grammar of one scope, made once; ``foreign`` for a database that is not Steward's, which has no measures to ask about."""
    return _grammar(schema.declared, foreign)


@lru_cache(maxsize=64)
def _grammar(declared: Declared, foreign: bool) -> str:
    relations = {name: [column for column, _ in columns] for name, columns in declared}
    ours = [] if foreign else [name for name in relations if name in views()]
    columns = sorted({column for names in relations.values() for column in names})
    measures = [f"{name}#{m.name}" for name in ours for m in views()[name].measures.values() if not m.names(views()[name].columns.keys() - relations[name])]
    words = sorted({*LABELS} - {column for view in views().values() for column in view.columns})
    labels = {*words, *filter(_is_plain, columns), *(m.partition("#")[2] for m in measures)}
    rules = {
        "view": " | ".join(map(_relation, relations)) or _either(()),
        "column": " | ".join(["bare", 'alias "." named', *(f"column{at}" for at in range(len(relations)))]),
        **{f"column{at}": f'({_relation(name)}) "." ({_qualified(named)})' for at, (name, named) in enumerate(relations.items())},
        "bare": _either(map(_spelt, columns)),
        "named": _qualified(columns),
        "word": _either(words),
        "label": f'{_either(sorted(labels))} | [a-z] [a-z0-9]* ([0-9] | "_" [a-z0-9_]+)?',
        "part": _either(f"'{part}'" for part in _cased(sorted(PARTS))),
        **_calls(),
    }
    if foreign:
        rules["root"] = "query"
    else:
        rules["kind"] = _either(SLOT_KINDS)
        rules["asked"] = _either([*(f"{view}.{column}" for view in ours for column in relations[view]), *measures])
    fixed = FIXED.strip() if foreign else f"{REPLIES.strip()}\n{FIXED.strip()}"
    return "\n".join([fixed, *(f"{name} ::= {body}" for name, body in rules.items())]) + "\n"


def _calls() -> dict[str, str]:
    """Calls by group, each function with the arguments that the guard lets it take."""
    scalar = _shapes((name, s) for name in sorted(SCALARS) for s in signatures("scalar")[name])
    aggregate = _shapes((name, s) for name in sorted(AGGREGATES) for s in signatures("aggregate")[name] if s.arguments)
    ranked = _shapes((name, s) for name in RANKS for s in signatures("window")[name])
    distinct = " | ".join(f'"{name}(DISTINCT " condition ")"' for name in _cased(["count", "sum", "avg", "list", "string_agg"]))
    return {"scalar": scalar, "aggregate": f'"count(*)" | "COUNT(*)" | {distinct} | {aggregate}', "ranked": ranked}


def _shapes(found: Iterable[tuple[str, Signature]]) -> str:
    """Functions that take the same arguments, together."""
    by_shape: dict[str, dict[str, None]] = {}
    for name, signature in found:
        by_shape.setdefault(_arguments(signature.arguments), {})[name] = None
    return " | ".join(f"({_either(_cased(names))}) \"(\"{f' {shape}' if shape else ''} \")\"" for shape, names in by_shape.items())


def _arguments(tokens: tuple[str, ...]) -> str:
    """``short any*`` → ``string (comma condition)*``; the first argument is never left out."""
    written = ""
    for at, token in enumerate(tokens):
        kind = token.rstrip("?*")
        rule = "string" if kind in TEXTS else LITERALS.get(kind, "condition")
        many = token[-1] if len(token) > 1 and token[-1] in "?*" else ""
        if at == 0:
            written = f"{rule} (comma {rule})*" if many == "*" else rule
        else:
            written += f" (comma {rule}){many}" if many else f" comma {rule}"
    return written


def _cased(names: Iterable[str]) -> list[str]:
    return [spelling for name in names for spelling in (name, name.upper())]


def _is_plain(name: str) -> bool:
    return name.isascii() and name.isidentifier() and name.islower() and name not in RESERVED


def _spelt(name: str) -> str:
    """A name as SQL has it anywhere, in quotes where it needs them."""
    return name if _is_plain(name) else quoted(name)


def _relation(name: str) -> str:
    """``columns`` is a word of SQL that a relation may bear."""
    return _either(sorted({_spelt(name), name} if name == "columns" else {_spelt(name)}))


def _qualified(names: Iterable[str]) -> str:
    """Names after a dot, where words of SQL stand without quotes too: ``market.at``."""
    return _either(spelling for name in names for spelling in dict.fromkeys((name, _spelt(name)) if name in RESERVED else (_spelt(name),)))


def _either(texts: Iterable[str]) -> str:
    """Any of the texts; where there is none, one that nothing is called."""
    return " | ".join(map(_literal, texts)) or '"?"'


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
