"""What a linked data catalog says of licences, personal data, law, purposes, policies and offers.

ODRL 2.2 rules become policies, an offer to compensate becomes a market listing, DPV terms become consents and compliance.
https://www.w3.org/TR/odrl-model/, https://w3id.org/dpv
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from catalog.ingest.dcat_graph import Thing
from catalog.ingest.dcat_terms import (
    ACTION_TYPES,
    ACTIONS,
    FIRST_REQUIREMENT,
    LEGAL_BASES,
    LEGISLATION,
    POLICY_TYPES,
    PURPOSES,
    first_match,
)
from catalog.ingest.licences import Licence, from_prose, governing, recognise
from catalog.storage.records import Compliance, Consent, GovernancePolicy, MarketEvent, Record

RULES = (("odrl:permission", "permit"), ("odrl:prohibition", "prohibit"), ("odrl:obligation", "oblige"))
HEALTH = re.compile(r"health|medical|patient|disease|diagnos|genetic|clinical|phi\b", re.IGNORECASE)
NOT_PERSONAL = frozenset({"NonPersonalData", "AnonymisedData", "SyntheticData"})


def terms_of(things: list[Thing]) -> Licence | None:
    """The licence that governs: of the dataset and all its distributions the strictest, else what a rights statement says."""
    stated = [licence for thing in things for each in thing.all("dct:license") if (licence := _licence(each))]
    if stated:
        return governing(stated)
    rights = [licence for thing in things for each in thing.all("dct:rights") if (text := each.label) for licence in recognise(text)]
    return governing(rights)


def _licence(each: Thing) -> Licence | None:
    """A licence by its address (``…/licence/CC_BYNC_4_0`` as well), else by its name."""
    label, spelled = each.label, re.sub(r"_(\d)_(\d)$", r" \1.\2", each.code).replace("_", "-")
    spelled = re.sub(r"(?<=by)(?=nc|sa|nd)|(?<=nc)(?=sa|nd)", "-", spelled.lower())
    for text in (label, each.said, spelled if each.iri else None):
        if text and (found := recognise(text)):
            return governing(found)
    return from_prose(label or each.said)


def has_personal_data(thing: Thing) -> bool | None:
    """Whether DPV terms or the dataset's type say so; None when nothing is said."""
    own = thing.one("st:personalData").flag()
    kinds = [each.code for each in thing.all("dpv:hasPersonalData", "dpv:hasData")]
    if own is not None or not kinds:
        typed = "PERSONAL_DATA" in " ".join(f"{each.code} {each.label} {' '.join(x.said for x in each.all('skos:inScheme'))}" for each in thing.all("dct:type"))
        return own if own is not None else True if typed else None
    return not set(kinds) <= NOT_PERSONAL


def has_health_data(thing: Thing) -> bool | None:
    """Whether the personal data is about health, by DPV's term for it or by HealthDCAT-AP's categories."""
    own = thing.one("st:healthData").flag()
    said = " ".join(f"{each.code} {each.label or ''}" for each in thing.all("dpv:hasPersonalData", "dpv:hasData"))
    if own is None and has_personal_data(thing):
        return True if HEALTH.search(said) or thing.all("health:healthCategory", "health:healthTheme") else None
    return own


def is_known_law(each: Thing) -> bool:
    """Whether the compliance view has the law; any other stays in the dataset's description."""
    return first_match(LEGISLATION, _words(each)) is not None


def rights(thing: Thing, dataset: str, node: str, as_of: datetime | None) -> Iterator[Record]:
    """Policies, offers, consents and compliance that the dataset and its distributions state."""
    stated = _Rights(thing, dataset, node, as_of)
    yield from stated.policies()
    yield from stated.retention()
    yield from stated.consents()
    yield from stated.compliance()


@dataclass(frozen=True, slots=True)
class _Rights:
    thing: Thing
    dataset: str
    node: str
    as_of: datetime | None

    @property
    def _carriers(self) -> list[Thing]:
        return [self.thing, *self.thing.all("dcat:distribution")]

    def policies(self) -> Iterator[Record]:
        seen = set()
        for policy in [each for carrier in self._carriers for each in [*carrier.all("odrl:hasPolicy"), *carrier.inverse("odrl:target")]]:
            place = 0
            for term, effect in RULES:
                for rule in policy.all(term):
                    if rule.node in seen:
                        continue
                    seen.add(rule.node)
                    place += 1
                    uid = policy.iri or policy.one("odrl:uid").line() or f"{self.dataset}/policy"
                    yield from self._rule(policy, rule, effect, rule.one("dct:identifier").line() or rule.iri or f"{uid}#{place}")

    def _rule(self, policy: Thing, rule: Thing, effect: str, identifier: str) -> Iterator[Record]:
        limits, assignees = _constraints(rule), [*rule.labels("odrl:assignee"), *policy.labels("odrl:assignee")]
        paid = [duty for duty in rule.all("odrl:duty") if any(each.code == "compensate" for each in _actions(duty))]
        for duty in paid:
            yield from self._offer(policy, duty, rule)
        if paid and not limits and not assignees:
            return  # who pays may use it, and that is all
        actions = [each.label or each.code for each in _actions(rule)]
        action = next((word for each in actions if (word := first_match(ACTIONS, each))), None)
        said = rule.one("dct:type").line()
        residency = "spatial" in limits
        kind = said if said in POLICY_TYPES else "residency" if residency else ACTION_TYPES.get(action or "", "usage")
        law = first_match(LEGISLATION, " ".join(each.said for each in [*policy.all("dct:conformsTo"), *rule.all("dct:conformsTo", "dpv:hasLegalBasis")]))
        name = next(iter([*rule.texts("dct:title", "rdfs:label"), *policy.texts("dct:title", "rdfs:label")]), None)
        yield GovernancePolicy(
            node=self.node,
            policy_id=identifier,
            name=name or f"{effect} {', '.join(actions) or 'use'}",
            type=kind,
            effect=effect,
            action=action,
            target=self.dataset,
            assignee=next(iter(assignees), None),
            purpose=first_match(PURPOSES, limits.get("purpose", "")),
            regulation=law,
            valid_from=_day(limits.get("from")),
            valid_to=_day(limits.get("to")),
            enforced=rule.one("st:enforced").flag(),
            as_of=self.as_of,
        )

    def _offer(self, policy: Thing, duty: Thing, rule: Thing) -> Iterator[MarketEvent]:
        for limit in duty.all("odrl:constraint", "odrl:refinement") + [x for each in _actions(duty) for x in each.all("odrl:refinement")]:
            if not any(each.code == "payAmount" for each in limit.all("odrl:leftOperand")):
                continue
            try:
                price = float(limit.one("odrl:rightOperand").line() or "")
            except ValueError:
                limit.complain(f"{limit.path} odrl:rightOperand", "a finite number")
                continue
            unit = next(iter(each.code for each in limit.all("odrl:unit")), None)
            service = "compute" if any("compute" in (each.code + (each.label or "")).lower() for each in rule.all("odrl:action", "st:service")) else "access"
            yield MarketEvent(
                node=self.node,
                event_id=limit.one("dct:identifier").line() or f"{self.dataset}/offer/{service}/{unit}",
                dataset=self.dataset,
                seller=next(iter([*policy.labels("odrl:assigner"), *rule.labels("odrl:assigner"), *self.thing.labels("dct:publisher")]), None),
                service=service,
                event="listed",
                price=price,
                token=unit,
                allowed_algorithms=rule.one("st:allowedAlgorithms").line(),
                as_of=self.as_of,
            )

    def retention(self) -> Iterator[Record]:
        for period in self.thing.all("health:retentionPeriod", "dpv:hasStorageCondition"):
            law = first_match(LEGISLATION, " ".join(period.texts("rdfs:label")))
            start, end = (_day(period.one(f"dcat:{edge}Date").line()) for edge in ("start", "end"))
            yield GovernancePolicy(
                node=self.node,
                policy_id="/".join([self.dataset, "retention", *([law] if law else [])]),
                name=" ".join(next(iter(period.texts("rdfs:comment", "dct:description", "rdfs:label")), "Retention period").split())[:200],
                type="retention",
                effect="oblige",
                action="retain",
                target=self.dataset,
                valid_from=start,
                valid_to=end,
                regulation=law,
                as_of=self.as_of,
            )
            if end and (law or has_personal_data(self.thing)):
                yield Compliance(
                    node=self.node, dataset=self.dataset, regulation=law or "GDPR", requirement="retention", status="not assessed", retention_until=end, as_of=self.as_of
                )

    def consents(self) -> Iterator[Consent]:
        """A row for each legal basis and purpose; HealthDCAT-AP says how many persons there are."""
        purposes = list(dict.fromkeys(first_match(PURPOSES, _words(each)) for each in self.thing.all("dpv:hasPurpose"))) or [None]
        subjects = self.thing.one("health:numberOfUniqueIndividuals").whole()
        group = next(iter(self.thing.labels("dpv:hasDataSubject")), None) or next(iter(self.thing.texts("health:populationCoverage")), "data subjects")
        for basis in dict.fromkeys(first_match(LEGAL_BASES, _words(each)) for each in self.thing.all("dpv:hasLegalBasis")):
            for purpose in purposes:
                key = "/".join([self.dataset, *(part for part in (basis, purpose) if part)])
                yield Consent(
                    node=self.node,
                    consent_id=f"{hashlib.sha256(key.encode()).hexdigest()[:16]}",
                    dataset=self.dataset,
                    subject_group=" ".join(group.split())[:200],
                    purpose=purpose,
                    legal_basis=basis,
                    status="given",
                    subjects=subjects,
                    as_of=self.as_of,
                )

    def compliance(self) -> Iterator[Compliance]:
        """That a law applies, not that it is met: nobody has assessed that. A legal basis of DPV means that the GDPR does."""
        laws = [law for carrier in self._carriers for each in carrier.all("dcatap:applicableLegislation") if (law := first_match(LEGISLATION, _words(each)))]
        if self.thing.all("dpv:hasLegalBasis") and has_personal_data(self.thing):
            laws.append("GDPR")
        for law in dict.fromkeys(laws):
            yield Compliance(
                node=self.node, dataset=self.dataset, regulation=law, requirement=FIRST_REQUIREMENT[law], status="not assessed", as_of=self.as_of
            )


def _words(each: Thing) -> str:
    """Everything that a concept may be recognised by."""
    return " ".join([each.said if each.iri and "eli/" in each.said else each.code, each.label or "", *each.texts("dct:description", "skos:prefLabel")])


def _actions(rule: Thing) -> list[Thing]:
    """Actions, those that are refined by their value."""
    return [value for each in rule.all("odrl:action") for value in (each.all("rdf:value") or [each])]


def _constraints(rule: Thing) -> dict[str, str]:
    """What a rule is limited to: ``purpose``, ``spatial``, and the days ``from`` and ``to``."""
    limits: dict[str, str] = {}
    found = [*rule.all("odrl:constraint"), *(inner for each in rule.all("odrl:constraint") for inner in each.all("odrl:and", "odrl:or", "odrl:xone"))]
    for limit in found:
        operand = " ".join(each.code for each in limit.all("odrl:leftOperand"))
        operator = " ".join(each.code for each in limit.all("odrl:operator"))
        value = " ".join(_words(each) for each in limit.all("odrl:rightOperand", "odrl:rightOperandReference"))
        if operand == "dateTime":
            limits["from" if operator in ("gt", "gteq") else "to"] = value.strip().split(" ")[0]
        elif operand:
            limits.setdefault(operand, value)
    return limits


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
