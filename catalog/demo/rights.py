"""Who may do what with which data: declared policies, grants and consents of data subjects."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from catalog.demo.facts import facts, people, role_of
from catalog.demo.world import World, seeded
from catalog.storage.records import AccessGrant, Consent, GovernancePolicy

POLICY_FACTS = (
    "policy_id",
    "name",
    "type",
    "effect",
    "action",
    "target",
    "assignee",
    "purpose",
    "regulation",
    "enforced",
)
NEVER_ASKED = ("vital_signs", "marketing_contacts", "genome_panel")
"""Datasets about people for which nobody recorded a consent."""
GRANTS_PER_DATASET = (2, 9)
SUBJECT_GROUPS = {
    "healthcare": "health",
    "genomics": "health",
    "commerce": "commerce",
    "marketing": "commerce",
    "food delivery": "commerce",
    "finance": "finance",
}


def policies(world: World) -> Iterator[GovernancePolicy]:
    """The rules of ``policies.toml``, approved by compliance where they are enforced."""
    random = seeded("policies")
    today = world.now.date()
    for spec in facts("policies")["policy"]:
        approver = random.choice(people("compliance"))
        target = world.datasets.get(spec.get("target", ""))
        yield GovernancePolicy(
            node=spec["node"],
            sensitivity=target.sensitivity if target else "public",
            as_of=world.nodes[spec["node"]].last_publish,
            origin="synthetic",
            valid_from=today + timedelta(days=spec["starts_days"]),
            valid_to=today + timedelta(days=spec["ends_days"]) if "ends_days" in spec else None,
            approved_by=approver if spec["enforced"] else None,
            **{key: spec[key] for key in POLICY_FACTS if key in spec},
        )


def grants(world: World) -> Iterator[AccessGrant]:
    """Grants on data that is not public or that holds personal data: live, expired, revoked and never ending."""
    random = seeded("grants")
    gated = [d for d in world.datasets.values() if d.sensitivity != "public" or d.phi]
    number = 0
    for dataset in gated:
        for principal in random.sample(people(), random.randint(*GRANTS_PER_DATASET)):
            number += 1
            granted = world.ago(days=random.uniform(15, 700))
            ending = random.choices(("never", "past", "soon", "later"), (20, 25, 10, 45))[0]
            day = {"past": random.uniform(-200, -1), "soon": random.uniform(0.5, 14), "later": random.uniform(15, 500)}
            expires = None if ending == "never" else world.ago(days=-day[ending])
            buyer = role_of(principal) == "buyer"
            yield AccessGrant(
                **world.synthetic(dataset.name, at_least="confidential"),
                grant_id=f"G-{number:04d}",
                principal=principal,
                dataset=dataset.name,
                permission="compute"
                if buyer
                else random.choices(("read", "compute", "write", "admin"), (60, 20, 14, 6))[0],
                granted_by=random.choice(people("steward")),
                datatoken=f"0x{random.getrandbits(160):040x}" if buyer else None,
                granted=min(granted, expires - timedelta(days=1)) if expires else granted,
                expires=expires,
                revoked=random.random() < 0.09,
            )


def consents(world: World) -> Iterator[Consent]:
    """Consents behind invented data about people; some datasets have none, some withdrawals are not carried out."""
    random = seeded("consents")
    groups: dict[str, list[str]] = facts("people")["groups"]
    number = 0
    for dataset in world.datasets.values():
        if dataset.origin != "synthetic" or not dataset.pii or dataset.name in NEVER_ASKED:
            continue
        known = groups[SUBJECT_GROUPS.get(dataset.domain or "", "other")]
        purposes = (
            ("care", "research", "training") if dataset.phi else ("analytics", "marketing", "training", "research")
        )
        for group in random.sample(known, min(len(known), random.randint(2, 4))):
            for purpose in random.sample(purposes, random.randint(1, 3)):
                number += 1
                state: dict[str, Any] = {"given": world.ago(days=random.uniform(40, 900))}
                state |= _state(world, random.random(), random.uniform(1, 39), random.uniform(60, 800))
                yield Consent(
                    **world.synthetic(dataset.name, at_least="confidential"),
                    consent_id=f"CO-{number:04d}",
                    dataset=dataset.name,
                    subject_group=group,
                    purpose=purpose,
                    legal_basis=random.choices(
                        ("consent", "contract", "public task", "legitimate interests"), (70, 10, 10, 10)
                    )[0],
                    subjects=random.randrange(40, 90_000),
                    **state,
                )


def _state(world: World, chance: float, recent_days: float, later_days: float) -> dict[str, Any]:
    if chance < 0.58:
        return {"status": "given", "expires": world.ago(days=-later_days)}
    if chance < 0.70:
        return {"status": "expired", "expires": world.ago(days=recent_days)}
    if chance < 0.76:
        return {"status": "requested", "given": None}
    withdrawn = world.ago(days=recent_days)
    honoured = withdrawn + (world.now - withdrawn) * 0.6 if chance < 0.92 else None
    return {"status": "withdrawn", "withdrawn": withdrawn, "honoured": honoured, "expires": world.ago(days=-later_days)}
