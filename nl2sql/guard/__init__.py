"""The guard: SQL text and a schema in, `Approved` out, or an error that says what to mend.

Two parsers read the text, every node, name, function and type must be on a list, and what runs is text written anew from
the vetted tree. Knows no data; rows are the snapshot's business.
"""

from datetime import datetime

from catalog.engine.engine import Approved
from nl2sql.errors import NotAllowed
from nl2sql.guard.schema import Schema, schema_of

__all__ = ["Schema", "approve", "schema_of"]


def approve(sql: str, schema: Schema, now: datetime) -> Approved:
    """Vet ``sql`` over one schema, an asker's (`schema_of`) or any other, with ``now`` (UTC) as the clock of the statement.

    Raises `SqlSyntax`, `UnknownRelation`, `UnknownColumn` or `NotAllowed`, which its author may mend, and `AccessDenied`
    with the rule that closes a view.
    """
    from nl2sql.guard import parse, render, tree
    from nl2sql.guard.binder import Binder
    from nl2sql.guard.ends import VIEW, fixed_ends

    statement = parse.tree_of(sql)
    tree.check(statement)
    parse.agree(sql, statement)
    binder = Binder(schema, now)
    vetted = binder.statement(statement)
    text = render.query(vetted["node"])
    # Both hold by construction; a mistake in the binder or the writer ends here.
    if parse.tree_of(text) != vetted or not tree.relation_names(vetted).keys() <= binder.relations_read:
        raise NotAllowed("This SQL cannot be written back without changing it.", "Write it in plainer SQL.")
    parse.agree(text, vetted)
    parse.bind(text, schema.declared)
    fixed = fixed_ends(vetted) if VIEW in binder.views_read else None
    return Approved(sql=text, views=frozenset(binder.views_read), rules=schema.rules_of(binder.views_read), fixed=fixed)
