"""What events tell, where a question says it: two words in a row, never words that the catalog itself is asked with."""

from dataclasses import replace
from datetime import datetime

import pytest

from nl2sql.linking.index import NameIndex
from nl2sql.linking.link import link
from nl2sql.values import Text

NOW = datetime(2026, 10, 16, 12)
DETAILS = ("Disk full.", "Kernel update did not come back.", "Signing key replaced after a staff change.", "Port scan from outside the network.", "Version older than the last one.")


@pytest.mark.parametrize(
    ("question", "read", "told"),
    [
        ("disk full outages: node and hours", "term1 outages: node and hours", "disk full"),
        ("outages caused by a full disk", "outages caused by a term1", "disk full"),
        ("Port scans on berlin-1", "term1 on node1", "port scan"),
        ("key rotations after a staff change", "key rotations after a term1", "staff change"),
        ("how many outages were due to kernel updates?", "how many outages were due to term1?", "kernel update"),
    ],
)
def test_what_events_tell_is_a_term(question: str, read: str, told: str, index: NameIndex) -> None:
    linked = link(question, replace(index, details=DETAILS), NOW)
    assert (linked.text, linked.bindings["@term1"]) == (read, Text((told,)))


@pytest.mark.parametrize(
    "question",
    [
        "assessments older than a year",  # words that join others
        "signing key of berlin-1",  # words of the catalog
        "the disk is full",  # not in a row
        "who owns 'disk full'",  # a name in quotes
    ],
)
def test_other_words_are_none(question: str, index: NameIndex) -> None:
    assert link(question, replace(index, details=DETAILS), NOW) == link(question, index, NOW)


def test_nothing_is_told_where_no_event_is_seen(index: NameIndex) -> None:
    assert "term1" not in link("disk full outages", replace(index, details=()), NOW).text


DETECTORS = ("gossip monitor", "policy auditor", "heartbeat", "operator")


@pytest.mark.parametrize(
    ("question", "read", "told"),
    [
        ("events detected by the gossip monitor", "events detected by the term1", "gossip monitor"),
        ("what did the policy auditor find", "what did the term1 find", "policy auditor"),
        ("outages noticed by a heartbeat", "outages noticed by a term1", "heartbeat"),
        ("outages that an operator reported", "outages that an term1 reported", "operator"),
    ],
)
def test_what_notices_events_is_a_term(question: str, read: str, told: str, index: NameIndex) -> None:
    linked = link(question, replace(index, detectors=DETECTORS), NOW)
    assert (linked.text, linked.bindings["@term1"], linked.detectors) == (read, Text((told,)), DETECTORS)


@pytest.mark.parametrize("question", ["last heartbeat of berlin-1", "nodes run by the operator", "which operator reports most", "detected by gossip"])
def test_what_notices_nothing_is_none(question: str, index: NameIndex) -> None:
    assert "term1" not in link(question, replace(index, detectors=DETECTORS), NOW).text
