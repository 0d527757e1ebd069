"""Ocean Protocol asset documents (DDO) 4.1 to 4.7, 5.0 as a verifiable credential, and deprecated ones.

An asset is a dataset, its services are market listings, who may use it are grants and policies.
https://github.com/oceanprotocol/ddo.js, https://docs.oceanprotocol.com/developers/ddo-specification
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.ingest.dcat_terms import ACTION_TYPES, ACTIONS, first_match
from catalog.ingest.jsonld import name_of, text_of
from catalog.ingest.languages import language_name
from catalog.ingest.licences import from_prose
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document, ShortName
from catalog.storage.records import AccessGrant, Dataset, GovernancePolicy, MarketEvent, Record

RETIRED = frozenset({1, 2, 3})
"""States of an asset's token: end of life, deprecated, revoked. 0 is active, 4 not to be ordered for now, 5 not listed."""
REVOKED = 3
SERVICES = frozenset({"access", "compute"})
TOKENS = {"mocean": "OCEAN", "ocean": "OCEAN", "usdc": "USDC", "usdc.e": "USDC", "eurc": "EUR", "eure": "EUR", "euroe": "EUR"}
"""The same money on several chains."""
MOST_ORDERS = 1000
"""Rows for orders of one service, which a document only counts."""


class Ocean:
    """Reads assets with their services, prices, orders and credentials."""

    kind = "ocean"

    def detects(self, document: Document) -> bool:
        """An asset document, or a list with at least one."""
        value = document.value
        return any(map(_is_asset, value)) if isinstance(value, list) else _is_asset(value)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records of every asset; what is none in a list is reported."""
        for part in context.root(document).each():
            if _is_asset(part.value):
                yield from _Asset(part, context.node).records()
            else:
                context.complain(part.path, "an Ocean asset document")


def _is_asset(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    subject = value.get("credentialSubject")
    identifiers = [value.get("id"), subject.get("id") if isinstance(subject, dict) else None]
    named = any(isinstance(each, str) and each.startswith(("did:op:", "did:ope:")) for each in identifiers)
    return named and ("nftAddress" in value or isinstance(subject, dict) or "metadata" in value or value.get("version") == "deprecated")


@dataclass(frozen=True, slots=True)
class _Asset:
    """One asset; version 5 has its fields in the credential's subject."""

    root: Part
    node: str

    @property
    def body(self) -> Part:
        subject = self.root["credentialSubject"]
        return subject if isinstance(subject.value, dict) else self.root

    @property
    def did(self) -> str:
        return self.root["id"].line() or self.body["id"].line() or ""

    def indexed(self, key: str) -> Part:
        """What an indexer adds: in ``indexedMetadata``, in older documents beside it."""
        places = (self.root["indexedMetadata"], self.body["indexedMetadata"], self.root, self.body)
        return next((part for place in places if (part := place[key]).present), places[0][key])

    @property
    def as_of(self) -> datetime | None:
        times = (self.indexed("event")["datetime"], self.body["metadata"]["updated"])
        return next((at for part in times if (at := part.moment())), None)

    def records(self) -> Iterator[Record]:
        metadata = self.body["metadata"]
        name = name_of(metadata["name"]) or name_of(metadata["displayTitle"])
        if name:
            yield ShortName(node=self.node, identifier=self.did, short=name)
        elif self.root["version"].line() != "deprecated":
            self.root.complain(metadata["name"].path, "the name of the asset")
        yield self._dataset(metadata)
        yield from self._market(metadata)
        yield from self._credentials(self.body["credentials"], None)
        yield from self._licence_terms(metadata["license"])

    def _dataset(self, metadata: Part) -> Dataset:
        stated = metadata["license"]
        licence = from_prose(name_of(stated["name"] if isinstance(stated.value, dict) else stated))
        languages = [language_name(code) for part in metadata["contentLanguage"].each() if (code := part.line())]
        is_algorithm = metadata["type"].line() == "algorithm"
        return Dataset(
            node=self.node,
            name=self.did,
            description=text_of(metadata["description"]),
            domain=next((word.lower() for word in metadata["categories"].lines()), None),
            data_type="code" if is_algorithm else None,
            format=(metadata["algorithm"]["language"].line() or "").lower() or None,
            owner=next((name for key in ("providedBy", "copyrightHolder", "author") if (name := name_of(metadata[key]))), None),
            licence=licence.name if licence else None,
            licence_class=licence.licence_class if licence else None,
            languages=tuple(dict.fromkeys(languages)),
            version=metadata["algorithm"]["version"].line() or metadata["version"].line(),
            content_hash=self._checksum(metadata),
            last_updated=metadata.first("updated", "created").moment(),
            deprecated=self._is_retired(),
            as_of=self.as_of,
        )

    def _is_retired(self) -> bool:
        return self.indexed("nft")["state"].whole() in RETIRED or self._in_purgatory() or self.root["version"].line() == "deprecated"

    def _in_purgatory(self) -> bool:
        """Whether the indexer lists the asset there; the first indexers counted it among the statistics."""
        return any(part.value in (True, "true") for part in (self.indexed("purgatory")["state"], self.indexed("stats")["isInPurgatory"]))

    def _checksum(self, metadata: Part) -> str | None:
        """SHA-256 of the content as its publisher gives it, or of the container that an algorithm runs in."""
        places = [metadata["algorithm"]["container"]["checksum"]]
        for part in (metadata["additionalInformation"], *(service["additionalInformation"] for service in self.body["services"].each())):
            places += [part[key] for key in ("sha256", "contentHash", "checksum", "filesChecksum")] if isinstance(part.value, dict) else []
        found = [match[1] for part in places if isinstance(part.value, str) and (match := re.fullmatch("(?:0x|sha256:)?([0-9a-f]{64})", part.value.strip().lower()))]
        return found[-1] if found else None

    def _market(self, metadata: Part) -> Iterator[Record]:
        seller = next((name for key in ("providedBy", "author") if (name := name_of(metadata[key]))), None) or self.indexed("nft")["owner"].line()
        listed = metadata.first("created", "updated").moment()
        services = list(self.body["services"].each())
        for place, service in enumerate(services):
            kind = service["type"].line()
            if kind not in SERVICES:
                service.complain(service["type"].path, "access or compute")
                continue
            stats = self._stats(service, place, len(services))
            price, token = _price(stats)
            identifier = f"{self.did}/{service['id'].line() or place}"

            def event(name: str, what: str, kind: str = kind, price: float | None = price, token: str | None = token, **more: Any) -> MarketEvent:
                return MarketEvent(
                    node=self.node, event_id=name, dataset=self.did, seller=seller, service=kind, event=what, price=price, token=token, as_of=self.as_of, **more
                )

            yield event(f"{identifier}/listed", "listed", allowed_algorithms=_algorithms(service["compute"]) if kind == "compute" else None, at=listed)
            orders = stats["orders"].whole() or 0
            if orders > MOST_ORDERS:
                stats.complain(stats["orders"].path, f"at most {MOST_ORDERS:,} orders to make rows of")
            for number in range(1, min(orders, MOST_ORDERS) + 1):
                yield event(f"{identifier}/order/{number}", "ordered")
            yield from self._credentials(service["credentials"], service)
        yield from self._withdrawn(seller)

    def _withdrawn(self, seller: str | None) -> Iterator[MarketEvent]:
        for is_so, what, comment in (
            (self._in_purgatory(), "disputed", self.indexed("purgatory")["reason"].line()),
            (self.indexed("nft")["state"].whole() == REVOKED, "revoked", None),
        ):
            if is_so:
                yield MarketEvent(
                    node=self.node, event_id=f"{self.did}/{what}", dataset=self.did, seller=seller, event=what, comment=comment, as_of=self.as_of
                )

    def _stats(self, service: Part, place: int, services: int) -> Part:
        """Statistics of a service: those that name it or its token, else those in its place; one for all where there is one."""
        every = list(self.indexed("stats").each())
        for key, own in (("serviceId", "id"), ("datatokenAddress", "datatokenAddress")):
            mine = str(service[own].value or "").lower()
            for stats in every:
                if mine and str(stats[key].value or "").lower() == mine:
                    return stats
        named = any(stats["serviceId"].present or stats["datatokenAddress"].present for stats in every)
        if not named and (len(every) == services or len(every) == 1):
            return every[place if len(every) == services else 0]
        return Part(None, f"{self.root.path}.indexedMetadata.stats", self.root.complain)

    def _credentials(self, credentials: Part, service: Part | None) -> Iterator[Record]:
        """Addresses that are allowed hold grants; every other condition, and whoever is denied, is a policy."""
        kinds = [service["type"].line() or ""] if service else [line for each in self.body["services"].each() if (line := each["type"].line())]
        permissions = list(dict.fromkeys("compute" if kind == "compute" else "read" for kind in kinds)) or ["read"]
        scope = f"{self.did}/{service['id'].line()}" if service else self.did
        datatoken = service["datatokenAddress"].line() if service else None
        for one in credentials.each():
            for key, effect in (("allow", "permit"), ("deny", "prohibit")):
                for kind, who in _conditions(one[key]):
                    if effect == "permit" and kind == "address" and who != "*":
                        for permission in permissions:
                            yield AccessGrant(
                                node=self.node, grant_id=f"{scope}/{permission}/{who}", principal=who, dataset=self.did, permission=permission,
                                granted_by=self.indexed("nft")["owner"].line(), datatoken=datatoken, granted=self.as_of, as_of=self.as_of,
                            )  # fmt: skip
                    else:
                        yield GovernancePolicy(
                            node=self.node, policy_id=f"{scope}/{key}/{kind}/{who}", name=f"{key} {kind} {who}"[:200], type="access", effect=effect,
                            action="read", target=self.did, assignee=who[:200], enforced=True, as_of=self.as_of,
                        )  # fmt: skip

    def _licence_terms(self, licence: Part) -> Iterator[GovernancePolicy]:
        """Rules of the ODRL policy that version 5 lets a licence carry."""
        for policy in licence.first("ODRL", "odrl").each():
            for key, effect in (("permission", "permit"), ("prohibition", "prohibit"), ("obligation", "oblige")):
                for place, rule in enumerate(policy[key].each()):
                    said = " ".join(name for part in rule["action"].each() if (name := name_of(part["@id"] if isinstance(part.value, dict) else part)))
                    action = first_match(ACTIONS, re.split(r"[/:#]", said)[-1]) if said else None
                    yield GovernancePolicy(
                        node=self.node, policy_id=f"{self.did}/licence/{key}/{place}", name=f"{effect} {said or 'use'}"[:200],
                        type=ACTION_TYPES.get(action or "", "usage"), effect=effect, action=action, target=self.did,
                        assignee=name_of(rule["assignee"]), as_of=self.as_of,
                    )  # fmt: skip


def _price(stats: Part) -> tuple[float | None, str | None]:
    """Asking price and token; documents have it as ``price.value``, ``price.price`` or the first of ``prices``."""
    for part in [stats["price"], *stats["prices"].each()]:
        if not isinstance(part.value, dict):
            continue
        amount = part.first("value", "price")
        if isinstance(amount.value, str) and re.fullmatch(r"\d{1,30}(\.\d{1,30})?", amount.value.strip(), re.ASCII):
            amount = Part(float(amount.value), amount.path, amount.complain)
        token = part.first("tokenSymbol", "symbol", "token", "tokenAddress").line()
        if (value := amount.number()) is not None:
            return value, TOKENS.get(token.lower(), token) if token else None
    return None, None


def _algorithms(compute: Part) -> str:
    """Which algorithms a compute service runs: any, those that its publisher lists, none."""
    trusted = [*compute["publisherTrustedAlgorithms"].each(), *compute["publisherTrustedAlgorithmPublishers"].each()]
    if compute["allowRawAlgorithm"].value is True or any("*" in (part.value, part["did"].value) for part in trusted):
        return "any"
    return "listed" if trusted else "none"


def _conditions(side: Part) -> Iterator[tuple[str, str]]:
    """Kind and subject of each condition: an address, a list of them, or a credential that is asked for."""
    for condition in side.each():
        kind = condition["type"].line() or "verifiableCredential"
        for value in condition["values"].each():
            if isinstance(value.value, dict):
                if line := value["address"].line():
                    yield kind, line
                yield from _asked(kind, value)
            elif line := value.line():
                yield kind, line
        if listed := condition["accessList"].line():
            yield kind, listed
        yield from _asked(kind, condition)


def _asked(kind: str, place: Part) -> Iterator[tuple[str, str]]:
    for asked in place.first("request_credentials", "requestCredentials").each():
        if line := asked.line() if isinstance(asked.value, str) else asked.first("credential", "type").line():
            yield kind, line
