"""Kinds against the engine: what is said to be sure never fails there."""

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nl2sql.guard import kinds

TYPES = {"bool": "BOOLEAN", "whole": "INTEGER", "real": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP", "interval": "INTERVAL"}
LITERALS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"\A-?[0-9]{1,11}(\.[0-9]{1,3})?\Z"),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?)?\Z"),
    st.from_regex(r"\A-?[0-9]{1,7} (day|hour|month|year|second)s?( [0-9]{1,3} minutes)?\Z"),
    st.sampled_from(["true", "FALSE", "t", "yes", "2026-02-29", "2024-02-29", "0000-01-01", "9999-12-31 23:59:59.999999"]),
)


@given(text=LITERALS, kind=st.sampled_from(sorted(TYPES)))
@example(text="0000-01-01", kind="date")
def test_a_literal_that_fits_is_read_by_the_engine(text: str, kind: str) -> None:
    if kinds.literal_fits(text, kind):
        assert duckdb.execute(f"SELECT CAST(? AS {TYPES[kind]})", [text]).fetchone() is not None


@pytest.mark.parametrize(
    ("text", "kind"),
    [("2026-02-29", "date"), ("2026-1-5", "date"), ("2026-01-01 10:00", "date"), ("x", "whole"), ("1.5", "whole"), ("soon", "interval")],
)
def test_a_literal_that_does_not_fit(text: str, kind: str) -> None:
    assert not kinds.literal_fits(text, kind)


EXTREMES = {
    "bool": ["TRUE", "FALSE"],
    "whole": ["170141183460469231731687303715884105727::HUGEINT", "-9223372036854775808", "0"],
    "real": ["1.7e308::DOUBLE", "'nan'::DOUBLE", "'-inf'::DOUBLE", "0.1::DECIMAL(38, 37)"],
    "date": ["DATE '9999-12-31'", "DATE '0001-01-01'"],
    "timestamp": ["TIMESTAMP '9999-12-31 23:59:59'", "TIMESTAMP '0001-01-01'"],
    "null": ["NULL"],
    "interval": ["INTERVAL 99 YEARS"],
    "text": ["'\u2192'"],
}


@pytest.mark.parametrize("source", sorted(EXTREMES))
@pytest.mark.parametrize("target", ["VARCHAR", "BOOLEAN", "TINYINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP"])
def test_a_sure_cast_never_fails(source: str, target: str) -> None:
    if kinds.cast_is_sure(source, target):
        for value in EXTREMES[source]:
            assert duckdb.execute(f"SELECT CAST({value} AS {target})").fetchone() is not None


def test_kinds_that_do_not_meet() -> None:
    met = {(a, b) for a in kinds.SCALARS for b in kinds.SCALARS if a != b and kinds.unify(a, b)}
    assert met == {("whole", "real"), ("real", "whole"), ("date", "timestamp"), ("timestamp", "date")}
