"""What was asked and decided, what happened to nodes, and where copies of datasets stand."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from random import Random

from catalog.demo.facts import Facts, facts, people, role_of
from catalog.demo.world import World, seeded
from catalog.storage.records import AuditEntry, Dataset, NodeEvent, Replica

LOG_NODE = "amsterdam-1"
"""Gateway that keeps the demo's audit log."""
ENTRIES = 1400
LOG_DAYS = 130
UNVERIFIED = (611, 612)
"""Entries whose hash does not match any more."""
PURPOSES = ("research", "training", "analytics", "marketing", "care", "audit", "resale")
DEFAULT_RULE = "default"
"""What a denial cites when no policy allows."""


def audit_entries(world: World) -> Iterator[AuditEntry]:
    """A log in order of time; each hash covers the one before. Some policies are never cited."""
    random = seeded("audit")
    times = sorted(world.ago(days=random.uniform(0.01, LOG_DAYS)) for _ in range(ENTRIES))
    names = list(world.datasets)
    touchy = [d.name for d in world.datasets.values() if d.sensitivity != "public"]
    entry_hash = ""
    for seq, at in enumerate(times, start=1):
        actor = random.choice(people())
        action = random.choices(("query", "export", "grant", "revoke", "ingest", "login"), (70, 9, 5, 3, 5, 8))[0]
        dataset = (
            None if action == "login" else world.datasets[random.choice(touchy if random.random() < 0.3 else names)]
        )
        decision, policy = _decision(dataset, role_of(actor), action, (world.now - at).total_seconds() / 86400, random)
        purpose = random.choice(PURPOSES)
        asked = random.choice(facts("people")["questions"]["texts"]) if dataset and action == "query" else None
        question = asked.format(dataset=dataset.name, purpose=purpose) if asked and dataset else None
        content = f"{entry_hash}|{seq}|{at.isoformat()}|{actor}|{action}|{dataset and dataset.name}|{decision}|{policy}|{question}"
        entry_hash = hashlib.sha256(content.encode()).hexdigest()
        yield AuditEntry(
            node=LOG_NODE,
            sensitivity="restricted" if dataset and dataset.sensitivity == "restricted" else "confidential",
            as_of=at,
            origin="synthetic",
            seq=seq,
            at=at,
            actor=actor,
            role=role_of(actor),
            action=action,
            dataset=dataset.name if dataset else None,
            decision=decision,
            policy=policy,
            question=question,
            purpose=purpose if dataset else None,
            sql_hash=hashlib.sha256(question.encode()).hexdigest() if question else None,
            row_count=random.randrange(0, 400) if action in ("query", "export") and decision != "denied" else None,
            entry_hash=entry_hash,
            verified=seq not in UNVERIFIED,
        )


def _in_force(rule: Facts, days_ago: float) -> bool:
    dated: bool = rule["starts_days"] <= -days_ago <= rule.get("ends_days", 0)
    return dated and bool(rule["enforced"]) and bool(rule.get("cited", True))


def _decision(
    dataset: Dataset | None, role: str, action: str, days_ago: float, random: Random
) -> tuple[str, str | None]:
    """What was decided and by which policy: those of the dataset itself come before those of every dataset."""
    if dataset is None:
        return ("allowed", None) if random.random() < 0.93 else ("denied", DEFAULT_RULE)
    rules = [rule for rule in facts("policies")["policy"] if _in_force(rule, days_ago)]
    of_dataset = [rule for rule in rules if rule.get("target") == dataset.name]
    everyone = "anonymous" if dataset.sensitivity == "public" else role
    apt = [
        rule
        for rule in of_dataset or [rule for rule in rules if "target" not in rule]
        if rule.get("assignee", role) in (role, everyone) and (rule["action"] == "export") == (action == "export")
    ]
    if not apt:
        return "denied", DEFAULT_RULE
    rule = random.choice(apt)
    if rule["effect"] == "prohibit":
        return "denied", rule["policy_id"]
    return ("masked" if dataset.pii and random.random() < 0.3 else "allowed"), rule["policy_id"]


def node_events(world: World) -> Iterator[NodeEvent]:
    """The events that must be there, and a year of ordinary ones that are over."""
    random = seeded("events")
    texts = facts("events")
    kinds = list(texts["detail"])
    planned: list[Facts] = list(texts["fixed"])
    for _ in range(260):
        kind = random.choices(kinds, (4, 34, 16, 12, 12, 22))[0]
        severity = random.choices(("low", "medium", "high", "critical"), (4, 4, 2, 1))[0]
        node, detail = random.choice(list(world.nodes)), random.choice(texts["detail"][kind])
        hours = random.uniform(100, 8700)
        event: Facts = {"node": node, "kind": kind, "severity": severity, "hours": hours, "detail": detail}
        planned.append(event | {"lasted_hours": min(random.expovariate(1 / 20), hours - 1)})
    planned.sort(key=lambda event: -float(event["hours"]))
    for number, event in enumerate(planned, start=1):
        at = world.ago(hours=event["hours"])
        yield NodeEvent(
            node=event["node"],
            sensitivity="confidential" if event["kind"] == "intrusion" else "internal",
            as_of=at,
            origin="synthetic",
            event_id=f"E-{number:04d}",
            kind=event["kind"],
            severity=event["severity"],
            detail=event["detail"],
            detected_by=random.choice(texts["detected_by"][event["kind"]]),
            at=at,
            resolved=at + timedelta(seconds=round(event["lasted_hours"] * 3600)) if "lasted_hours" in event else None,
        )


def replicas(world: World) -> Iterator[Replica]:
    """The copy at each dataset's own node and up to three more; some datasets have that one only."""
    random = seeded("replicas")
    for dataset in world.datasets.values():
        others = [name for name in world.storage_nodes() if name != dataset.node]
        extra = random.choices((0, 1, 2, 3), (16, 34, 35, 15))[0]
        for place, node in enumerate([dataset.node, *random.sample(others, extra)]):
            tested = random.random() < 0.68
            late = random.random() < 0.1
            yield Replica(
                node=node,
                sensitivity=dataset.sensitivity,
                as_of=world.nodes[node].last_publish,
                origin="synthetic",
                dataset=dataset.name,
                kind="primary" if place == 0 else random.choice(("replica", "replica", "backup")),
                last_synced=world.ago(days=random.uniform(8, 90)) if late else world.ago(hours=random.uniform(0.5, 90)),
                last_restore_test=world.ago(days=random.uniform(3, 420)) if tested else None,
                restore_ok=random.random() < 0.87 if tested else None,
                integrity_ok=random.random() < 0.97,
            )
