"""Wrong SQL made from right SQL by one change each, to measure what a comparison of results catches.

After Tuya, Suárez-Cabal, de la Riva, "Mutating database queries", 2007, with the slips of models added: another column, the
wrong direction of lineage, a filter left out. Left out because no data could tell them from the gold, whatever the views hold:

- a change of what an EXISTS selects, which nobody reads;
- another order of the result where order does not count and no LIMIT cuts it; DISTINCT of a result whose duplicates do not count;
- a LIMIT left out or raised where the gold's LIMIT does not count;
- LEFT for INNER JOIN and back where a condition beside the join is never true of the NULLs that would be added;
- COUNT(*) for COUNT(x) and back, ``<>`` for IS DISTINCT FROM and a COALESCE left out, where x is stored NOT NULL or the same
  WHERE tests it for NULL; DISTINCT in a COUNT of what is, within its group, the declared key of a view, to which joins add no rows,
  or in a COUNT that is compared with 0;
- ``<`` for ``<=`` on a point in time, as nothing happens at the very instant (see `eval.instances.invariants`);
- a factor that changes by less than the tolerance of the comparison.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from eval.mutants import conditions, shape
from eval.mutants.edit import Trees, Values
from eval.scopes import DIALECT, parsed
from eval.suite import Comparison

__all__ = ["Mutant", "mutants"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed gold; ``kind`` names the change."""

    kind: str
    sql: str


def mutants(sql: str, compare: Comparison | None = None, values: Values | None = None) -> list[Mutant]:
    """Every mutant of a gold, each text once. Literals change to other ``values`` of their column, where these are given.

    Raises `sqlglot.errors.ParseError` for what is no SQL.
    """
    seen, found = {parsed(sql).sql(dialect=DIALECT)}, []
    for kind, trees in _kinds(sql, compare or Comparison(), values or {}):
        for tree in trees:
            text = tree.sql(dialect=DIALECT)
            if text not in seen:
                seen.add(text)
                found.append(Mutant(kind, text))
    return found


def _kinds(sql: str, compare: Comparison, values: Values) -> Iterator[tuple[str, Trees]]:
    tree = parsed(sql)
    yield "dropped condition", conditions.dropped(tree)
    yield "dropped clause", conditions.dropped_clause(tree)
    yield "comparison", conditions.comparison(tree)
    yield "negation", conditions.negation(tree)
    yield "and or", conditions.and_or(tree)
    yield "literal", conditions.literal(tree, values, compare.tolerance)
    yield "list entry", conditions.list_entry(tree)
    yield "date part", conditions.date_part(tree)
    yield "arithmetic", conditions.arithmetic(tree)
    yield "aggregate", shape.aggregate(tree)
    yield "group key", shape.group_key(tree)
    yield "order", shape.order(tree, compare)
    yield "limit", shape.limit(tree, compare)
    yield "distinct", shape.distinct(tree, compare)
    yield "join kind", shape.join_kind(tree)
    yield "join condition", shape.join_condition(tree)
    yield "direction", shape.direction(tree)
    yield "depth", shape.depth(tree)
    yield "column", shape.column(tree)
    yield "set side", shape.set_side(tree)
