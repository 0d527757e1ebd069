"""The hash of rows: RFC 8785's numbers, a published example by hand, and what makes another hash."""

import hashlib
import struct
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit.result_hash import number, result_hash

RFC_8785_APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

COLUMNS, TYPES = ("n", "name"), ("BIGINT", "VARCHAR")


@pytest.mark.parametrize(("bits", "text"), RFC_8785_APPENDIX_B.items())
def test_doubles_are_written_as_the_rfc_has_them(bits: str, text: str) -> None:
    assert number(struct.unpack(">d", bytes.fromhex(bits))[0]) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_back_the_same(value: float) -> None:
    assert float(number(value)) == value


def test_the_hash_is_of_text_that_anybody_can_write() -> None:
    types = ("BIGINT", "DOUBLE", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "VARCHAR[]", "DOUBLE")
    row = (1, 2.0, 'é "x"\n', True, date(2026, 1, 2), datetime(2026, 1, 2, 3), ["a", None], float("nan"))
    text = (
        '["a","b","c","d","e","f","g","h"]\n'
        '["BIGINT","DOUBLE","VARCHAR","BOOLEAN","DATE","TIMESTAMP","VARCHAR[]","DOUBLE"]\n'
        '[1,2,"é \\"x\\"\\n",true,"2026-01-02","2026-01-02T03:00:00",["a",null],"nan"]\n'
    )
    assert result_hash("abcdefgh", types, [row]) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("columns", "types", "rows"),
    [
        (("n", "Name"), TYPES, [(1, "a"), (2, None)]),
        (COLUMNS, ("BIGINT", "DATE"), [(1, "a"), (2, None)]),
        (COLUMNS, TYPES, [(2, None), (1, "a")]),
        (COLUMNS, TYPES, [(1, "a")]),
        (COLUMNS, TYPES, [(1, "a"), (2, None), (2, None)]),
        (COLUMNS, TYPES, [(1, "a"), (2, "")]),
        (COLUMNS, TYPES, [(1, "a"), (2, "null")]),
        (COLUMNS, TYPES, [("1", "a"), (2, None)]),
        (COLUMNS, TYPES, [(True, "a"), (2, None)]),
        (COLUMNS, TYPES, [(1, "á"), (2, None)]),
    ],
)
def test_other_rows_have_another_hash(columns: tuple[str, ...], types: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    assert result_hash(columns, types, rows) != result_hash(COLUMNS, TYPES, [(1, "a"), (2, None)])


def test_many_rows_are_hashed_like_few() -> None:
    rows = [(i, f"name {i}") for i in range(5000)]
    lines = ['["n","name"]', '["BIGINT","VARCHAR"]', *(f'[{i},"{name}"]' for i, name in rows)]
    assert result_hash(COLUMNS, TYPES, rows) == hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def test_a_row_of_another_length_has_no_hash() -> None:
    with pytest.raises(ValueError, match="zip"):
        result_hash(COLUMNS, TYPES, [(1,)])
