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
    for i, info in enumerate(root["usageInfo"].each()):
        rules = list(_rules(info)) if isinstance(info.value, dict) else []
        for j, (effect, rule) in enumerate(rules):
            actions = [each for key in ("odrl:action", "action") for each in rule[key].each()] if isinstance(rule.value, dict) else []
            said = [_called(each) for each in actions]
            limits = [limit for key in ("odrl:constraint", "constraint") for limit in rule[key].each()] if isinstance(rule.value, dict) else []
            yield GovernancePolicy(
                node=node,
                policy_id=f"{dataset}/usage/{i}/{j}",
                name="; ".join([f"{effect} {', '.join(name for name, _ in said if name) or 'use'}", *(line for limit in limits if (line := _limit(limit)))])[:500],
                type="usage",
                effect=effect,
                action=next((action for each in actions for text in texts(each.value) if (action := ACTIONS.get(local_name(text)))), None),
                target=dataset,
                purpose=next((purpose for _, purpose in said if purpose), None),
                as_of=at,
            )
        if not rules and (term := name_of(info) or next(iter(names_of(info)), None) or next(iter(texts(info.value)), None)):
            name, purpose = _known(info, term)
            yield GovernancePolicy(
                node=node, policy_id=f"{dataset}/usage/{i}", name=name, type="usage", effect="permit", target=dataset, purpose=purpose, as_of=at
            )


def _known(part: Part, called: str) -> tuple[str, str | None]:
    """Name and purpose of a term of the Data Use Ontology; of any other what it is called."""
    said = [called, *texts(part.value), *(text for key in ("termCode", "url") if isinstance(part.value, dict) for text in texts(part[key].value))]
    code = re.search(r"duo[_:/](\d{7})", " ".join(said), re.IGNORECASE)
    return DUO.get(code[1], (called, None)) if code else (called, None)


def _called(action: Part) -> tuple[str | None, str | None]:
    """What an action is called, and the purpose that a term of use is limited to."""
    term = next(iter(texts(action.value)), None)
    called = next(iter(names_of(action)), None) or (local_name(term) if term else None)
    name, purpose = _known(action, called or "")
    # ODRL's actions are named by their last part; a term that is none of them by its own name.
    return (local_name(term) if term and local_name(term) in ACTIONS else name or None), purpose


def _limit(constraint: Part) -> str | None:
    """A constraint in words: its name, else what it compares."""
    if not isinstance(constraint.value, dict):
        return name_of(constraint)
    if name := name_of(constraint["name"]):
        return name
    said = []
    for key in ("leftOperand", "operator", "rightOperand"):
        part = constraint.first(f"odrl:{key}", key)
        term = next(iter(texts(part.value)), None) or name_of(part) or part.value
        said.append(local_name(str(term)) if term is not None else "")
    return " ".join(word for word in said if word) or None


def _rules(info: Part) -> Iterator[tuple[str, Part]]:
    for key, effect in RULES.items():
        for name in (f"odrl:{key}", key):
            for rule in info[name].each():
                yield effect, rule
