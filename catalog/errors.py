"""Errors of the governed catalog.

GovernanceError            2   root: every error says what happened and what to try
├─ UsageError              2   the call itself is wrong
├─ CatalogUnavailable      3   no catalog, or it cannot be read
├─ BadDocument             2   a document to ingest is not what it should be
├─ AccessDenied            5   a visible thing that this principal may not use
├─ QueryFailed             1   the engine could not run an approved query
├─ VerificationFailed      1   an audit log or a receipt is not what it should be
└─ QueryTimeout            4   the engine ran out of time or memory
"""


class GovernanceError(Exception):
    """Something a person can read and act on.

    ``what`` is one sentence of fact, ``hint`` one sentence of advice, ``exit_code`` the process status.
    """

    exit_code = 2
    hint = ""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint or self.hint


class UsageError(GovernanceError):
    """The call itself is wrong: a bad option, file or name."""


class CatalogUnavailable(GovernanceError):
    """No catalog is there, or it cannot be read."""

    exit_code = 3
    hint = "Run 'steward demo' for a sample catalog, or 'steward ingest PATH --node NAME' for your own."


class BadDocument(GovernanceError):
    """A document is not what its kind asks for: ``path`` inside it and what was ``expected`` there."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


class AccessDenied(GovernanceError):
    """A view or column that exists for this principal but may not be used; ``rule`` decided."""

    exit_code = 5

    def __init__(self, what: str, rule: str, hint: str = "") -> None:
        super().__init__(what, hint or "Ask a data steward for a role or grant that covers it.")
        self.rule = rule


class QueryFailed(GovernanceError):
    """The engine could not run the query; the message is a code, never data."""

    exit_code = 1


class VerificationFailed(GovernanceError):
    """An audit log or a receipt does not hold: the message says which part of it and why."""

    exit_code = 1


class QueryTimeout(GovernanceError):
    """The query ran into its time, memory or output limit."""

    exit_code = 4
    hint = "Ask for less at once, or raise --timeout."
