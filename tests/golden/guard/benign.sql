SELECT count(*) FROM datasets
SELECT * FROM nodes
FROM datasets
TABLE models
SELECT name, owner FROM datasets WHERE licence_class = 'commercial' ORDER BY name LIMIT 10
SELECT DISTINCT domain FROM datasets WHERE domain IS NOT NULL ORDER BY 1
SELECT name, bytes / 1e9 AS gb FROM datasets WHERE bytes > 100 ORDER BY gb DESC NULLS LAST
SELECT owner, count(*) AS n, sum(row_count) AS total FROM datasets GROUP BY owner HAVING n > 1 ORDER BY n DESC, owner
SELECT owner, data_type, count(*) FROM datasets GROUP BY ALL ORDER BY ALL
SELECT domain, count(*) FILTER (WHERE pii) AS personal, round(100.0 * count(*) FILTER (WHERE pii) / count(*), 1) AS pct FROM datasets GROUP BY domain
SELECT d.name, n.country FROM datasets d JOIN nodes n ON n.node = d.node WHERE n.jurisdiction <> 'EU'
SELECT d.name, n.trust_score FROM datasets AS d LEFT JOIN nodes AS n USING (node) ORDER BY n.trust_score DESC
SELECT node, d.name, uptime FROM datasets d JOIN nodes USING (node)
SELECT node, count(name) FROM datasets RIGHT JOIN nodes USING (node) GROUP BY node ORDER BY node
SELECT node, count(*) FROM datasets FULL JOIN replicas USING (node) GROUP BY node
SELECT name FROM datasets SEMI JOIN compliance ON compliance.dataset = datasets.name AND compliance.status = 'non-compliant'
SELECT name FROM datasets ANTI JOIN replicas ON replicas.dataset = datasets.name
SELECT a.name, b.name FROM datasets a CROSS JOIN models b
SELECT a.name, b.name FROM datasets a, models b WHERE a.licence = b.licence AND a.node = b.node
SELECT name FROM datasets WHERE name IN (SELECT dataset FROM compliance WHERE regulation = 'GDPR')
SELECT name FROM datasets WHERE name NOT IN (SELECT dataset FROM replicas WHERE dataset IS NOT NULL)
SELECT name FROM datasets d WHERE EXISTS (SELECT 1 FROM claims c WHERE c.dataset = d.name AND c.disputed)
SELECT name FROM datasets d WHERE NOT EXISTS (SELECT * FROM quality_checks q WHERE q.dataset = d.name)
SELECT name, (SELECT count(*) FROM replicas r WHERE r.dataset = d.name) AS copies FROM datasets d ORDER BY copies DESC, name
SELECT name FROM datasets WHERE row_count > (SELECT avg(row_count) FROM datasets)
SELECT name FROM datasets WHERE bytes >= ALL (SELECT bytes FROM datasets WHERE bytes IS NOT NULL)
SELECT name FROM datasets WHERE bytes = ANY (SELECT max(bytes) FROM datasets GROUP BY owner)
WITH big AS (SELECT * FROM datasets WHERE bytes > 500) SELECT owner, count(*) FROM big GROUP BY owner
WITH a AS (SELECT dataset, max(measured_at) AS latest FROM quality_metrics GROUP BY dataset), b AS (SELECT * FROM a WHERE latest < TIMESTAMP '2026-11-01') SELECT d.name, b.latest FROM datasets d JOIN b ON b.dataset = d.name
WITH j AS (SELECT * FROM datasets d JOIN nodes n ON n.node = d.node) SELECT name, country, country_1, node_1 FROM j
WITH a(who, n) AS (SELECT owner, count(*) FROM datasets GROUP BY 1) SELECT who FROM a WHERE n = (SELECT max(n) FROM a)
WITH a AS MATERIALIZED (SELECT name FROM datasets) SELECT count(DISTINCT name) FROM a
SELECT * FROM (SELECT name, row_number() OVER (PARTITION BY owner ORDER BY bytes DESC) AS rank FROM datasets) WHERE rank = 1
SELECT name, owner, bytes FROM datasets QUALIFY rank() OVER (PARTITION BY owner ORDER BY bytes DESC) <= 2
SELECT name, bytes - lag(bytes, 1, 0) OVER (ORDER BY name, node) AS change FROM datasets
SELECT dataset, metric, value, avg(value) OVER (PARTITION BY dataset, metric ORDER BY measured_at ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS moving FROM quality_metrics
SELECT dataset, first_value(value IGNORE NULLS) OVER w AS f, last_value(value) OVER w AS l FROM quality_metrics WINDOW w AS (PARTITION BY dataset ORDER BY measured_at)
SELECT dataset, sum(value) OVER (ORDER BY measured_at RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND CURRENT ROW) FROM quality_metrics
SELECT owner, bytes, ntile(4) OVER (ORDER BY bytes) AS quartile, percent_rank() OVER (ORDER BY bytes) FROM datasets
SELECT date_trunc('month', market.at) AS month, sum(amount) AS revenue FROM market GROUP BY month ORDER BY month
SELECT CAST(date_trunc('week', last_updated) AS DATE) AS week, count(*) FROM datasets GROUP BY week ORDER BY week
SELECT extract(year FROM last_updated) AS y, extract('month' FROM last_updated) AS m, count(*) FROM datasets GROUP BY y, m
SELECT strftime(last_updated, '%Y-%m') AS ym, count(*) FROM datasets GROUP BY 1 ORDER BY 1
SELECT name, date_diff('day', last_updated, TIMESTAMP '2026-11-20 00:00:00') AS days FROM datasets ORDER BY days DESC
SELECT name FROM datasets WHERE last_updated < now() - INTERVAL 7 DAY
SELECT name FROM datasets WHERE last_updated >= current_date - 30 AND last_updated < today()
SELECT name FROM datasets WHERE last_updated < current_timestamp - INTERVAL '2 weeks'
SELECT name FROM datasets WHERE last_updated BETWEEN '2026-10-01' AND '2026-11-01'
SELECT policy_id FROM policies WHERE valid_to < DATE '2026-12-31' AND valid_from >= '2020-01-01'
SELECT check_id, resolved - opened AS took FROM quality_checks WHERE resolved IS NOT NULL ORDER BY took DESC
SELECT avg(epoch(resolved - opened)) / 3600 AS hours FROM quality_checks
SELECT age(resolved, opened) FROM quality_checks WHERE status = 'failed'
SELECT dataset FROM quality_checks WHERE year(opened) = 2026 AND month(opened) = 11
SELECT name FROM datasets WHERE name ILIKE '%set%' OR description LIKE '%a_b%'
SELECT name FROM datasets WHERE lower(name) LIKE 'dataset%' AND name NOT LIKE '%4' ESCAPE '!'
SELECT name FROM datasets WHERE regexp_matches(name, '^data(set)?[0-3]$')
SELECT upper(owner) || ' / ' || coalesce(domain, 'none') AS label FROM datasets
SELECT concat_ws(', ', owner, domain), length(name), substr(name, 1, 3), replace(name, 'data', 'DATA'), split_part(name, 't', 1) FROM datasets
SELECT trim(owner), left(name, 4), right(name, 2), reverse(name), position('s' IN name), starts_with(name, 'd') FROM datasets
SELECT name FROM datasets WHERE list_contains(languages, 'language1')
SELECT name FROM datasets WHERE 'language1' IN languages
SELECT name FROM datasets WHERE list_has_any(tasks, ['task1', 'task2']) AND len(languages) > 1
SELECT language, count(*) AS n FROM (SELECT unnest(languages) AS language FROM datasets) GROUP BY language ORDER BY n DESC, language
SELECT l.language, count(DISTINCT d.name) FROM datasets d, unnest(d.languages) AS l(language) GROUP BY l.language
SELECT name, languages[1], array_to_string(tasks, ', '), list_sort(languages), list_distinct(tasks) FROM datasets
SELECT owner, string_agg(name, ', ' ORDER BY name) AS names, list(DISTINCT domain) FROM datasets GROUP BY owner
SELECT owner, arg_max(name, bytes), min(bytes), max(bytes), median(bytes), quantile_cont(bytes, 0.9), stddev(bytes) FROM datasets GROUP BY owner
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY uptime DESC) FROM nodes
SELECT owner, bool_and(pii), bool_or(phi), count_if(deprecated), any_value(region) IS NULL FROM datasets GROUP BY owner
SELECT corr(row_count, bytes), avg(quality_score), mode(domain) FROM datasets
SELECT CASE WHEN pii AND phi THEN 'both' WHEN pii THEN 'pii' ELSE 'none' END AS kind, count(*) FROM datasets GROUP BY kind
SELECT CASE update_frequency WHEN 'daily' THEN 1 WHEN 'weekly' THEN 7 ELSE NULL END AS days, count(*) FROM datasets GROUP BY 1
SELECT IF(pii, 'yes', 'no'), nullif(domain, 'domain1'), greatest(row_count, 10), least(bytes, 1000.5), ifnull(owner, '-') FROM datasets
SELECT name, round(quality_score, 2), floor(quality_score * 10), abs(row_count - 5), row_count % 7, row_count // 3, quality_score ^ 2 FROM datasets
SELECT name FROM datasets WHERE pii IS TRUE AND phi IS NOT TRUE AND deprecated = false
SELECT name FROM datasets WHERE NOT pii AND (domain = 'domain1' OR domain = 'domain2') AND owner IN ('org1', 'org2', 'org3')
SELECT name FROM datasets WHERE owner IS DISTINCT FROM 'org1' AND generating_model IS NULL
SELECT name, TRY_CAST(version AS INTEGER), CAST(row_count AS VARCHAR), bytes::DOUBLE, last_updated::DATE FROM datasets
SELECT sum(CAST(claimed_value AS BIGINT)) FROM claims WHERE attribute = 'row_count'
SELECT name FROM datasets UNION SELECT name FROM models ORDER BY name
SELECT name, 'dataset' AS kind FROM datasets UNION ALL SELECT name, 'model' FROM models ORDER BY kind, name LIMIT 5
SELECT name FROM datasets EXCEPT SELECT dataset FROM replicas
SELECT node FROM nodes INTERSECT SELECT node FROM datasets
SELECT name, owner FROM datasets UNION ALL BY NAME SELECT name, task FROM models
(SELECT name FROM datasets ORDER BY bytes DESC LIMIT 3) UNION ALL (SELECT name FROM models LIMIT 1)
SELECT domain, data_type, count(*) FROM datasets GROUP BY ROLLUP (domain, data_type)
SELECT domain, data_type, count(*) FROM datasets GROUP BY GROUPING SETS ((domain), (data_type), ())
SELECT DISTINCT ON (owner) owner, name FROM datasets ORDER BY owner, bytes DESC, name
SELECT * EXCLUDE (description, content_hash) FROM datasets
SELECT d.*, m.name AS model FROM datasets d JOIN models m ON m.name = d.generating_model
SELECT c.column_name, c.pii_category FROM "columns" c WHERE c.pii_category IS NOT NULL
SELECT "columns".dataset, count(*) FROM "columns" GROUP BY 1
SELECT upstream, downstream FROM lineage WHERE depth = 1 AND NOT masking ORDER BY upstream, downstream
SELECT g.i, count(n.node) FROM range(5) g(i) LEFT JOIN node_events n ON date_part('dow', n.at) = g.i GROUP BY g.i ORDER BY g.i
SELECT day, count(e.event_id) FROM generate_series(DATE '2026-11-01', DATE '2026-11-20', INTERVAL 1 DAY) s(day) LEFT JOIN market e ON e.at::DATE = day::DATE GROUP BY day ORDER BY day
SELECT bytes AS size, size * 2 AS twice FROM datasets WHERE size > 10 ORDER BY twice
SELECT sum(bytes) AS bytes FROM datasets HAVING bytes > 1
SELECT owner AS name, count(*) FROM datasets GROUP BY owner ORDER BY name
SELECT s.name FROM (SELECT name, bytes FROM datasets) AS s(name, size) WHERE size > 3
SELECT v.k, count(*) FROM (VALUES ('public', 1), ('internal', 2)) AS v(k, level) JOIN datasets d ON d.sensitivity = v.k GROUP BY v.k
SELECT d.name, t.top FROM datasets d, LATERAL (SELECT max(q.value) AS top FROM quality_metrics q WHERE q.dataset = d.name) t
SELECT 1 + 1 AS two, 'it''s' AS quoted, 0.05, -3, NULL, TRUE
SELECT model, max(accuracy) - min(accuracy) AS gain, sum(energy_kwh) FROM training_rounds GROUP BY model ORDER BY gain DESC
SELECT t.model FROM training_rounds t WHERE t.nodes > 3 AND list_contains(t.datasets, 'dataset1')
SELECT seller, token, sum(amount) FROM market WHERE event = 'ordered' AND market.at >= '2026-11-01 00:00:00' GROUP BY seller, token
select row_count%2 as row_count, count(*) from datasets group by all
select row_count%2 as row_count, count(*) from datasets group by all having row_count=1
select row_count%2 as row_count, count(*) from datasets group by row_count
select upper(owner) as owner, count(*) from datasets group by owner having owner='ORG1'
select upper(owner) as owner, count(*) from datasets group by all having owner='ORG1'
select upper(owner) as owner, count(*) from datasets group by 1 having owner='ORG1'
select -row_count as row_count from datasets qualify row_number() over (order by row_count)<3
select -row_count as row_count from datasets where row_count > 100 order by row_count limit 2
select owner as name, name as owner from datasets order by name, owner
select count(*) as count from datasets having count > 3
select name, rank() over (order by bytes) as r from datasets qualify r < 3
select sum(bytes) s, s/2 as h from datasets
select owner, row_number() over (order by bytes) as rn, rn+1 from datasets
select node, node from nodes order by node
select distinct upper(owner) as owner from datasets order by owner
select distinct on (owner) upper(owner) as owner from datasets order by owner
