"""What the named conditions and measures of the views stand for: the plain conditions and aggregates whose SQL is theirs."""

from functools import cache
from itertools import permutations

from catalog.semantic import views
from nl2sql.plan.language import Condition, Item, Or, Predicate, Segment, literal
from nl2sql.plan.tokens import place


@cache
def named_conditions() -> dict[Predicate, Segment]:
    """Conditions that a named one stands for, by the SQL that both are."""
    named = {_plain(s.sql): f"{v.name}:{name}" for v in views().values() for name, s in v.segments.items()}
    found: dict[Predicate, Segment] = {}
    for view in views().values():
        for name, column in view.columns.items():
            token = f"{view.name}.{name}"
            sql = {Condition(token, "IS_NULL"): f"{token} is null", Condition(token, "NOT_NULL"): f"{token} is not null"}
            if column.is_time:
                now = "cast({now} as date)" if column.type == "DATE" else "{now}"
                sql |= {Condition(token, "PAST"): f"{token} < {now}"}
            for value in column.values:
                sql[Condition(token, "EQ", literal(value))] = f"{token} = '{value}'"
            found |= {test: Segment(named[text]) for test, text in sql.items() if text in named}
            for first in column.values:
                for second in column.values:
                    text = f"{token} in ('{first}', '{second}')"
                    if text in named:
                        either = sorted((Condition(token, "EQ", literal(v)) for v in (first, second)), key=place)
                        found[Or(either[0], either[1])] = Segment(named[text])
    columns = [[f"{v.name}.{c}" for c in v.columns] for v in views().values()]
    for one, other in (pair for names in columns for pair in permutations(names, 2)):
        text = f"{other} is not null and {one} <> {other}"
        if text in named:  # what is not set differs from nothing
            found |= {Condition(one, "NE", other): Segment(named[text]), Condition(other, "NE", one): Segment(named[text])}
    return found


@cache
def implied_conditions() -> dict[str, tuple[Predicate, ...]]:
    """Plain conditions that a named one holds already."""
    implied: dict[str, tuple[Predicate, ...]] = {}
    for view in views().values():
        for name, segment in view.segments.items():
            parts = _plain(segment.sql).split(" and ")
            tests = [Condition(f"{view.name}.{c}", "NOT_NULL") for c in view.columns if f"{view.name}.{c} is not null" in parts]
            tests += [
                Condition(f"{view.name}.{c}", "EQ", literal(v))
                for c, column in view.columns.items()
                for v in column.values
                if f"{view.name}.{c} = '{v.lower()}'" in parts
            ]
            implied[f"{view.name}:{name}"] = (*tests, *(named_conditions()[t] for t in tests if t in named_conditions() and named_conditions()[t].token != f"{view.name}:{name}"))
    return implied


@cache
def named_measures() -> dict[Item, str]:
    """Aggregates that a measure stands for, by the SQL that both are."""
    named = {_plain(m.sql): f"{v.name}#{name}" for v in views().values() for name, m in v.measures.items()}
    found: dict[Item, str] = {}
    for view in views().values():
        times = [f"{view.name}.{c.name}" for c in view.columns.values() if c.is_time]
        spans = {Item("AVG_HOURS", pair): "avg(date_diff('minute', {}, {}) / 60.0)".format(*pair) for pair in permutations(times, 2)}
        spans |= {Item("AVG_DAYS", pair): "avg(date_diff('hour', {}, {}) / 24.0)".format(*pair) for pair in permutations(times, 2)}
        found |= {item: named[text] for item, text in spans.items() if text in named}
        for name, column in view.columns.items():
            token = f"{view.name}.{name}"
            sql = {Item(fn, (token,)): f"{fn.lower()}({token})" for fn in ("SUM", "AVG")} if column.is_number else {}
            sql[Item("COUNT_DISTINCT", (token,))] = f"count(distinct {token})"
            share = "avg(case when {} then 1.0 else 0.0 end)"
            if column.type == "BOOLEAN":
                sql[Item("SHARE_IF", (), (Condition(token, "IS_TRUE"),))] = share.format(token)
            for value in column.values:
                sql[Item("SHARE_IF", (), (Condition(token, "EQ", literal(value)),))] = share.format(f"{token} = '{value}'")
            found |= {item: named[text.lower()] for item, text in sql.items() if text.lower() in named}
    return found


def _plain(sql: str) -> str:
    return sql.replace('"', "").lower()
