"""Ocean asset documents: valid under Ocean's own shapes, and what they become."""

from pathlib import Path
from typing import Any

import pytest

from catalog.ingest.dcat_graph import graph_of
from catalog.ingest.ocean import Ocean
from catalog.ingest.reading import Document

from .conftest import Desk

DID4 = "did:op:" + "fa" * 32
DID5 = "did:ope:" + "0b" * 32
ADDRESS = "0xBB1081DbF3227bbB233Db68f7117114baBb43656"
TOKEN_A, TOKEN_C = "0xfF4AE9869Cafb5Ff725f962F3Bbc22Fb303A8aD8", "0x282d8efCe846A88B159800bd4130ad77443Fa1A1"


def v4(version: str = "4.7.0", **changes: Any) -> dict[str, Any]:
    access = {
        "id": "s1", "type": "access", "files": "0x04beba", "datatokenAddress": TOKEN_A, "serviceEndpoint": "https://provider.example.org", "timeout": 604800,
    }  # fmt: skip
    compute = {
        **access, "id": "s2", "type": "compute", "datatokenAddress": TOKEN_C,
        "compute": {
            "allowRawAlgorithm": False, "allowNetworkAccess": True, "publisherTrustedAlgorithmPublishers": [],
            "publisherTrustedAlgorithms": [{"did": "did:op:x", "filesChecksum": "1", "containerSectionChecksum": "2"}],
        },
    }  # fmt: skip
    return {
        "id": DID4, "nftAddress": ADDRESS, "version": version, "chainId": 137,
        "metadata": {
            "created": "2022-12-30T08:40:06Z", "updated": "2023-01-02T03:04:05Z", "type": "dataset", "name": "DEX volume",
            "description": "Volume traded, daily.", "author": "DEX", "license": "https://creativecommons.org/licenses/by/4.0/", "tags": ["defi"],
        },
        "services": [access, compute],
        "credentials": {"allow": [{"type": "address", "values": ["0xaaa", "0xbbb"]}], "deny": [{"type": "address", "values": ["0xccc"]}]},
    } | changes  # fmt: skip


INDEXED = {
    "nft": {"state": 0, "owner": "0xowner"},
    "event": {"datetime": "2023-02-15T16:42:22"},
    "purgatory": {"state": False},
    "stats": [
        {"datatokenAddress": TOKEN_C, "serviceId": "s2", "orders": 0, "prices": [{"type": "fixedrate", "price": "2.5", "token": "USDC.e"}]},
        {"datatokenAddress": TOKEN_A.lower(), "orders": 3, "price": {"value": 1000, "tokenAddress": "0x2", "tokenSymbol": "mOCEAN"}},
    ],
}
V5 = {
    "@context": ["https://www.w3.org/ns/credentials/v2"], "version": "5.0.0", "id": DID5, "type": ["VerifiableCredential"], "issuer": "did:op:issuer",
    "credentialSubject": {
        "id": DID5, "chainId": 137, "nftAddress": ADDRESS,
        "metadata": {
            "created": "2024-10-03T14:35:20Z", "updated": "2024-10-03T14:35:20Z", "type": "dataset", "name": "Tides", "providedBy": "Harbour Office",
            "description": {"@value": "Tides of the harbour.", "@language": "en"}, "categories": ["Oceans"],
            "license": {"name": "MIT", "ODRL": {"permission": [{"action": "http://www.w3.org/ns/odrl/2/distribute", "assignee": "partners"}]}},
            "additionalInformation": {"checksum": "0x" + "AB" * 32},
        },
        "services": [{
            "id": "s", "type": "compute", "datatokenAddress": TOKEN_A, "serviceEndpoint": "https://p.example.org", "timeout": 1,
            "compute": {"allowRawAlgorithm": True, "allowNetworkAccess": False},
        }],
        "credentials": {"allow": {"request_credentials": [{"type": "VerifiableId", "format": "jwt_vc_json"}]}},
    },
    "indexedMetadata": {"nft": {"state": 3}, "purgatory": {"state": True, "reason": "stolen"}, "stats": [{"orders": 1, "price": {"value": "0"}}]},
}  # fmt: skip
DEPRECATED = {"id": DID4, "version": "deprecated", "chainId": 137, "nftAddress": ADDRESS, "indexedMetadata": {"nft": {"state": 5}}}


@pytest.mark.parametrize(
    ("shapes", "document", "valid"),
    [
        ("4.1.0", v4("4.1.0"), True),
        ("4.3.0", v4("4.3.0"), True),
        ("4.5.0", v4("4.5.0"), True),
        ("4.7.0", v4("4.7.0"), True),
        ("4.7.0", v4("4.7.0", metadata={"name": "x"}), False),
        ("5.0.0", V5, True),
        ("deprecated", DEPRECATED, True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_documents_are_valid_under_oceans_shapes(shared: Path, shapes: str, document: dict[str, Any], valid: bool) -> None:
    from pyshacl import validate
    from rdflib import Graph

    plain = {key: value for key, value in document.items() if key not in ("indexedMetadata", "@context")}
    vocabulary, kind = ("http://schema.org/", "DDO") if shapes != "5.0.0" else ("https://www.w3.org/ns/credentials/v2/", "VerifiableCredential")
    data = graph_of(plain | {"@type": kind, "@context": {"@vocab": vocabulary}})
    turtle = (shared / "ocean-ddo" / f"{shapes}.ttl").read_text(encoding="utf-8")
    if shapes == "deprecated":  # its last statement lacks the full stop
        turtle = f"{turtle.rstrip().rstrip(';')} ."
    conforms, _, text = validate(Graph() + data, shacl_graph=Graph().parse(data=turtle, format="turtle"))
    assert conforms is valid, text


def test_an_asset_of_version_4(desk: Desk) -> None:
    desk.put("a.json", v4(indexedMetadata=INDEXED))
    assert desk.ingest().problems == []
    row = desk.one("SELECT name, description, owner, licence, deprecated, aliases, last_updated::VARCHAR AS at FROM dataset")
    assert row == {
        "name": "DEX volume", "description": "Volume traded, daily.", "owner": "DEX", "licence": "CC BY 4.0", "deprecated": False, "aliases": [DID4],
        "at": "2023-01-02 03:04:05",
    }  # fmt: skip
    assert desk.rows("SELECT dataset, seller, service, event, price, token, allowed_algorithms, count(*) FROM market_event GROUP BY ALL ORDER BY ALL") == [
        ("DEX volume", "DEX", "access", "listed", 1000.0, "OCEAN", None, 1),
        ("DEX volume", "DEX", "access", "ordered", 1000.0, "OCEAN", None, 3),
        ("DEX volume", "DEX", "compute", "listed", 2.5, "USDC", "listed", 1),
    ]
    assert desk.rows("SELECT DISTINCT principal, dataset, permission, granted_by FROM access_grant ORDER BY ALL") == [
        ("0xaaa", "DEX volume", "compute", "0xowner"), ("0xaaa", "DEX volume", "read", "0xowner"),
        ("0xbbb", "DEX volume", "compute", "0xowner"), ("0xbbb", "DEX volume", "read", "0xowner"),
    ]  # fmt: skip
    assert desk.rows("SELECT type, effect, target, assignee FROM policy") == [("access", "prohibit", "DEX volume", "0xccc")]


def test_an_asset_of_version_5(desk: Desk) -> None:
    desk.put("a.json", V5)
    assert desk.ingest().problems == []
    row = desk.one("SELECT name, description, domain, owner, licence, content_hash, deprecated FROM dataset")
    assert row == {
        "name": "Tides", "description": "Tides of the harbour.", "domain": "oceans", "owner": "Harbour Office", "licence": "MIT License",
        "content_hash": "ab" * 32, "deprecated": True,
    }  # fmt: skip
    assert desk.rows("SELECT event, service, price, allowed_algorithms, comment FROM market_event ORDER BY ALL") == [
        ("disputed", None, None, None, "stolen"), ("listed", "compute", 0.0, "any", None), ("ordered", "compute", 0.0, None, None), ("revoked", None, None, None, None),
    ]  # fmt: skip
    assert desk.rows("SELECT type, effect, action, assignee FROM policy ORDER BY ALL") == [
        ("access", "permit", "read", "VerifiableId"), ("sharing", "permit", "share", "partners"),
    ]  # fmt: skip


def test_a_deprecated_asset_keeps_the_name_that_it_had(desk: Desk) -> None:
    desk.put("1.json", v4())
    desk.put("2.json", DEPRECATED)
    assert desk.ingest().problems == []
    assert desk.rows("SELECT name, deprecated FROM dataset") == [("DEX volume", True)]


@pytest.mark.parametrize(
    ("compute", "allowed"),
    [
        ({"allowRawAlgorithm": True}, "any"),
        ({"publisherTrustedAlgorithms": ["*"]}, "any"),
        ({"publisherTrustedAlgorithmPublishers": ["*"]}, "any"),
        ({"publisherTrustedAlgorithmPublishers": ["0x1"]}, "listed"),
        ({"publisherTrustedAlgorithms": []}, "none"),
        ({}, "none"),
    ],
)
def test_which_algorithms_a_service_runs(desk: Desk, compute: dict[str, Any], allowed: str) -> None:
    document = v4()
    document["services"] = [document["services"][1] | {"compute": compute}]
    desk.put("a.json", document)
    desk.ingest()
    assert desk.rows("SELECT allowed_algorithms FROM market_event") == [(allowed,)]


def test_an_algorithm_is_code(desk: Desk) -> None:
    algorithm = {"language": "Python", "version": "0.2", "container": {"entrypoint": "python $ALGO", "image": "i", "tag": "t", "checksum": "sha256:" + "cd" * 32}}
    document = v4()
    document["metadata"] |= {"type": "algorithm", "algorithm": algorithm}
    desk.put("a.json", [document, {"not": "an asset"}])
    report = desk.ingest()
    assert [problem.path for problem in report.problems] == ["$[1]"]
    assert desk.rows("SELECT data_type, format, version, content_hash FROM dataset") == [("code", "python", "0.2", "cd" * 32)]


def test_what_is_wrong_is_named(desk: Desk) -> None:
    document = v4(indexedMetadata={"stats": [{"orders": 10**9, "price": "much"}]})
    document["services"] = [{"type": "carrier pigeon"}, document["services"][0] | {"credentials": [{}, 3]}]
    document["metadata"]["updated"] = "soon"
    desk.put("a.json", document)
    report = desk.ingest()
    assert {problem.path for problem in report.problems} == {"$.services[0].type", "$.metadata.updated", "$.indexedMetadata.stats[0].orders"}
    assert desk.rows("SELECT count(*) FROM market_event WHERE event = 'ordered'") == [(1000,)]


@pytest.mark.parametrize("value", [None, [], {}, {"id": 3}, {"id": "did:op:x"}, {"id": "did:web:x", "metadata": {}}, [{"credentialSubject": []}]])
def test_what_is_no_asset_is_left_alone(value: Any) -> None:
    assert not Ocean().detects(Document("x", value))


def test_the_first_indexers_counted_purgatory_among_the_statistics(desk: Desk) -> None:
    desk.put("a.json", v4() | {"stats": {"consumes": 4, "isInPurgatory": "true"}})
    desk.ingest()
    assert desk.rows("SELECT deprecated FROM dataset") == [(True,)]
    assert desk.rows("SELECT event FROM market_event WHERE event = 'disputed'") == [("disputed",)]
