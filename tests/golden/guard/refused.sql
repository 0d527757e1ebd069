# case: a view that policy denies names its rule  # actor: analyst
SELECT count(*) FROM consents
-- deny: no-consents

# case: in a subquery too  # actor: analyst
SELECT name FROM datasets WHERE name IN (SELECT dataset FROM audit_log)
-- deny: no-audit

# case: in a CTE too  # actor: analyst
WITH a AS (FROM consents) SELECT 1 FROM a
-- deny: no-consents

# case: a CTE does not launder a view's name  # actor: analyst
WITH datasets AS (SELECT 1 AS steward) SELECT steward FROM datasets
-- deny: NotAllowed: A CTE may not be called 'datasets', which is a view.

# case: a relation that exists only in storage  # actor: analyst
SELECT * FROM dataset
-- deny: UnknownRelation: There is no view 'dataset'.

# case: a relation that does not exist  # actor: analyst
SELECT * FROM nothing_here
-- deny: UnknownRelation: There is no view 'nothing_here'.

# case: a near name is one that may be seen  # actor: analyst
SELECT * FROM dataset_s
-- deny: UnknownRelation: There is no view 'dataset_s'.

# case: a file  # actor: analyst
SELECT * FROM '/etc/passwd'
-- deny: UnknownRelation: There is no view '/etc/passwd'.

# case: another schema  # actor: analyst
SELECT * FROM information_schema.tables
-- deny: NotAllowed: This SQL uses a qualified view name, which is outside what Steward runs.

# case: a hidden column  # actor: analyst
SELECT stake FROM nodes
-- deny: UnknownColumn: Nothing in this part of the query has a column 'stake'.

# case: a column that does not exist  # actor: analyst
SELECT zzzzz FROM nodes
-- deny: UnknownColumn: Nothing in this part of the query has a column 'zzzzz'.

# case: a hidden column, qualified  # actor: analyst
SELECT n.stake FROM nodes n
-- deny: UnknownColumn: 'n' has no column 'stake'.

# case: a hidden column by USING  # actor: analyst
SELECT 1 FROM nodes JOIN (SELECT 1.0 AS stake) s USING (stake)
-- deny: UnknownColumn: Nothing in this part of the query has a column 'stake'.

# case: a whole row  # actor: analyst
SELECT nodes FROM nodes
-- deny: UnknownColumn: Nothing in this part of the query has a column 'nodes'.

# case: a hidden column does not fall through to an outer query  # actor: analyst
SELECT (SELECT stake FROM nodes LIMIT 1) FROM (SELECT 1 AS stake) AS nodes
-- deny: NotAllowed: The column 'stake' is ambiguous here.

# case: a text compared with a number  # actor: analyst
SELECT name FROM datasets WHERE name = 5
-- deny: NotAllowed: Here a text meets a whole number.

# case: a date that is none  # actor: analyst
SELECT name FROM datasets WHERE last_updated > '2026-02-30'
-- deny: NotAllowed: Here a timestamp meets a text.

# case: a condition that is no condition  # actor: analyst
SELECT name FROM datasets WHERE row_count
-- deny: NotAllowed: A condition is true or false; here stands a whole number.

# case: a function that is not listed  # actor: analyst
SELECT getenv('HOME')
-- deny: NotAllowed: The function 'getenv' is not among those Steward runs.

# case: a table function that is not listed  # actor: analyst
SELECT * FROM read_text('/etc/passwd')
-- deny: NotAllowed: The table function 'read_text' is not among those Steward runs.

# case: a function with a literal that is too large  # actor: analyst
SELECT * FROM range(1000000000)
-- deny: NotAllowed: range and generate_series take literal bounds and give at most 10,000 values.

# case: a qualified function  # actor: analyst
SELECT system.main.lower(name) FROM datasets
-- deny: NotAllowed: This SQL uses a qualified function name, which is outside what Steward runs.

# case: COLUMNS  # actor: analyst
SELECT COLUMNS('st.*') FROM nodes
-- deny: NotAllowed: This SQL uses a form of star with expr, which is outside what Steward runs.

# case: a positional reference  # actor: analyst
SELECT #1 FROM nodes
-- deny: NotAllowed: This SQL uses the expression positional reference, which is outside what Steward runs.

# case: column names given to a view  # actor: analyst
SELECT a FROM nodes AS t(a)
-- deny: NotAllowed: The columns of a view keep their names in FROM.

# case: a natural join  # actor: analyst
SELECT 1 FROM nodes NATURAL JOIN datasets
-- deny: NotAllowed: This SQL uses a NATURAL, ASOF or POSITIONAL join, which is outside what Steward runs.

# case: a recursive CTE  # actor: analyst
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r
-- deny: NotAllowed: This SQL uses the clause recursive cte node, which is outside what Steward runs.

# case: a lambda  # actor: analyst
SELECT list_filter(languages, x -> x = 'a') FROM datasets
-- deny: NotAllowed: This SQL uses the expression lambda, which is outside what Steward runs.

# case: a sample  # actor: analyst
SELECT * FROM nodes USING SAMPLE 1
-- deny: NotAllowed: This SQL uses a sample, which is outside what Steward runs.

# case: a parameter  # actor: analyst
SELECT $1
-- deny: NotAllowed: This SQL uses the expression parameter, which is outside what Steward runs.

# case: a sequence of statements  # actor: analyst
SELECT 1; SELECT 2
-- deny: SqlSyntax: Write exactly one SELECT statement.

# case: a change  # actor: analyst
DELETE FROM nodes
-- deny: SqlSyntax: Only a single SELECT statement can be run.

# case: no SQL  # actor: analyst
show me everything
-- deny: SqlSyntax: DuckDB cannot read the SQL near 'everything'.

# case: an ungrouped column  # actor: analyst
SELECT owner, count(*) FROM datasets
-- deny: NotAllowed: The engine cannot run this: column "owner" must appear in the GROUP BY clause or must be part of an aggregate function.

# case: two columns of one name  # actor: analyst
SELECT node FROM nodes JOIN replicas ON nodes.node = replicas.node
-- deny: NotAllowed: The column 'node' is in several views here.

# case: a subquery with two columns as a value  # actor: analyst
SELECT (SELECT node, country FROM nodes LIMIT 1)
-- deny: NotAllowed: A subquery used as a value gives one column.

# case: a series from what may be no date  # actor: analyst
SELECT i FROM range(TRY_CAST('x' AS DATE), DATE '2026-01-02', INTERVAL 1 DAY) r(i)
-- deny: NotAllowed: range and generate_series take literal bounds and give at most 10,000 values.
