"""The guard: SQL text and an asker's authorisation in, `Approved` out, or an error that says what to mend.

Two parsers read the text, every node, name, function and type must be on a list, and what runs is text written anew from
the vetted tree. Knows no data; rows are the snapshot's business.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from catalog.engine import Approved
from catalog.policy import Authorisation, masked_type
from catalog.semantic import views
from nl2sql.errors import NotAllowed

if TYPE_CHECKING:
    from nl2sql.guard.parse import Schema

__all__ = ["approve"]


def approve(sql: str, authorisation: Authorisation, now: datetime) -> Approved:
    """Vet ``sql`` for one asker, with ``now`` (UTC) as the clock of the statement.

    Raises `SqlSyntax`, `UnknownRelation`, `UnknownColumn` or `NotAllowed`, which its author may mend, and `AccessDenied`
    with the rule that closes a view.
    """
    from nl2sql.guard import parse, render, tree
    from nl2sql.guard.binder import Binder

    statement = parse.tree_of(sql)
    tree.check(statement)
    parse.agree(sql, statement)
    binder = Binder(authorisation, now)
    vetted = binder.statement(statement)
    text = render.query(vetted["node"])
    # Both hold by construction; a mistake in the binder or the writer ends here.
    if parse.tree_of(text) != vetted or not tree.relation_names(vetted).keys() <= binder.relations_read:
        raise NotAllowed("This SQL cannot be written back without changing it.", "Write it in plainer SQL.")
    parse.agree(text, vetted)
    parse.bind(text, _schema(authorisation))
    rules = {rule for view in binder.views_read for rule in authorisation.permits[view].rules}
    return Approved(sql=text, views=frozenset(binder.views_read), rules=tuple(sorted(rules)))


def _schema(authorisation: Authorisation) -> "Schema":
    """The asker's views as their snapshot has them: columns that are permitted, masked ones with the type of their mask."""
    return tuple(
        (name, tuple((c.name, masked_type(c, permit.columns[c.name])) for c in view.columns.values() if c.name in permit.columns))
        for name, view in views().items()
        if (permit := authorisation.permits.get(name)) is not None
    )
