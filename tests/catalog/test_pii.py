"""Columns that look personal: by name, by pattern, by checksum, and what only resembles them."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.de import idnr
from stdnum.es import dni
from stdnum.iban import calc_check_digits
from stdnum.nl import bsn

from catalog.node.pii import Finding, assess, parts


def some(make: Callable[[random.Random], str], count: int = 60) -> list[str]:
    source = random.Random(7)
    return [make(source) for _ in range(count)]


def digits(source: random.Random, count: int) -> str:
    return "".join(str(source.randrange(10)) for _ in range(count))


def checked_bsn(source: random.Random) -> str:
    while True:
        if bsn.is_valid(made := digits(source, 9)):
            return made


def german_id(source: random.Random) -> str:
    while True:
        front = str(source.randrange(1, 10)) + digits(source, 9)
        for last in range(10):
            if idnr.is_valid(f"{front}{last}"):
                return f"{front}{last}"


def card(source: random.Random) -> str:
    front = "4" + digits(source, 14)
    return front + luhn.calc_check_digit(front)


def german_iban(source: random.Random) -> str:
    account = digits(source, 18)
    return f"DE{calc_check_digits('DE00' + account)}{account}"


def spanish_id(source: random.Random) -> str:
    number = digits(source, 8)
    return number + dni.calc_check_digit(number)


@pytest.mark.parametrize(
    ("column", "values", "category"),
    [
        ("contact", some(lambda r: f"a{digits(r, 4)}@example.org"), "email"),
        ("x", some(lambda r: f"+49 30 {r.randrange(2000000, 8999999)}"), "phone"),
        ("tel", some(lambda r: f"030 {r.randrange(2000000, 8999999)}"), "phone"),
        ("ref", some(checked_bsn), "national id"),
        ("ref", some(german_id), "national id"),
        ("ref", some(spanish_id), "national id"),
        ("ref", some(lambda r: f"{r.randrange(100, 665)}-{r.randrange(10, 99)}-{r.randrange(1000, 9999)}"), "national id"),
        ("ref", some(card), "financial"),
        ("ref", some(german_iban), "financial"),
        ("source", some(lambda r: ".".join(str(r.randrange(1, 255)) for _ in range(4))), "ip address"),
        ("source", some(lambda r: f"2001:db8::{r.randrange(1, 9999):x}"), "ip address"),
        ("dateOfBirth", ["1980-02-29"], "birth date"),
        ("last_name", ["Müller", "O'Neill"], "name"),
        ("home_address_1", ["Kai 1"], "address"),
        ("zip_code", ["20457"], "address"),
        ("latitude", ["53.5"], "location"),
        ("diagnosis", ["flu"], "health"),
        ("iban", ["none yet 1"], "financial"),
    ],
)
def test_what_looks_personal(column: str, values: list[str], category: str) -> None:
    found = assess(column, "d", values, "DE")
    assert found[0].category == category
    assert 0 < found[0].confidence <= 1


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("order_id", [str(100000000 + i) for i in range(300)]),
        ("epoch_ms", [str(1600000000000 + 97711 * i) for i in range(300)]),
        ("created_at", ["2024-01-01"] * 50),
        ("uuid", [f"b0b0c0de-0000-4000-8000-{i:012d}" for i in range(50)]),
        ("ref", some(lambda r: digits(r, 9), 500)),
        ("ref", some(lambda r: digits(r, 11), 500)),
        ("number", some(lambda r: "4" + digits(r, 15), 500)),
        ("product_name", ["Anchor", "Rope"]),
        ("name", ["Anchor", "Rope"]),
        ("version", ["1.2.3.4"] + ["1.2.3"] * 9),
        ("mac_address", ["00:11:22:33:44:55"]),
        ("email_verified", ["true"]),
        ("ip", ["intellectual property"]),
        ("latency", ["12.5"]),
        ("amount", ["12.50"] * 60),
        ("description", []),
    ],
)
def test_what_only_resembles(column: str, values: list[str]) -> None:
    assert assess(column, "d", values, "DE") == ()


def test_confidence_is_the_share_that_matches() -> None:
    values = [f"a{i}@example.org" if i % 4 == 0 else "none" for i in range(400)]
    assert assess("contact", "d", values) == (Finding("email", 0.25, "values"),)


def test_a_name_alone_says_less() -> None:
    assert assess("first_name", "d", ["Ada", "Bo"]) == (Finding("name", 0.6, "name"),)
    assert assess("first_name", "d", []) == (Finding("name", 0.0, "name"),)


def test_a_plain_name_is_a_persons_where_the_dataset_is_of_people() -> None:
    assert assess("name", "crm/customers", ["Ada"])[0].category == "name"
    assert assess("name", "crm/products", ["Ada"]) == ()


def test_mail_inside_prose_is_found() -> None:
    assert assess("note", "d", [f"please write to m{i}@example.org." for i in range(9)])[0].category == "email"


@pytest.mark.parametrize(("column", "expected"), [("homePhone-No", "home_phone_no"), ("a.b.ZIPCode", "zipcode"), ("E Mail", "e_mail")])
def test_parts_of_a_name(column: str, expected: str) -> None:
    assert parts(column) == expected


@given(st.text(max_size=30), st.lists(st.text(max_size=40), max_size=12), st.sampled_from([None, "DE", "US"]))
def test_any_text_is_judged_without_an_error(column: str, values: list[str], region: str | None) -> None:
    for finding in assess(column, column, values, region):
        assert 0 <= finding.confidence <= 1
        assert all(value not in finding.evidence for value in values if len(value) > 20)
