"""Shared by the tests of entitlements: rules that open a dataset by grant and a view for a purpose, and how a question ended."""

from collections.abc import Iterator
from datetime import UTC, datetime

from nl2sql.turn import Event, Outcome

GATED = """
  - id: gated
    grant: [engineer]
    only: true
    views: [datasets]
    where: {sensitivity: [internal]}
  - id: care-only
    allow: [engineer]
    views: {policies: "*"}
    purposes: [training]
"""
"""For the end of a policy file; max is an engineer."""
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def ended(events: Iterator[Event]) -> Outcome:
    """The last event, which is how it ended."""
    *_, outcome = events
    assert isinstance(outcome, Outcome)
    return outcome
