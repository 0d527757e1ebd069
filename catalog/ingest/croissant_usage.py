"""Croissant's ``usageInfo``: terms of the Data Use Ontology and ODRL offers, as policies about use.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

import re
from collections.abc import Iterator
from datetime import datetime

from catalog.ingest.jsonld import local_name, name_of, names_of, texts
from catalog.ingest.parts import Part
from catalog.storage.records import GovernancePolicy

RULES = {"permission": "permit", "prohibition": "prohibit", "obligation": "oblige", "duty": "oblige"}
ACTIONS = {
    "use": "read", "read": "read", "display": "read", "present": "read", "train": "train", "distribute": "share", "share": "share",
    "reproduce": "share", "transfer": "export", "export": "export", "delete": "delete", "archive": "retain",
}  # fmt: skip
DUO = {
    "0000004": ("no restriction", None), "0000006": ("health or medical research", "research"), "0000007": ("disease-specific research", "research"),
    "0000011": ("population origins research", "research"), "0000015": ("no general methods research", None),
    "0000018": ("not for profit, non-commercial use only", None), "0000042": ("general research use", "research"),
    "0000045": ("not for profit organisation use only", None), "0000046": ("non-commercial use only", None),
}  # fmt: skip
"""Data Use Ontology: what a code permits, and the purpose it is limited to."""


def usage(root: Part, dataset: str, node: str, at: datetime | None) -> Iterator[GovernancePolicy]:
    """A policy for every rule of an offer and every term of use."""
    for i, info in enumerate(root.first("usageInfo", "sc:usageInfo").each()):
        rules = list(_rules(info)) if isinstance(info.value, dict) else []
        for j, (effect, rule) in enumerate(rules):
            actions = [ACTIONS.get(local_name(text)) for key in ("odrl:action", "action") if isinstance(rule.value, dict) for text in texts(rule[key].value)]
            said = [local_name(text) for key in ("odrl:action", "action") if isinstance(rule.value, dict) for text in texts(rule[key].value)]
            yield GovernancePolicy(
                node=node,
                policy_id=f"{dataset}/usage/{i}/{j}",
                name=f"{effect} {', '.join(said) or 'use'}",
                type="usage",
                effect=effect,
                action=next((action for action in actions if action), None),
                target=dataset,
                as_of=at,
            )
        if not rules and (term := name_of(info) or next(iter(names_of(info)), None)):
            code = re.search(r"DUO[_:](\d{7})", " ".join([term, *texts(info.value), *(texts(info["termCode"].value) if isinstance(info.value, dict) else [])]))
            name, purpose = DUO.get(code[1], (term, None)) if code else (term, None)
            yield GovernancePolicy(
                node=node, policy_id=f"{dataset}/usage/{i}", name=name, type="usage", effect="permit", target=dataset, purpose=purpose, as_of=at
            )


def _rules(info: Part) -> Iterator[tuple[str, Part]]:
    for key, effect in RULES.items():
        for name in (f"odrl:{key}", key):
            for rule in info[name].each():
                yield effect, rule
