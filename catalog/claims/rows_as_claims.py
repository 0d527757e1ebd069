"""What several nodes publish of one dataset in rows of their own, as claims: who contradicts whom is told, and weighed.

Rows stay as they were published, one for each node; no node's row wins over another's. Claims are made of them where two nodes publish a
dataset of one name, or of names that were merged, with one sensitivity, and both state an attribute: nothing public tells of a row that
is not. They are made anew with every generation. Knows storage; how claims are weighed is `catalog.claims.weighing`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

TABLES = "CREATE TABLE IF NOT EXISTS claim_of_row (node VARCHAR, claim_id VARCHAR)"
ATTRIBUTES = {
    "licence": "d.licence",
    "licence_class": "nullif(d.licence_class, 'unspecified')",
    "owner": "d.owner",
    "languages": "array_to_string(d.languages, ', ')",
    "row_count": "CAST(d.row_count AS VARCHAR)",
    "pii": "CAST(d.pii AS VARCHAR)",
}
"""Attributes that are claimed, and SQL for what a row says of each as the view ``claims`` writes it."""
TOLD = f"""
CREATE OR REPLACE TEMP TABLE told_in_rows AS
WITH named AS (
    SELECT d.*, coalesce(s.dataset, d.name) AS subject
    FROM dataset d LEFT JOIN (SELECT unnest($names::VARCHAR[]) AS name, unnest($datasets::VARCHAR[]) AS dataset) s USING (name)
), told AS (
    SELECT d.node, d.name, d.subject, d.sensitivity, d.as_of, d.origin,
           unnest([{", ".join(f"{{'attribute': '{name}', 'said': {sql}}}" for name, sql in ATTRIBUTES.items())}], recursive := true)
    FROM named d WHERE d.subject IN (SELECT subject FROM named GROUP BY subject HAVING count(DISTINCT node) > 1)
)
SELECT *, 'row/' || attribute || '/' || name AS claim_id FROM told WHERE trim(said) <> ''
"""
CLAIMED = """
CREATE OR REPLACE TEMP TABLE claimed_in_rows AS FROM told_in_rows t
WHERE EXISTS (FROM told_in_rows o WHERE o.subject = t.subject AND o.attribute = t.attribute AND o.sensitivity = t.sensitivity AND o.node <> t.node)
  AND NOT EXISTS (FROM claim c WHERE c.node = t.node AND c.dataset = t.name AND c.attribute = t.attribute)
  AND NOT EXISTS (FROM claim c WHERE c.node = t.node AND c.claim_id = t.claim_id);
INSERT INTO claim BY NAME
SELECT node, sensitivity, as_of, origin, claim_id, name AS dataset, attribute, said AS claimed_value, node AS claimant FROM claimed_in_rows;
INSERT INTO claim_of_row SELECT node, claim_id FROM claimed_in_rows;
DROP TABLE claimed_in_rows;
DROP TABLE told_in_rows;
"""


def take_back(connection: "duckdb.DuckDBPyConnection") -> None:
    """Leave only the claims that documents state."""
    connection.execute(TABLES)
    connection.execute("DELETE FROM claim USING claim_of_row r WHERE r.node = claim.node AND r.claim_id = claim.claim_id")
    connection.execute("DELETE FROM claim_of_row")


def claim_rows(connection: "duckdb.DuckDBPyConnection", identity: Mapping[str, str]) -> None:
    """Make claims of rows that state the same attribute; ``identity`` names the dataset that a merged name is weighed as.

    A node that claims the attribute in a document has said so already.
    """
    connection.execute(TOLD, {"names": list(identity), "datasets": list(identity.values())})
    connection.execute(CLAIMED)
