"""Askers of differing policy, and what each may see, said a second time as plain facts beside the policy.

Shares no code with ``catalog.access.policy`` or ``catalog.engine.snapshot``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from catalog.access.policy import ANONYMOUS, LiveGrant, Policy, Principal, load_policy
from catalog.semantic import views
from catalog.storage.records import Dataset, Record

EU = "EU"

POLICY = """
version: 1
roles: [auditor, analyst, counter, holder, outsider]
principals:
  audrey: {roles: [auditor], clearance: internal, jurisdictions: [EU]}
  ana: {roles: [analyst]}
  cuno: {roles: [counter]}
  hana: {roles: [holder]}
  otto: {roles: [outsider]}
rules:
  - {id: auditor-all, allow: [auditor], views: "*", where: {sensitivity: $clearance}}
  - {id: auditor-area, filter: [auditor], views: "*", where: {jurisdiction: $jurisdictions}}
  - id: analyst-some
    allow: [analyst]
    views:
      nodes: {except: [stake, operator]}
      datasets: {except: [steward, content_hash]}
      columns: "*"
      lineage: "*"
      models: {except: [owner]}
      market: {except: [comment]}
      grants: "*"
      training_rounds: "*"
    where: {sensitivity: [public, internal]}
  - id: analyst-masks
    mask: {datasets.owner: partial, datasets.row_count: bucket, datasets.last_updated: bucket, market.buyer: hash, market.price: bucket,
           market.seller: partial, grants.principal: hash, grants.datatoken: "null", nodes.trust_score: bucket, training_rounds.accuracy: "null"}
    unless: [auditor, counter, holder, outsider]
  - {id: counter-context, allow: [counter], views: {datasets: "*", consents: "*", nodes: "*"}, where: {sensitivity: [public]}}
  - id: counter-cube
    aggregate:
      {roles: [counter], view: consents, entity: subject_group, k: 3, dimensions: [purpose, status], measures: [count, sum(subjects)], name: consent_groups}
    where: {sensitivity: [public]}
  - {id: holder-grants, grant: [holder], views: {datasets: "*", columns: "*", quality_checks: "*", compliance: {except: [assessor]}}}
  - {id: holder-nodes, allow: [holder], views: {nodes: [node, jurisdiction, status, sensitivity, kind]}, where: {sensitivity: [public]}}
  - {id: outsider-open, allow: [outsider, anonymous], views: {claims: "*", market: {except: [buyer]}, lineage: "*", replicas: "*", models: "*", node_events: "*"},
     where: {sensitivity: [public]}}
"""

HELD = ("d1", "d3", "d5")
"""Datasets that the holder holds grants for."""


def _public(record: Record, area: str) -> bool:
    return record.sensitivity == "public"


def _held(record: Record, area: str) -> bool:
    return getattr(record, "name" if isinstance(record, Dataset) else "dataset") in HELD


@dataclass(frozen=True, slots=True)
class Asker:
    """What one principal may see, in facts: the rows of each view, and of its columns those that are closed or masked.

    A view that is not in ``rows`` is closed. ``areas`` tells that the jurisdiction of a row's node decides too. ``grouped`` are
    columns of a view that only a cube shows, with the columns that make its groups.
    """

    name: str
    rows: Mapping[str, Callable[[Record, str], bool]]
    closed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    masked: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    areas: bool = False
    grouped: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

    def principal(self, policy: Policy) -> Principal:
        """The principal of the policy, with what they hold as they ask."""
        if self.name == ANONYMOUS.name:
            return ANONYMOUS
        grants = tuple(LiveGrant(name, "read", "2027-01-01T00:00:00") for name in HELD) if self.name == "hana" else ()
        return replace(policy.principal(self.name), grants=grants)


def _audited(record: Record, area: str) -> bool:
    return record.sensitivity in ("public", "internal") and area == EU


def _known(record: Record, area: str) -> bool:
    return record.sensitivity in ("public", "internal")


ASKERS: Mapping[str, Asker] = {
    asker.name: asker
    for asker in (
        Asker("audrey", dict.fromkeys(views(), _audited), areas=True),
        Asker(
            "ana",
            dict.fromkeys(("nodes", "datasets", "columns", "lineage", "models", "market", "grants", "training_rounds"), _known),
            {
                "nodes": frozenset({"stake", "operator"}),
                "datasets": frozenset({"steward", "content_hash"}),
                "models": frozenset({"owner"}),
                "market": frozenset({"comment"}),
            },
            {
                "datasets": {"owner": "partial", "row_count": "bucket", "last_updated": "bucket"},
                "market": {"buyer": "hash", "price": "bucket", "seller": "partial"},
                "grants": {"principal": "hash", "datatoken": "null"},
                "nodes": {"trust_score": "bucket"},
                "training_rounds": {"accuracy": "null"},
            },
        ),
        Asker(
            "cuno",
            dict.fromkeys(("datasets", "consents", "nodes"), _public),
            grouped={"consents": (("subject_group", "subjects"), ("purpose", "status"))},
        ),
        Asker(
            "hana",
            {**dict.fromkeys(("datasets", "columns", "quality_checks", "compliance"), _held), "nodes": _public},
            {"compliance": frozenset({"assessor"}), "nodes": frozenset(views()["nodes"].columns) - {"node", "jurisdiction", "status", "sensitivity", "kind"}},
        ),
        Asker("otto", dict.fromkeys(("claims", "market", "lineage", "replicas", "models", "node_events"), _public), {"market": frozenset({"buyer"})}),
        Asker(ANONYMOUS.name, dict.fromkeys(("claims", "market", "lineage", "replicas", "models", "node_events"), _public), {"market": frozenset({"buyer"})}),
    )
}


@cache
def policy(folder: Path) -> Policy:
    """The policy of all askers, read by the production reader from a file in ``folder``."""
    path = folder / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return load_policy(path)
