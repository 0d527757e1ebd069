"""The functions a statement may call, with what they take and give. All are pure: same input, same output, no side effect.

A line reads ``names : arguments -> result``. ``T`` stands for one kind throughout a line, ``x?`` is optional, ``x*`` repeats.
Some arguments must be literals, so that neither size nor cost depends on data: see ``LITERALS``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from nl2sql.guard.kinds import MOMENTS, NUMBERS, Kind, literal_fits, unify

PARTS = frozenset(
    {
        *("year", "quarter", "month", "week", "day", "hour", "minute", "second", "decade", "century"),
        *("years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds"),
        *("dow", "isodow", "doy", "dayofweek", "dayofyear", "weekofyear", "isoyear", "yearweek", "epoch"),
        *("millisecond", "milliseconds", "microsecond", "microseconds"),
    }
)
Literal = str | int | float | None


def _is_pattern(value: Literal) -> bool:
    """A regular expression whose automaton stays small: RE2 is linear, but counted repeats multiply its size."""
    if not isinstance(value, str) or len(value) > 200:
        return False
    return all(int(n) <= 50 for n in re.findall(r"\d+", " ".join(re.findall(r"\{[^}]*\}", value)))) and value.count("{") <= 3


LITERALS: dict[str, tuple[Kind, Callable[[Literal], bool]]] = {
    "part": ("text", lambda v: isinstance(v, str) and v.lower() in PARTS),
    "pattern": ("text", _is_pattern),
    "short": ("text", lambda v: isinstance(v, str) and len(v) <= 64),
    "escape": ("text", lambda v: isinstance(v, str) and len(v) == 1 and v not in "%_"),
    "flags": ("text", lambda v: isinstance(v, str) and len(v) <= 4 and v.isalpha()),
    "order": ("text", lambda v: v in ("ASC", "DESC", "ASCENDING", "DESCENDING", "ORDER_DEFAULT")),
    "nulls": ("text", lambda v: v in ("NULLS FIRST", "NULLS LAST", "ORDER_DEFAULT")),
    "count": ("whole", lambda v: isinstance(v, int) and 0 <= v <= 1000),
    "places": ("whole", lambda v: isinstance(v, int) and -15 <= v <= 15),
    "ratio": ("real", lambda v: isinstance(v, int | float) and 0 <= v <= 1),
}

SCALARS = """
lower upper lcase ucase reverse strip_accents trim ltrim rtrim md5 sha256 : text -> text
trim ltrim rtrim : text short -> text
length len strlen char_length character_length ascii : text -> whole
length len array_length list_unique : any[] -> whole
left right : text whole -> text
substring substr : text whole whole? -> text
replace : text short short -> text
split_part : text short whole -> text
string_split split str_split : text short -> text[]
contains starts_with prefix ends_with suffix ^@ : text text -> bool
~~ !~~ ~~* !~~* ~~~ : text text -> bool
like_escape not_like_escape ilike_escape not_ilike_escape : text short escape -> bool
regexp_matches regexp_full_match : text pattern flags? -> bool
regexp_extract : text pattern count? -> text
regexp_replace : text pattern short flags? -> text
position strpos instr : text text -> whole
jaro_winkler_similarity : text text -> real
|| : text text -> text
|| list_concat array_concat : T[] T[] -> T[]
concat : any* -> text
concat_ws : short any* -> text
+ - : whole whole -> whole
+ - * / // % : number number -> real
* // % : whole whole -> whole
+ - : number -> T
+ - : date whole -> date
+ : whole date -> date
- : date date -> whole
- : timestamp moment -> interval
- : date timestamp -> interval
+ - : moment interval -> timestamp
+ : interval moment -> timestamp
+ - : interval interval -> interval
* : interval number -> interval
* : number interval -> interval
/ : interval number -> interval
^ ** pow power : number number -> real
abs : T -> T when number
round : number places? -> real
round : whole -> whole
floor ceil ceiling trunc sign : number -> real
sqrt cbrt exp ln log log2 log10 : number -> real
mod : whole whole -> whole
mod fmod : number number -> real
greatest least : T T* -> T
nullif : T T -> T
date_trunc datetrunc : part moment -> timestamp
date_diff datediff date_sub datesub : part moment moment -> whole
date_part datepart : part moment -> whole
date_part datepart : part interval -> real
date_add : moment interval -> timestamp
time_bucket : interval moment -> timestamp
year month day hour minute second quarter week weekofyear dayofweek isodow dayofyear dayofmonth yearweek : moment -> whole
hour minute second day month year : interval -> whole
epoch : moment -> real
epoch : interval -> real
last_day : moment -> date
dayname monthname : moment -> text
strftime : moment short -> text
age : moment moment -> interval
try_strptime : text short -> timestamp
to_years to_quarters to_months to_weeks to_days to_hours to_minutes to_seconds : whole -> interval
to_seconds : real -> interval
list_contains array_contains list_has array_has contains : T[] T -> bool
list_has_any array_has_any list_has_all array_has_all : T[] T[] -> bool
list_position array_position list_indexof : T[] T -> whole
list_extract list_element array_extract : T[] whole -> T
list_distinct array_distinct list_reverse array_reverse list_sort array_sort list_reverse_sort array_reverse_sort : T[] -> T[]
list_sort array_sort : T[] order nulls? -> T[]
list_slice array_slice : T[] whole whole -> T[]
list_min list_max list_first list_last list_any_value : T[] -> T
list_sum list_avg : number[] -> real
list_count : any[] -> whole
list_value list_pack : T* -> T[]
array_to_string : any[] short -> text
unnest : T[] -> T
"""

AGGREGATES = """
count_star : -> whole
count approx_count_distinct : any -> whole
count : -> whole
sum : whole -> whole
sum : bool -> whole
sum avg mean : number -> real
avg mean median : moment -> timestamp
min max any_value first last arbitrary mode : T -> T
arg_max arg_min max_by min_by argmax argmin : T any -> T
median stddev stddev_pop stddev_samp variance var_pop var_samp : number -> real
corr covar_pop covar_samp regr_slope : number number -> real
quantile_cont quantile_disc quantile approx_quantile : number ratio -> real
quantile_cont quantile_disc : moment ratio -> timestamp
bool_and bool_or : bool -> bool
count_if countif : bool -> whole
string_agg group_concat listagg : text short? -> text
list array_agg : T -> T[]
"""

WINDOWS = """
row_number rank dense_rank rank_dense : -> whole
percent_rank cume_dist : -> real
ntile : whole -> whole
lag lead first_value last_value first last : T -> T
nth_value : T whole -> T
"""


@dataclass(frozen=True, slots=True)
class Signature:
    arguments: tuple[str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Argument:
    """What a call passes: its kind, and its value where it is a literal."""

    kind: Kind
    is_literal: bool = False
    value: Literal = None


@dataclass(frozen=True, slots=True)
class Call:
    """A matched signature: the kind it gives and the kind each argument is read as."""

    kind: Kind
    arguments: tuple[Kind, ...]


@cache
def signatures(group: str) -> dict[str, tuple[Signature, ...]]:
    """Signatures by function name of ``scalar``, ``aggregate`` or ``window``; windows take every aggregate too."""
    table: dict[str, tuple[Signature, ...]] = dict(signatures("aggregate")) if group == "window" else {}
    for line in {"scalar": SCALARS, "aggregate": AGGREGATES, "window": WINDOWS}[group].strip().splitlines():
        names, _, rest = line.partition(" : ")
        arguments, _, result = rest.partition("->")
        for name in names.split():
            table[name] = (*table.get(name, ()), Signature(tuple(arguments.split()), result.strip()))
    return table


def resolve(found: Sequence[Signature], arguments: Sequence[Argument]) -> Call | None:
    """The first signature that takes the arguments without a cast that may fail, or None."""
    return next((call for s in found if (call := _match(s, arguments))), None)


def _match(signature: Signature, arguments: Sequence[Argument]) -> Call | None:
    wanted = _arity(signature.arguments, len(arguments))
    if wanted is None:
        return None
    shared = _shared(wanted, arguments)
    read: list[Kind] = []
    for token, argument in zip(wanted, arguments, strict=True):
        kind = _read(token, argument, shared)
        if kind is None:
            return None
        read.append(kind)
    result, _, condition = signature.result.partition(" when ")
    if condition == "number" and shared not in (*NUMBERS, "null"):
        return None
    if result.startswith("T"):
        result = result.replace("T", shared if shared is not None else read[0] if read else "null", 1)
    return Call(result.removesuffix("[][]") + "[]" if result.endswith("[][]") else result, tuple(read))


def _arity(wanted: tuple[str, ...], n: int) -> list[str] | None:
    """Tokens for ``n`` arguments with optional and repeated ones spelt out."""
    tokens = list(wanted)
    if tokens and tokens[-1].endswith("*") and len(tokens[-1]) > 1:
        repeated = tokens.pop()[:-1]
        tokens += [repeated] * (n - len(tokens))
    while len(tokens) > n and tokens[-1].endswith("?"):
        tokens.pop()
    return [t.removesuffix("?") for t in tokens] if len(tokens) == n else None


def _shared(wanted: Sequence[str], arguments: Sequence[Argument]) -> Kind | None:
    """What ``T`` stands for: the kind that holds every argument in its place; literals adapt to the others."""
    kinds = []
    for token, argument in zip(wanted, arguments, strict=True):
        if token == "T":
            kinds.append((argument.kind == "text" and argument.is_literal, argument.kind))
        elif token == "T[]" and (argument.kind.endswith("[]") or argument.kind == "null"):
            kinds.append((False, argument.kind.removesuffix("[]")))
    shared: Kind | None = None
    for _, kind in sorted(kinds, key=lambda k: k[0]):
        if shared is None:
            shared = kind
        elif (wider := unify(shared, kind)) is not None:
            shared = wider
    return shared


def _read(token: str, argument: Argument, shared: Kind | None) -> Kind | None:
    """The kind an argument is read as in the place of ``token``, or None where it cannot stand."""
    if token in LITERALS:
        kind, accepts = LITERALS[token]
        return kind if argument.is_literal and accepts(argument.value) else None
    if token == "any":
        return argument.kind
    if token in ("any[]", "number[]"):
        fits = argument.kind.endswith("[]") and (token == "any[]" or argument.kind[:-2] in NUMBERS)
        return argument.kind if fits or argument.kind == "null" else None
    target = token.replace("T", shared or "null") if token.startswith("T") else token
    family = {"number": NUMBERS, "moment": MOMENTS}.get(target)
    if argument.kind == "null" or (family and argument.kind in family):
        return argument.kind
    if family == MOMENTS:
        target = "timestamp"
    if argument.kind == "text" and argument.is_literal and target in MOMENTS | {"bool"}:
        return target if isinstance(argument.value, str) and literal_fits(argument.value, target) else None
    return argument.kind if family != NUMBERS and unify(argument.kind, target) == target else None
