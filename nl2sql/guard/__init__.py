"""The guard: SQL text and an asker's authorisation in, `Approved` out, or an error that says what to mend.

Two parsers read the text, every node, name, function and type must be on a list, and what runs is text written anew from
the vetted tree. Knows no data; rows are the snapshot's business.
"""

from datetime import datetime

from catalog.engine import Approved
from catalog.policy import Authorisation, masked_type
from catalog.semantic import views
from nl2sql.errors import NotAllowed

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
    if parse.tree_of(text) != vetted:
        raise NotAllowed("This SQL cannot be written back without changing it.", "Write it in plainer SQL.")
    parse.agree(text, vetted)
    parse.bind(text, _masked_to_text(authorisation))
    rules = {rule for view in binder.views_read for rule in authorisation.permits[view].rules}
    return Approved(sql=text, views=frozenset(binder.views_read), rules=tuple(sorted(rules)))


def _masked_to_text(authorisation: Authorisation) -> frozenset[str]:
    """Every ``view.column`` whose mask makes text of another type."""
    return frozenset(
        f"{view}.{name}"
        for view, permit in authorisation.permits.items()
        for name, treatment in permit.columns.items()
        if treatment != "show" and masked_type(views()[view].columns[name], treatment) != views()[view].columns[name].type
    )
