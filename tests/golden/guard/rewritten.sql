# case: star gives the columns that this person may see  # actor: analyst
SELECT * FROM nodes
-- sql: SELECT nodes.node, nodes.operator, nodes.network, nodes.country, nodes.kind, nodes.status, nodes.trust_score, nodes.encrypted_at_rest, nodes.encrypted_in_transit, nodes.last_seen, nodes.last_publish, nodes.signature_ok, nodes.uptime, nodes.jurisdiction, nodes.sensitivity, nodes.as_of, nodes.origin FROM nodes

# case: star of one relation, less some columns  # actor: analyst
SELECT r.* EXCLUDE (origin, as_of), n.country FROM replicas r JOIN nodes n ON n.node = r.node
-- sql: SELECT r.dataset, r.kind, r.last_synced, r.last_restore_test, r.restore_ok, r.integrity_ok, r.node, r.jurisdiction, r.sensitivity, n.country FROM replicas AS r JOIN nodes AS n ON n.node = r.node

# case: the same star for who may see all  # actor: everyone
SELECT * FROM nodes
-- sql: SELECT nodes.node, nodes.operator, nodes.network, nodes.country, nodes.kind, nodes.status, nodes.trust_score, nodes.stake, nodes.encrypted_at_rest, nodes.encrypted_in_transit, nodes.last_seen, nodes.last_publish, nodes.signature_ok, nodes.uptime, nodes.jurisdiction, nodes.sensitivity, nodes.as_of, nodes.origin FROM nodes

# case: FROM first  # actor: everyone
FROM replicas LIMIT 3
-- sql: SELECT replicas.dataset, replicas.kind, replicas.last_synced, replicas.last_restore_test, replicas.restore_ok, replicas.integrity_ok, replicas.node, replicas.jurisdiction, replicas.sensitivity, replicas.as_of, replicas.origin FROM replicas LIMIT 3

# case: TABLE  # actor: everyone
TABLE replicas
-- sql: SELECT replicas.dataset, replicas.kind, replicas.last_synced, replicas.last_restore_test, replicas.restore_ok, replicas.integrity_ok, replicas.node, replicas.jurisdiction, replicas.sensitivity, replicas.as_of, replicas.origin FROM replicas

# case: names are qualified and folded  # actor: analyst
SELECT Name, "OWNER" FROM Datasets AS D
-- sql: SELECT "D".name, "D".owner FROM datasets AS "D"

# case: a clock becomes a literal  # actor: analyst
SELECT name FROM datasets WHERE last_updated < now() - INTERVAL 7 DAY AND last_updated > current_date - 30
-- sql: SELECT datasets.name FROM datasets WHERE datasets.last_updated < TIMESTAMP '2026-11-20 12:00:00' - INTERVAL 7 DAY AND datasets.last_updated > DATE '2026-11-20' - 30

# case: a text beside a date becomes a date  # actor: analyst
SELECT policy_id FROM policies WHERE valid_to < '2026-12-31'
-- sql: SELECT policies.policy_id FROM policies WHERE policies.valid_to < DATE '2026-12-31'

# case: a cast that may fail becomes TRY_CAST  # actor: analyst
SELECT CAST(claimed_value AS BIGINT) FROM claims
-- sql: SELECT TRY_CAST(claims.claimed_value AS BIGINT) FROM claims

# case: a cast that cannot fail stays  # actor: analyst
SELECT row_count::DOUBLE, last_updated::DATE FROM datasets
-- sql: SELECT CAST(datasets.row_count AS DOUBLE), CAST(datasets.last_updated AS DATE) FROM datasets

# case: an alias in WHERE, GROUP BY and HAVING is written out  # actor: analyst
SELECT bytes / 1e9 AS gb, count(*) AS n FROM datasets WHERE gb > 1 GROUP BY gb HAVING n > 2 ORDER BY n DESC
-- sql: SELECT datasets.bytes / 1e+9 AS gb, count(*) AS n FROM datasets WHERE datasets.bytes / 1e+9 > 1 GROUP BY datasets.bytes / 1e+9 HAVING count(*) > 2 ORDER BY n DESC

# case: an alias in ORDER BY stays  # actor: analyst
SELECT owner AS name FROM datasets ORDER BY name
-- sql: SELECT datasets.owner AS name FROM datasets ORDER BY name

# case: USING makes one column  # actor: analyst
SELECT node, count(*) FROM datasets FULL JOIN replicas USING (node) GROUP BY node
-- sql: SELECT COALESCE(datasets.node, replicas.node) AS node, count(*) FROM datasets FULL JOIN replicas USING (node) GROUP BY COALESCE(datasets.node, replicas.node)

# case: a second column of one name in a CTE is numbered  # actor: analyst
WITH j AS (SELECT a.node, b.node FROM replicas a JOIN nodes b ON a.node = b.node) SELECT node_1 FROM j
-- sql: WITH j AS (SELECT a.node, b.node AS node_1 FROM replicas AS a JOIN nodes AS b ON a.node = b.node) SELECT j.node_1 FROM j

# case: columns of a CTE may be renamed  # actor: analyst
WITH a(x, y) AS (SELECT owner, count(*) FROM datasets GROUP BY 1) SELECT x FROM a WHERE y > 1
-- sql: WITH a(x, y) AS (SELECT datasets.owner, count(*) AS count FROM datasets GROUP BY 1) SELECT a.x FROM a WHERE a.y > 1

# case: a correlated subquery names its outer view  # actor: analyst
SELECT name FROM datasets d WHERE EXISTS (SELECT 1 FROM claims WHERE dataset = name)
-- sql: SELECT d.name FROM datasets AS d WHERE EXISTS (SELECT 1 FROM claims WHERE claims.dataset = d.name)

# case: a view called like a word of SQL is quoted  # actor: analyst
SELECT dataset FROM "columns"
-- sql: SELECT "columns".dataset FROM "columns"

# case: a simple CASE is written as a searched one  # actor: analyst
SELECT CASE owner WHEN 'a' THEN 1 END FROM datasets
-- sql: SELECT CASE WHEN datasets.owner = 'a' THEN 1 END FROM datasets

# case: precedence survives  # actor: everyone
SELECT (1 + 2) * 3 - (4 - 5), -(2 ^ 2), NOT (TRUE AND FALSE OR TRUE), 10 - (3 - 2)
-- sql: SELECT (1 + 2) * 3 - (4 - 5), -(2 ^ 2), NOT (TRUE AND FALSE OR TRUE), 10 - (3 - 2)

# case: odd names and texts survive  # actor: everyone
SELECT 'it''s; -- not a comment' AS "a ""b""", E'line\nbreak' AS "select"
-- sql: SELECT 'it''s; -- not a comment' AS "a ""b""", 'line
break' AS "select"

# case: a window keeps its frame  # actor: analyst
SELECT sum(value) OVER (PARTITION BY dataset ORDER BY measured_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM quality_metrics
-- sql: SELECT sum(quality_metrics.value) OVER (PARTITION BY quality_metrics.dataset ORDER BY quality_metrics.measured_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM quality_metrics

# case: set operations keep their grouping  # actor: everyone
SELECT node FROM nodes EXCEPT (SELECT node FROM replicas UNION ALL SELECT node FROM models) ORDER BY node LIMIT 3
-- sql: SELECT nodes.node FROM nodes EXCEPT (SELECT replicas.node FROM replicas UNION ALL SELECT models.node FROM models) ORDER BY node LIMIT 3

# case: a comment is left out  # actor: everyone
SELECT node /* ; DROP */ FROM nodes -- ; SELECT 1
-- sql: SELECT nodes.node FROM nodes
