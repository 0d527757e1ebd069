"""Documents that their specifications allow and few tools write: nothing that a view has a place for is lost."""

from typing import Any

import pytest

from catalog.ingest.readers import READERS
from catalog.ingest.reading import Context, Document
from catalog.storage.records import Record

NESTED = {
    "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
    "@type": "sc:Dataset",
    "name": "boxes",
    "version": {"@value": "1.2.0"},
    "dateModified": {"@value": "2024-05-01", "@type": "Date"},
    "creator": [{"@type": "Organization", "name": "Org"}, {"@type": "Person", "givenName": "Ada", "familyName": "Byron"}],
    "recordSet": [
        {
            "@type": "cr:RecordSet",
            "@id": "rs",
            "field": [
                {"@type": "cr:Field", "@id": "rs/id", "dataType": "sc:Integer"},
                {"@id": "rs/box", "subField": [{"@id": "rs/box/x", "dataType": "cr:Float32"}, {"@id": "rs/box/at", "subField": {"@id": "rs/box/at/y"}}]},
            ],
        }
    ],
}
OCEAN = {
    "version": "5.0.0",
    "type": ["VerifiableCredential"],
    "credentialSubject": {
        "id": "did:ope:1",
        "chainId": 137,
        "nftAddress": "0x1",
        "metadata": {"type": "dataset", "name": "Weather", "providedBy": "met"},
        "services": [
            {
                "id": "s", "type": "compute", "datatokenAddress": "0x2", "compute": {"publisherTrustedAlgorithms": [{"did": "*"}]},
                "credentials": {"deny": [{"type": "address", "values": [{"address": "0xB"}]}], "allow": [{"type": "address", "values": [{"address": "0xA"}]}]},
            }
        ],
    },
}  # fmt: skip
AWS = {"Name": "Old gauges", "Description": "Rain.", "ManagedBy": "Met", "License": "MIT", "Resources": [], "DeprecatedNotice": "Use the new ones."}
EVENT = {
    "eventType": "COMPLETE", "eventTime": "2026-01-01T00:00:00Z", "run": {"runId": "r"}, "job": {"namespace": "n", "name": "j"},
    "outputs": [{"namespace": "n", "name": "t", "outputFacets": {"dataQualityAssertions": {"assertions": [{"assertion": "sum_equals_ledger", "success": False}]}}}],
}  # fmt: skip

CASES: list[tuple[str, dict[str, Any], list[tuple[str, dict[str, object]]]]] = [
    (
        "croissant",
        NESTED,
        [
            ("dataset", {"name": "boxes", "version": "1.2.0", "owner": "Org, Ada Byron"}),
            *(("dataset_column", {"column_name": name}) for name in ("id", "box", "box.x", "box.at", "box.at.y")),
        ],
    ),
    (
        "ocean",
        OCEAN,
        [
            ("policy", {"effect": "prohibit", "assignee": "0xB"}),
            ("access_grant", {"principal": "0xA", "permission": "compute"}),
            ("market_event", {"allowed_algorithms": "any"}),
        ],
    ),
    ("aws-open-data", AWS, [("dataset", {"name": "Old gauges", "deprecated": True})]),
    ("openlineage", EVENT, [("quality_check", {"check_name": "custom", "status": "failed", "check_id": "n/t/sum_equals_ledger/r"})]),
]


@pytest.mark.parametrize(("kind", "value", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_an_odd_document_states(kind: str, value: dict[str, Any], expected: list[tuple[str, dict[str, object]]]) -> None:
    complaints: list[tuple[str, str]] = []
    document = Document("odd.json", value)
    reader = next(reader for reader in READERS if reader.detects(document))
    found: list[Record] = list(reader.read(document, Context("n", lambda path, wanted: complaints.append((path, wanted)))))
    assert (reader.kind, complaints) == (kind, [])
    for table, said in expected:
        assert any(record.table == table and said.items() <= record.__dict__.items() for record in found), (table, said)
