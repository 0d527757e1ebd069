"""What a DCAT-AP export says of policies, offers, consents and laws: ODRL 2.2 offers and DPV 2.1 terms."""

from decimal import Decimal
from typing import TYPE_CHECKING

from catalog.export.facts import Facts, Row, text, urn
from catalog.ingest.dcat_terms import LEGISLATION_IRIS, ODRL_ACTIONS

if TYPE_CHECKING:
    from catalog.export.dcat import Writer

RULES = {"permit": "odrl:permission", "prohibit": "odrl:prohibition", "oblige": "odrl:obligation"}
LEGAL_BASES = {
    "consent": "dpv:Consent", "contract": "dpv:Contract", "legal obligation": "dpv:LegalObligation", "vital interests": "dpv:VitalInterest",
    "public task": "dpv:PublicInterest", "legitimate interests": "dpv:LegitimateInterest",
}  # fmt: skip
PURPOSES = {"research": "dpv:ResearchAndDevelopment", "marketing": "dpv:Marketing", "audit": "dpv:LegalCompliance", "resale": "dpv:SellDataToThirdParties"}
"""DPV's purposes for the catalog's; the others are concepts of their own."""


def add_rights(writer: "Writer", facts: Facts, dataset: Row, iri: str) -> None:
    """State who may use the dataset for what, what it costs, and which law and legal basis it is under."""
    assigner = writer.named(urn("agent", text(dataset.get("owner")) or "Steward"), "foaf:Agent", "foaf:name", text(dataset.get("owner")) or "Steward")
    for row in facts.of("policies", dataset):
        if text(row.get("policy_id")):
            _policy(writer, row, iri, assigner)
    for row in facts.of("market", dataset):
        if row.get("event") == "listed" and text(row.get("event_id")) and isinstance(row.get("price"), (int, float)):
            _offer(writer, row, iri, assigner)
    _personal(writer, dataset, iri)
    given = [row for row in facts.of("consents", dataset) if row.get("status") == "given"]
    for row in given:
        if basis := LEGAL_BASES.get(str(row.get("legal_basis"))):
            writer.say(iri, "dpv:hasLegalBasis", basis)
        if purpose := text(row.get("purpose")):
            writer.say(iri, "dpv:hasPurpose", _purpose(writer, purpose))
    for row in facts.of("compliance", dataset):
        if law := text(row.get("regulation")):
            where = LEGISLATION_IRIS.get(law) or urn("law", law)
            writer.say(iri, "dcatap:applicableLegislation", writer.named(where, "http://data.europa.eu/eli/ontology#LegalResource", "rdfs:label", law))
        if row.get("retention_until") is not None and row.get("requirement") == "retention":
            period = writer.named(f"{iri}:retention:{urn('law', law).rsplit(':', 1)[-1]}", "dct:PeriodOfTime", "rdfs:label", law)
            writer.time(period, "dcat:endDate", row["retention_until"])
            writer.say(iri, "health:retentionPeriod", period)


def _personal(writer: "Writer", dataset: Row, iri: str) -> None:
    if dataset.get("pii") is True:
        writer.say(iri, "dpv:hasPersonalData", "dpv:PersonalData")
    elif dataset.get("pii") is False:
        writer.say(iri, "dpv:hasData", "dpv:NonPersonalData")
    if dataset.get("phi") is True:
        writer.say(iri, "dpv:hasPersonalData", "https://w3id.org/dpv/pd#MedicalHealth")
    elif dataset.get("phi") is False:
        writer.words(iri, "st:healthData", False)


def _purpose(writer: "Writer", purpose: str) -> str:
    return PURPOSES.get(purpose) or writer.named(urn("purpose", purpose), "dpv:Purpose", "skos:prefLabel", purpose)


def _policy(writer: "Writer", row: Row, iri: str, assigner: str) -> None:
    """An offer of one rule; a rule without an effect that ODRL knows is a set that permits nothing."""
    offer = writer.kind(urn("policy", row["policy_id"]), "odrl:Offer", "odrl:Policy")
    rule = f"{offer}:rule"
    writer.say(iri, "odrl:hasPolicy", offer)
    writer.say(offer, "odrl:uid", offer)
    writer.say(offer, "odrl:assigner", assigner)
    term = RULES.get(str(row.get("effect")))
    if term is None:
        return
    writer.say(offer, term, writer.kind(rule, {"odrl:permission": "odrl:Permission", "odrl:prohibition": "odrl:Prohibition"}.get(term, "odrl:Duty")))
    writer.words(rule, "dct:identifier", row["policy_id"])
    writer.words(rule, "dct:title", text(row.get("name")))
    writer.words(rule, "dct:type", text(row.get("type")))
    writer.say(rule, "odrl:target", iri)
    writer.say(rule, "odrl:action", ODRL_ACTIONS.get(str(row.get("action")), "odrl:use"))
    if assignee := text(row.get("assignee")):
        writer.say(rule, "odrl:assignee", writer.named(urn("role", assignee), "odrl:PartyCollection", "rdfs:label", assignee))
    if law := text(row.get("regulation")):
        where = LEGISLATION_IRIS.get(law) or urn("law", law)
        writer.say(rule, "dct:conformsTo", writer.named(where, "dct:Standard", "dct:title", law))
    if isinstance(row.get("enforced"), bool):
        writer.words(rule, "st:enforced", row["enforced"])
    if purpose := text(row.get("purpose")):
        limit = _limit(writer, rule, "purpose", "odrl:purpose", "odrl:isA")
        writer.say(limit, "odrl:rightOperand", _purpose(writer, purpose))
    for column, operator in (("valid_from", "odrl:gteq"), ("valid_to", "odrl:lteq")):
        if row.get(column) is not None:
            writer.time(_limit(writer, rule, column, "odrl:dateTime", operator), "odrl:rightOperand", row[column])


def _limit(writer: "Writer", rule: str, name: str, operand: str, operator: str) -> str:
    limit = writer.kind(f"{rule}:{name}", "odrl:Constraint")
    writer.say(rule, "odrl:constraint", limit)
    writer.say(limit, "odrl:leftOperand", operand)
    writer.say(limit, "odrl:operator", operator)
    return limit


def _offer(writer: "Writer", row: Row, iri: str, assigner: str) -> None:
    """A listing: permission to use against compensation."""
    offer = writer.kind(urn("offer", row["event_id"]), "odrl:Offer", "odrl:Policy")
    seller = text(row.get("seller"))
    writer.say(iri, "odrl:hasPolicy", offer)
    writer.say(offer, "odrl:uid", offer)
    writer.say(offer, "odrl:assigner", writer.named(urn("agent", seller), "foaf:Agent", "foaf:name", seller) if seller else assigner)
    rule, duty = writer.kind(f"{offer}:rule", "odrl:Permission"), writer.kind(f"{offer}:duty", "odrl:Duty")
    writer.say(offer, "odrl:permission", rule)
    writer.say(rule, "odrl:target", iri)
    writer.say(rule, "odrl:action", "odrl:use")
    if service := text(row.get("service")):
        writer.words(rule, "st:service", service)
    writer.words(rule, "st:allowedAlgorithms", text(row.get("allowed_algorithms")))
    writer.say(rule, "odrl:duty", duty)
    writer.say(duty, "odrl:action", "odrl:compensate")
    limit = _limit(writer, duty, "amount", "odrl:payAmount", "odrl:eq")
    writer.words(limit, "dct:identifier", row["event_id"])
    writer.words(limit, "odrl:rightOperand", f"{Decimal(repr(row['price'])):f}", "xsd:decimal")
    if token := text(row.get("token")):
        writer.say(limit, "odrl:unit", urn("token", token))
