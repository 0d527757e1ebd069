"""What result columns are called: aliases, columns renamed by a CTE, columns merged by USING, and second columns of a name."""

from collections.abc import Sequence

from nl2sql.errors import NotAllowed
from nl2sql.guard import kinds
from nl2sql.guard.identifiers import fold
from nl2sql.guard.scope import Bound, Relation
from nl2sql.guard.tree import Node


def renamed(relation: Relation, names: Sequence[str]) -> Relation:
    """A CTE or subquery with its first columns called anew: ``WITH a(x) AS (SELECT 1)``."""
    if not names:
        return relation
    kept = list(relation.columns)
    if len(names) > len(kept):
        raise NotAllowed(f"{len(names)} names are given to {len(kept)} columns.")
    called = [fold(name) for name in names] + kept[len(names) :]
    if len(set(called)) < len(called):
        raise NotAllowed("Two columns of a subquery are given one name.")
    return Relation(dict(zip(called, relation.columns.values(), strict=True)), relation.weight)


def merged_column(join_type: str, left: Bound, right: Bound) -> Bound:
    """The column that USING makes of two: ``FULL JOIN … USING (k)`` → ``COALESCE(l.k, r.k)``."""
    if join_type == "RIGHT":
        return right
    if join_type != "FULL":
        return left
    node = {"class": "OPERATOR", "type": "OPERATOR_COALESCE", "alias": "", "children": [left.node, right.node]}
    return Bound(node, kinds.unify(left.kind, right.kind) or left.kind)


def name_of(node: Node) -> str:
    """The name of a result column that has one by its alias or as a plain column, else empty."""
    if node["alias"]:
        return str(node["alias"])
    return str(node["column_names"][-1]) if node["class"] == "COLUMN_REF" else ""


def named_apart(items: Sequence[Bound]) -> list[Bound]:
    """Columns of a subquery, each under its own name: a second ``node`` becomes ``node_1``, as DuckDB has it."""
    written = {fold(name_of(item.node)) for item in items}
    taken = set[str]()
    apart = []
    for item in items:
        name = name_of(item.node)
        called = str(item.node.get("function_name", "value")).removesuffix("_star")
        free = name or (called if called.isidentifier() else "value")
        base, count = free, 0
        while fold(free) in taken or (not name and fold(free) in written):
            count += 1
            free = f"{base}_{count}"
        taken.add(fold(free))
        apart.append(item if free == name else Bound({**item.node, "alias": free}, item.kind))
    return apart
