"""Data contracts of the Open Data Contract Standard, 2.2 and 3.0–3.1: one dataset per table of the contract.

Rules about quality and service levels are read by ``odcs_quality``. https://bitol-io.github.io/open-data-contract-standard/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from catalog.errors import BadDocument
from catalog.ingest.odcs_quality import checks, frequency, policies, property_checks, service_checks
from catalog.ingest.parts import Part
from catalog.ingest.reading import Context, Document, ShortName
from catalog.ingest.vocabulary import classification, is_health, is_personal, pii_category
from catalog.storage.records import (
    Dataset,
    DatasetColumn,
    GovernancePolicy,
    LineageEdge,
    MarketEvent,
    QualityCheck,
    Record,
)

TOKENS = frozenset({"OCEAN", "USDC", "EUR"})
CLOSED = frozenset({"deprecated", "retired"})
DEEPEST = 20
"""Levels of nested properties that are read."""
STEWARDS = ("steward", "owner", "custodian", "dpo", "contact")
"""Roles whose holder looks after the data, the most fitting first."""


class Odcs:
    """Reads a contract: its tables as datasets with columns, rules, roles, price and sources."""

    kind = "odcs"

    def detects(self, document: Document) -> bool:
        """A data contract, or a list of several with at least one."""
        value = document.value
        return any(map(_is_contract, value)) if isinstance(value, list) else _is_contract(value)

    def read(self, document: Document, context: Context) -> Iterator[Record]:
        """Records of every contract; raises BadDocument for one that names neither itself nor a table."""
        for contract in context.root(document).each():
            if _is_contract(contract.value):
                at = contract["contractCreatedTs"].moment()
                for record in _Contract(contract, context.node).records():
                    yield replace(record, as_of=at)
            else:
                context.complain(contract.path, "a data contract")


def _is_contract(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if str(value.get("kind")).lower() in ("datacontract", "data-contract"):
        return True
    version = re.fullmatch(r"v?[23]\.\d.*", str(value.get("apiVersion", value.get("standardVersion", value.get("templateVersion")))))
    tables = value.get("dataset", value.get("schema"))
    tables = tables.get("tables") if isinstance(tables, dict) else tables
    return bool(version) and isinstance(tables, list) and any(key in value for key in ("id", "uuid", "datasetName", "quantumName"))


@dataclass(frozen=True, slots=True)
class _Contract:
    part: Part
    node: str

    def records(self) -> Iterator[Record]:
        part = self.part
        identifier = part.first("id", "uuid").line()
        name = part.first("name", "datasetName", "dataProduct", "quantumName").line() or identifier
        stated = part.first("schema", "dataset")
        if isinstance(stated.value, dict) and "tables" in stated.value:  # 2.0 and earlier
            stated = stated["tables"]
        tables = [(table.first("name", "table", "physicalName").line(), table) for table in stated.each()]
        for named, table in tables:
            if named is None:
                table.complain(table["name"].path, "the name of the table")
        known = [(named, table) for named, table in tables if named]
        if not known:
            if name is None:
                raise BadDocument(f"{part.path}.id", "the identifier of the contract")
            known = [(name, Part({}, part.path, part.complain))]
        names = {short: f"{identifier}/{short}" if identifier and short != name else short for short, _ in known}
        for short, table in known:
            yield from self._table(table, short, names)

    def _table(self, table: Part, short: str, names: dict[str, str]) -> Iterator[Record]:
        part, dataset = self.part, names[short]
        properties = list(_properties(table.first("properties", "columns"), "", 0))
        columns = [self._column(prop, path, dataset) for path, prop in properties]
        marks = [*part["tags"].lines(), *table["tags"].lines(), *_custom(table)]
        marked = [*marks, *(word for _, prop in properties for word in _marks(prop))]
        server = _server(part["servers"])
        whole = part.first("name", "datasetName", "dataProduct").line() if len(names) == 1 else None
        if dataset != short:
            yield ShortName(node=self.node, identifier=dataset, short=short)
        yield Dataset(
            node=self.node,
            name=dataset,
            description=_description(table, part["description"]),
            domain=part.first("domain", "datasetDomain").line(),
            data_type="tabular" if properties else None,
            format=(server["format"].line() or "").lower() or None,
            owner=_owner(part),
            steward=_steward(part),
            pii=True if is_personal(marked) or any(column.pii_category for column in columns) else None,
            phi=True if is_health(marked) else None,
            region=server.first("region", "regionName").line(),
            version=part["version"].line(),
            update_frequency=frequency(part["slaProperties"], short, names),
            deprecated=(part["status"].line() or "").lower() in CLOSED,
            aliases=tuple(a for a in dict.fromkeys((table["physicalName"].line(), table["businessName"].line(), table["priorTableName"].line(), whole)) if a and a != short),
        )
        yield from columns
        for path, prop in properties:
            yield from self._sources(prop, path, dataset, names)
            yield from property_checks(prop, path, dataset=dataset, node=self.node)
        yield from checks(table["quality"], None, dataset=dataset, node=self.node)
        for path, prop in properties:
            yield from checks(prop["quality"], path, dataset=dataset, node=self.node)
        yield from _relations(table, properties, dataset, self.node)
        yield from service_checks(part["slaProperties"], short, names, node=self.node)
        yield from policies(part["slaProperties"], short, names, node=self.node)
        yield from self._roles(dataset)
        yield from self._price(dataset)

    def _column(self, prop: Part, path: str, dataset: str) -> DatasetColumn:
        words, business = _marks(prop), prop["businessName"].line()
        stated = prop["classification"].line()
        required, nullable = prop["required"].flag(), prop.first("isNullable", "nullable").flag()
        return DatasetColumn(
            node=self.node,
            dataset=dataset,
            column_name=path,
            type=prop.first("logicalType", "physicalType").line(),
            definition=_definition(prop),
            glossary_term=business,
            pii_category=pii_category([*words, path, business or ""]) if is_personal(words) or is_health(words) else None,
            classification=classification(stated) or next((c for word in words if (c := classification(word))), None),
            is_key=prop.first("primaryKey", "isPrimaryKey", "isPrimary", "primary").flag(),
            nullable=nullable if required is None else not required,
            encrypted=True if prop.first("encryptedName", "encryptedColumnName").line() else None,
            critical=prop.first("criticalDataElement", "criticalDataElementStatus").flag(),
        )

    def _sources(self, prop: Part, path: str, dataset: str, names: dict[str, str]) -> Iterator[LineageEdge]:
        """Edges from the tables that a column is made of, to the dataset and to the column."""
        for source in prop.first("transformSourceObjects", "transformSourceTables").lines():
            upstream = names.get(source, source)
            for column in (None, path):
                if column or upstream != dataset:
                    kind = "transformation"
                    yield LineageEdge(node=self.node, upstream=upstream, downstream=dataset, downstream_column=column, transform_type=kind)

    def _roles(self, dataset: str) -> Iterator[GovernancePolicy]:
        """Who may use the dataset, as policies: a contract declares roles, it does not grant anything to anyone."""
        for role in self.part["roles"].each():
            name, access = role["role"].line(), role["access"].line()
            if name is None:
                role.complain(role["role"].path, "the name of the role")
                continue
            yield GovernancePolicy(
                node=self.node,
                policy_id=f"{dataset}/role/{name}/{access or 'access'}",
                name=f"{name}: {access or 'access'}",
                type="access",
                effect="permit",
                action="read" if re.search("read|select", (access or "").lower()) else None,
                target=dataset,
                assignee=name,
                approved_by=", ".join(role.first("firstLevelApprovers", "secondLevelApprovers").lines()) or None,
            )

    def _price(self, dataset: str) -> Iterator[MarketEvent]:
        """The price as an offer; a currency that is no token of the market stays in the comment with its unit."""
        price = self.part["price"]
        amount = price["priceAmount"].number()
        if amount is None:
            return
        currency, unit = (price["priceCurrency"].line() or "").upper(), price["priceUnit"].line()
        said = " ".join(word for word in (f"{amount:g}", currency, f"per {unit}" if unit else "") if word)
        yield MarketEvent(
            node=self.node,
            event_id=f"{dataset}/price",
            dataset=dataset,
            seller=_owner(self.part),
            service="access",
            event="listed",
            price=amount,
            token=currency if currency in TOKENS else None,
            comment=said,
            at=self.part["contractCreatedTs"].moment(),
        )


def _properties(properties: Part, above: str, depth: int) -> Iterator[tuple[str, Part]]:
    """Columns with their paths, nested ones and those of a list's elements as ``a.b``."""
    for prop in properties.each():
        name = prop.first("name", "column").line()
        if name is None:
            prop.complain(prop["name"].path, "the name of the column")
            continue
        yield f"{above}{name}", prop
        if depth < DEEPEST:
            for inside in _inside(prop):
                yield from _properties(inside, f"{above}{name}.", depth + 1)


def _inside(prop: Part) -> Iterator[Part]:
    """Properties of an object, and of the objects in a list or in a list of lists."""
    for _ in range(DEEPEST):
        yield prop["properties"]
        prop = prop["items"]
        if not prop.present:
            return


def _description(table: Part, contract: Part) -> str | None:
    """What the table holds, then what the contract says of its purpose, limits and use."""
    said = [table["description"].text() or table["businessName"].line()]
    granularity = table.first("dataGranularityDescription", "dataGranularity").text()
    said.append(f"Granularity: {granularity}" if granularity else None)
    if isinstance(contract.value, dict):
        for label in ("purpose", "limitations", "usage"):
            text = contract[label].text()
            said.append(f"{label.capitalize()}: {text}" if text else None)
    else:
        said.append(contract.text())
    return "\n".join(text for text in said if text) or None


def _definition(prop: Part) -> str | None:
    """What the column means, with the address of its business definition."""
    said = [prop["description"].text() or prop["businessName"].line()]
    for definition in prop["authoritativeDefinitions"].each():
        kind, url = (definition["type"].line() or "").lower(), definition["url"].line()
        if url and ("business" in kind or "glossary" in kind or "canonical" in kind):
            said.append(f"Defined at {url}")
    return "\n".join(text for text in said if text) or None


def _marks(prop: Part) -> list[str]:
    """Words about a column's protection: its tags, its class and its custom properties."""
    stated = prop["classification"].line()
    return [*prop["tags"].lines(), *([stated] if stated else []), *_custom(prop)]


def _custom(part: Part) -> Iterator[str]:
    """Custom properties that speak of personal data: ``pii: email``."""
    for custom in part["customProperties"].each():
        key, value = custom["property"].line(), custom["value"]
        if key and re.search(r"pii|phi|personal|privacy|sensitiv", key.lower()):
            said = str(value.value).lower() if isinstance(value.value, bool) else value.line()
            yield f"{key}: {said}"


def _server(servers: Part) -> Part:
    """The server to go by: production where there are several."""
    stated = [server for server in servers.each() if isinstance(server.value, dict)]
    return next((s for s in stated if (s["environment"].line() or "").lower().startswith("prod")), stated[0] if stated else servers)


def _owner(contract: Part) -> str | None:
    """The team, else the tenant, else the person whose role is owner."""
    team = contract["team"]
    named = team["name"].line() if isinstance(team.value, dict) and "members" in team.value else None
    return named or contract["tenant"].line() or _holder(contract, ("owner",))


def _steward(contract: Part) -> str | None:
    return _holder(contract, STEWARDS)


def _holder(contract: Part, roles: tuple[str, ...]) -> str | None:
    """The member of the team or stakeholder who holds one of the roles and has not left it."""
    team = contract.first("team", "stakeholders")
    members = team["members"] if isinstance(team.value, dict) and "members" in team.value else team
    present = [member for member in members.each() if isinstance(member.value, dict) and not member["dateOut"].present]
    for role in roles:
        for member in present:
            if role in (member["role"].line() or "").lower() and (who := member.first("name", "username").line()):
                return who
    return None


def _relations(table: Part, properties: list[tuple[str, Part]], dataset: str, node: str) -> Iterator[Record]:
    """References to other tables as checks that have not run."""
    stated = [(None, relation) for relation in table["relationships"].each()]
    found: list[tuple[str | None, Part]] = [*stated, *((path, relation) for path, prop in properties for relation in prop["relationships"].each())]
    for column, relation in found:
        sources, targets = relation["from"].lines(), relation["to"].lines()
        if not targets:
            relation.complain(relation["to"].path, "what the relationship leads to")
            continue
        if column is None and len(sources) == 1:
            column = sources[0].rsplit(".", 1)[-1]
        to = ", ".join(targets)
        expected = f"{', '.join(sources)} in {to}" if sources else f"in {to}"
        yield QualityCheck(
            node=node,
            check_id=f"{dataset}/{column or ', '.join(sources)}/references/{to}",
            dataset=dataset,
            column_name=column,
            check_name="foreign_key",
            expected=expected,
        )
