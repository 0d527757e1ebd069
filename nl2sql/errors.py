"""Errors between a question and its answer; the root and the shared branches are in ``catalog.errors``.

GovernanceError (catalog)          2
├─ BackendUnavailable              3   no model to draft with
├─ BadPlan                         6   a model wrote what the plan language does not have
├─ BadReply                        6   a model wrote nothing that can be read
├─ Stopped                       130   nobody waits for the answer any more
└─ Repairable                      6   SQL that could be mended
   ├─ SqlSyntax · UnknownRelation · UnknownColumn · NotAllowed
"""

from catalog.errors import GovernanceError


class BackendUnavailable(GovernanceError):
    """No model is there to draft with."""

    exit_code = 3
    hint = "Choose another with --backend, or reinstall the package: the embedded model is part of it."


class BadPlan(GovernanceError):
    """A token sequence that the plan language does not have."""

    exit_code = 6


class BadReply(GovernanceError):
    """A model's text that holds neither SQL nor a reply."""

    exit_code = 6


class Stopped(GovernanceError):
    """Whoever asked does not wait for the answer any more."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("The question was stopped.", "Ask it again to see its answer.")


class Repairable(GovernanceError):
    """SQL that its author could mend; the text names nothing that the asker may not see."""

    exit_code = 6


class SqlSyntax(Repairable):
    """The text is not one SELECT statement in DuckDB's SQL."""


class UnknownRelation(Repairable):
    """A view that does not exist for this principal, whether it exists for others or not."""


class UnknownColumn(Repairable):
    """A column that does not exist for this principal, whether it exists for others or not."""


class NotAllowed(Repairable):
    """A construct or function outside the allowlist."""
