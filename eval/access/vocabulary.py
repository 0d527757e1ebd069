"""The positive list of SQL that can be analysed: kinds of nodes in sqlglot's tree, functions and types that read nothing by themselves.

Data only; ``reads`` walks by it. What is not named here makes a statement unclear.
"""

CLAUSES = """Where Group Cube Rollup GroupingSets Having Qualify Order Ordered Limit Offset Distinct Window WindowSpec
Filter IgnoreNulls RespectNulls WithinGroup Alias Paren Tuple Literal Boolean Null Interval Var Identifier IntervalSpan"""
OPERATORS = """And Or Not EQ NEQ GT GTE LT LTE Is NullSafeEQ NullSafeNEQ Like ILike Glob Escape Between In Exists Any Add
Sub Mul Div IntDiv Mod Pow Neg DPipe Case If Coalesce Cast TryCast Array Bracket Slice SimilarTo Cardinality"""
FUNCTIONS = """Abs AnyValue ApproxDistinct ApproxQuantile ArgMax ArgMin ArrayAgg ArrayConcat ArrayContains ArrayContainsAll
ArrayDistinct ArrayMax ArrayMin ArrayOverlaps ArrayPosition ArrayReverse ArraySize ArraySlice ArraySort ArrayToString Ascii
Avg Cbrt Ceil Concat ConcatWs Contains Corr Count CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentTimestamp DateAdd
DateBin DateDiff DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname DenseRank EndsWith Exp Explode
Extract First FirstValue Floor Greatest GroupConcat Hour JarowinklerSimilarity Lag Last LastDay LastValue Lead Least Left
Length Ln Log LogicalAnd LogicalOr Lower MD5 Max Median Min Minute Mode Month Monthname NthValue Ntile Nullif PercentRank
PercentileCont PercentileDisc Quantile Quarter Rank RegexpExtract RegexpFullMatch RegexpLike RegexpReplace RegrSlope
Replace Reverse Right Round RowNumber SHA2 Second Sign Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp
StrPosition StrToTime Substring Sum TimeToStr TimeToUnix TimestampTrunc ToDays Trim Trunc TsOrDsAdd TsOrDsDiff Upper
Variance VariancePop Week WeekOfYear Year"""
NODES = frozenset(" ".join((CLAUSES, OPERATORS, FUNCTIONS)).split())
"""Kinds of nodes that read nothing besides what stands in them."""

CALLED_NAMES = """age arbitrary array_extract array_has_any array_reverse_sort array_sort count_star date_part date_sub datepart datesub
fmod ilike_escape isoyear like_escape list_any_value list_avg list_count list_element list_extract list_first list_has_all
list_indexof list_last list_pack list_position list_reverse list_reverse_sort list_slice list_sort list_sum list_unique
mean not_ilike_escape not_like_escape now prefix rank_dense strip_accents strlen suffix to_hours to_minutes to_months
to_quarters to_seconds to_weeks to_years try_strptime yearweek"""
CALLED = frozenset(CALLED_NAMES.split())
"""Functions that sqlglot has no node of its own for, and that read their arguments only."""

TYPE_NAMES = """TEXT VARCHAR CHAR BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT UINT128 FLOAT DOUBLE
DECIMAL DATE TIME TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ INTERVAL LIST ARRAY"""
TYPES = frozenset(TYPE_NAMES.split())
"""A cast to another type may look a name up in the engine's catalog: ``'grants'::REGCLASS``."""

PART_NAMES = """
Select: with_ kind distinct expressions from_ joins where group having qualify windows order limit offset
SetOperation: with_ this expression distinct by_name order limit offset
Subquery: with_ this alias order limit offset
Table: this alias joins
Lateral: this alias
Unnest: expressions alias
Values: expressions alias
With: expressions recursive
CTE: this alias materialized
Join: this kind side on using
Star: except_
"""
PARTS = {kind: frozenset(names.split()) for kind, _, names in (line.partition(":") for line in PART_NAMES.strip().splitlines())}
"""What may hang on a node where names get their meaning."""
