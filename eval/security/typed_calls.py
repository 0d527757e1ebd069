"""Calls of the guard's listed functions as templates: what each takes, what it gives, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from nl2sql.guard.functions import LITERALS, PARTS, signatures
from nl2sql.guard.kinds import MOMENTS, NUMBERS, Kind

SHARED: tuple[Kind, ...] = ("text", "whole", "real", "bool", "date", "timestamp")
"""What ``T`` may stand for."""

ORDERED = frozenset({"list", "array_agg", "string_agg", "group_concat", "listagg", "first", "last", "any_value", "arbitrary"})
"""Aggregates whose result follows the order of rows."""

GIVEN_BY_ORDER = frozenset(
    {"first", "last", "any_value", "arbitrary", "mode", "arg_max", "arg_min", "max_by", "min_by", "argmax", "argmin", "approx_quantile"}
    | {"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"}
    | {"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp", "regr_slope"}
)
"""Not settled: ties and rounding follow the order in which rows come."""

FALLIBLE = frozenset({"sqrt", "ln", "log", "log2", "log10", "exp", "pow", "power", "^", "**", "date_add", "time_bucket", "epoch", "age"}
    | {f"to_{unit}" for unit in ("years", "quarters", "months", "weeks", "days", "hours", "minutes", "seconds")})
"""Some value of an argument makes these fail."""

DAYS = frozenset({"to_years", "to_quarters", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds"})
PATTERNS = ("a+", "^d[0-9]$", "(e|u)", "x{1,3}", ".", "")
SHORT = ("a", ",", "d", "-", "e1", "")


@dataclass(frozen=True, slots=True)
class Call:
    """One signature of a function with ``shared`` for its T."""

    name: str
    arguments: tuple[str, ...]
    shared: Kind = ""

    @property
    def ordered(self) -> bool:
        return self.name in ORDERED

    @property
    def framed(self) -> bool:
        """Takes a frame as a window."""
        return self.name not in ("row_number", "rank", "dense_rank", "rank_dense", "percent_rank", "cume_dist", "ntile", "lag", "lead")

    def kind_of(self, token: str, random: Random) -> Kind:
        """The kind to write for an argument."""
        match token:
            case "number":
                return self.shared or random.choice(sorted(NUMBERS))
            case "moment":
                return random.choice(sorted(MOMENTS))
            case "any":
                return random.choice(SHARED)
            case "any[]":
                return random.choice(("text[]", "whole[]"))
            case "number[]":
                return random.choice(("whole[]", "real[]"))
        return token.replace("T", self.shared or "text")

    def text(self, arguments: Sequence[str], distinct: str = "", order: str = "", nulls: str = "") -> str:
        """The call as SQL."""
        if not self.name.replace("_", "").isalnum():
            return f"({self.name}{arguments[0]})" if len(arguments) == 1 else f"(({arguments[0]}) {self.name} ({arguments[1]}))"
        if self.name == "count_star" or (self.name == "count" and not arguments):
            return "count(*)"
        return f'"{self.name}"({distinct}{", ".join(arguments)}{nulls}{order})'


@cache
def _all(group: str) -> dict[Kind, list[Call]]:
    found: dict[Kind, list[Call]] = {}
    for name, known in signatures(group).items():
        for signature in known:
            result, _, condition = signature.result.partition(" when ")
            generic = any("T" in token for token in (*signature.arguments, result))
            for shared in SHARED if generic else ("",):
                if (condition == "number" or "number" in signature.arguments) and generic and shared not in NUMBERS:
                    continue
                for arguments in _arities(signature.arguments):
                    found.setdefault(result.replace("T", shared), []).append(Call(name, arguments, shared))
    return found


def _arities(arguments: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Arguments with optional ones left out or there, repeated ones once and twice."""
    if not arguments or len(arguments[-1]) == 1 or arguments[-1][-1] not in "?*":
        return [arguments]
    *first, last = arguments
    if last.endswith("*"):
        return [(*first, last[:-1]), (*first, last[:-1], last[:-1])]
    return [*_arities(tuple(first)), (*(token.rstrip("?") for token in first), last[:-1])]


def calls_of(group: str, kind: Kind, settled: bool) -> list[Call]:
    """Every call of a group that gives a kind; with ``settled`` those that neither fail nor follow the order of rows.

    Those that take INTEGER where the guard says whole are given literals, see `literal_argument`.
    """
    calls = [call for call in _all(group).get(kind, ()) if call.name != "unnest"]
    if settled:
        calls = [call for call in calls if call.name not in GIVEN_BY_ORDER | FALLIBLE and not _rounds(call)]
    return calls


def _rounds(call: Call) -> bool:
    """Sums and means of reals differ in the last digit by order; intervals grow out of the calendar when multiplied."""
    real = "number" in call.arguments or call.arguments[:1] in (("real",), ("moment",))
    return (call.name in ("sum", "avg", "mean", "list_sum", "list_avg") and real) or (call.name in "*/+-" and "interval" in call.arguments)


def literal_argument(token: str, name: str, arguments: Sequence[str], random: Random) -> str | None:
    """SQL of an argument that must be a literal, or that is best one; None where any expression stands."""
    if name in DAYS or (name in "+-" and token == "whole" and "date" in arguments):
        return str(random.randint(-40, 40))
    if name in ("strftime", "try_strptime") and token == "short":
        return random.choice(("'%Y-%m-%d'", "'%Y'", "'%d/%m %H:%M'"))
    if name == "ntile" or (name == "nth_value" and token == "whole"):
        return str(random.randint(1, 4))
    if name == "time_bucket" and token == "interval":
        return random.choice(("INTERVAL 7 DAY", "INTERVAL '2 hours'", "INTERVAL 1 MONTH"))
    if token not in LITERALS:
        return None
    match token:
        case "part" if "interval" in arguments:  # the engine knows no week of an interval
            return random.choice(("'year'", "'month'", "'day'", "'hour'", "'minute'", "'second'", "'decade'"))
        case "part":
            return f"'{random.choice(sorted(PARTS - {'epoch'}))}'"
        case "pattern":
            return f"'{random.choice(PATTERNS)}'"
        case "short":
            return f"'{random.choice(SHORT)}'"
        case "escape":
            return "'!'"
        case "flags":
            return random.choice(("'i'", "'c'", "'s'"))
        case "order":
            return random.choice(("'ASC'", "'DESC'"))
        case "nulls":
            return random.choice(("'NULLS FIRST'", "'NULLS LAST'"))
        case "count":
            return str(random.randint(0, 2))
        case "places":
            return str(random.randint(-2, 4))
    return random.choice(("0.5", "0.25", "0.9", "0", "1"))
