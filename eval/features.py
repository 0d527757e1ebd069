"""What a gold's SQL uses, read off its syntax tree, so that breakdowns do not rest on labels written by hand."""

from sqlglot import exp, parse_one

from catalog.semantic import views
from eval.suite import Case, Tag

FEATURES: dict[str, tuple[type[exp.Expr], ...]] = {
    "aggregate": (exp.AggFunc,),
    "group": (exp.Group,),
    "having": (exp.Having,),
    "order": (exp.Order,),
    "limit": (exp.Limit,),
    "distinct": (exp.Distinct,),
    "join": (exp.Join,),
    "exists": (exp.Exists,),
    "null": (exp.Is,),
    "window": (exp.Window,),
    "set operation": (exp.SetOperation,),
    "cte": (exp.CTE,),
    "case": (exp.Case,),
    "like": (exp.Like, exp.ILike),
    "list": (exp.ArrayContains, exp.Unnest),
    "negation": (exp.Not, exp.NEQ),
}


def derived_tags(case: Case) -> dict[str, Tag]:
    """``view``, ``hops`` (views read beyond the first) and ``feature`` of the first gold; nothing where there is none."""
    gold = next((gold for turn in case.turns for gold in turn.gold), None)
    if gold is None:
        return {}
    tree = parse_one(gold, dialect="duckdb")
    read = [table.name.lower() for table in tree.find_all(exp.Table) if table.name.lower() in views()]
    used = [name for name, kinds in FEATURES.items() if tree.find(*kinds)]
    if len(list(tree.find_all(exp.Select))) > 1 and not tree.find(exp.SetOperation, exp.CTE):
        used.append("subquery")
    return {"view": tuple(sorted(set(read))), "hops": max(len(read) - 1, 0), "feature": tuple(used) or ("filter",)}
