"""What the test-suite rule does to both queries before it runs them: DISTINCT goes, so that rows count as often as they occur.

The benchmark's authors drop every token ``DISTINCT`` from the text. Here it goes from the tree, with one result on what Spider holds:
``SELECT DISTINCT a`` → ``SELECT a``, ``count(DISTINCT a)`` → ``count(a)``, ``UNION DISTINCT`` → ``UNION``; a plain ``UNION``, ``INTERSECT``
or ``EXCEPT`` still leaves repetitions out. What differs: ``IS DISTINCT FROM`` and ``DISTINCT ON`` stay, where a dropped token breaks the
SQL, and so does a column of that name.
"""

import sqlglot
from sqlglot import exp

from nl2sql.errors import SqlSyntax


def without_distinct(sql: str, dialect: str = "duckdb") -> str:
    """The query with every DISTINCT that only removes repetitions left out. Raises `SqlSyntax` for what is not SQL of the dialect."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
        for distinct in list(tree.find_all(exp.Distinct)):
            if distinct.args.get("on"):
                continue
            if distinct.arg_key == "distinct":
                distinct.pop()
                continue
            holder, kept = distinct.parent, distinct.expressions
            if isinstance(holder, exp.Count) and len(kept) > 1:
                holder.set("expressions", [*kept[1:], *holder.expressions])
                kept = kept[:1]
            if len(kept) == 1:
                distinct.replace(kept[0])
        return tree.sql(dialect=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise SqlSyntax("This SQL cannot be read, so its DISTINCT cannot be left out.", "Check it with 'steward sql'.") from error
