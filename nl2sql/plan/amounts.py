"""Result columns of a plan as SQL: plain ones, parts of dates, lengths of time and amounts."""

from catalog.semantic import views
from nl2sql.errors import BadPlan
from nl2sql.plan.language import AGGREGATES, DATE_PARTS, LENGTH, MEAN_AGE, SPAN_AGGREGATES, SPANS, Item, Query
from nl2sql.plan.parts import own_key, plain_groups
from nl2sql.plan.predicates import Predicates
from nl2sql.plan.rows import POLICY_NAMES

AGE_UNITS = {"HOURS_SINCE": "hour", "DAYS_SINCE": "day", "DAYS_UNTIL": "day"}


class Amounts(Predicates):
    """Results of one query."""

    def item(self, item: Item, query: Query) -> str:
        match item.fn:
            case "":
                return self.formula(item.args[0]) if "#" in item.args[0] else self.column(item.args[0])
            case "COUNT":
                return self.count(query)
            case "COUNT_IF":
                return f"count(CASE WHEN {self.all_of(item.conditions)} THEN 1 END)"
            case "SHARE_IF" if item.among:
                parts = (f"count(CASE WHEN {self.all_of(tests)} THEN 1 END)" for tests in (item.conditions, item.among))
                return "{} / nullif({}, 0)".format(*parts)
            case "SHARE_IF":
                return f"avg(CASE WHEN {self.all_of(item.conditions)} THEN 1.0 ELSE 0.0 END)"
            case "SHARE_SUM":
                column = self.column(item.args[0])
                return f"sum(CASE WHEN {self.all_of(item.conditions)} THEN {column} ELSE 0 END) / nullif(sum({column}), 0)"
            case "AVG_IF" | "SUM_IF" as fn:
                return f"{fn[:3].lower()}(CASE WHEN {self.all_of(item.conditions)} THEN {self.column(item.args[0])} END)"
            case "COUNT_DISTINCT":
                return f"count(DISTINCT {self.column(item.args[0])})"
            case "SHARE":
                count = self.item(Item("COUNT"), query)
                return f"{count} / sum({count}) OVER ()"
            case "SHARE_OF":
                total = f"sum({self.column(item.args[0])})"
                return f"{total} / nullif(sum({total}) OVER (), 0)"
            case "DIFF":
                return f"{self.column(item.args[0])} - {self.column(item.args[1])}"
            case "HOURS_SINCE" | "DAYS_SINCE" as fn:
                return f"date_diff('{AGE_UNITS[fn]}', {self.column(item.args[0])}, {self.clock()})"
            case "DAYS_UNTIL" as fn:
                return f"date_diff('{AGE_UNITS[fn]}', {self.clock()}, {self.column(item.args[0])})"
            case fn if fn in SPANS:
                return self.span(fn.partition("_")[0], item)
            case fn if fn in SPAN_AGGREGATES:
                function, _, part = fn.partition("_")
                return f"{function.lower()}({self.span(part, item)})"
            case fn if fn == MEAN_AGE:
                return f"avg({self.item(Item('DAYS_SINCE', item.args), query)})"
            case fn if fn in AGGREGATES or fn in ("ABS", LENGTH):
                return f"{fn.lower()}({self.column(item.args[0])})"
            case "YEAR" | "HOUR":
                return f"{item.fn.lower()}({self.column(item.args[0])})"
            case "WEEKDAY":
                return f"dayname({self.column(item.args[0])})"
            case fn if fn in DATE_PARTS:
                return f"CAST(date_trunc('{fn.lower()}', {self.column(item.args[0])}) AS DATE)"
        raise BadPlan(f"{item.fn} is no result column here")

    def count(self, query: Query) -> str:
        """How many rows of the view there are, whatever multiplies them; of a thing that is named, how many are joined to it."""
        joined = [join.view for join in query.joins if not join.adds_one_row]
        groups = set(plain_groups(query))
        is_named = set(own_key(query.view)) <= groups or (query.view == "policies" and not groups.isdisjoint(POLICY_NAMES))
        keys = [self.column(token) for token in own_key(joined[0] if joined and is_named else query.view)]
        if not joined or (is_named and len(joined) == 1 and len(keys) > 1):
            return "count(*)"
        return f"count(DISTINCT {keys[0]})" if len(keys) == 1 else f"count(DISTINCT concat_ws('|', {', '.join(keys)}))"

    def span(self, part: str, item: Item) -> str:
        """``part`` is DAYS or HOURS, of which a result counts whole days, and hours and means their parts too."""
        start, end = (self.column(token) for token in item.args)
        if part == "HOURS":
            return f"date_diff('minute', {start}, {end}) / 60.0"
        return f"date_diff('day', {start}, {end})" if item.fn in SPANS else f"date_diff('hour', {start}, {end}) / 24.0"

    def formula(self, token: str) -> str:
        view, _, name = token.partition("#")
        return views()[view].measures[name].sql.replace("{now}", self.clock())
