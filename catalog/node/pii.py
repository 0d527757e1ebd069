"""Columns that look like personal data: from a column's name, type and a sample of its values, by pattern and checksum.

A finding is a candidate, with the share of the sampled values that match as its confidence (three fifths of it where only the
column's name speaks for the category and no check of values exists); no value leaves this module.
Checksums are python-stdnum's (IBAN: ISO 13616 mod 97; cards: Luhn, ISO/IEC 7812; national ids by country), phone numbers are
judged by phonenumbers' metadata.
"""

import importlib
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

Matches = Callable[[str], bool]

NAMED: tuple[tuple[str, str], ...] = (
    ("email", r"e_?mails?|email_addr(ess)?"),
    ("phone", r"(tele)?phones?|mobile|msisdn|fax|cell_?phone|phone_(no|nr|num|number)|tel"),
    ("birth date", r"dob|birth_?(date|day|year)|date_of_birth|year_of_birth|born"),
    (
        "national id",
        r"ssn|social_security|national_?id|passport|nif|nie|cpf|bsn|pesel|personnummer|aadhaar|tax_?id|drivers?_?licen[cs]e|steuer_?id|nhs",
    ),
    ("ip address", r"ip|ip_?addr(ess)?|ipv[46]|client_ip|remote_addr|ip_(source|client|remote|user)"),
    ("address", r"(home|postal|street|billing|shipping|mailing)?_?address(_?line)?_?[12]?|street|zip_?code|post_?code|postal_?code|house_?(no|number)"),
    ("location", r"lat(itude)?|lon(gitude)?|lng|gps|geo_?(location|point|hash)|coordinates?"),
    ("health", r"diagnos[ei]s|icd_?(9|10|11)?(_?code)?|medication|blood_(type|group)|allerg(y|ies)|disease|symptoms?|mrn|treatment"),
    ("financial", r"iban|bic|account_(no|nr|num|number)|bank_account|card_(no|nr|num|number)|credit_?card|cc_?(no|num|number)|pan|salary|wage|income"),
    (
        "name",
        r"(first|last|middle|given|family|full|maiden|sur|fore|nick)_?names?|surname|user_?name|"
        r"(customer|client|patient|employee|person|contact|member|student|passenger|author|holder)_?name",
    ),
)
"""What a column may be called, in parts divided by underscores, for it to be of a category."""
PEOPLE = re.compile(r"(customer|client|patient|employee|person|people|contact|member|student|passenger|user|staff|citizen|subscriber)s?")
"""A dataset of these has persons in a column that is called no more than ``name``."""

OTHER_ADDRESS = re.compile(r"(?:^|_)(mac|web|url|wallet|contract|memory|bus|eth|token)_")

EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w-])", re.ASCII)
PERSON = re.compile(r"[^\W\d_][^\d_@/\\<>{}=]{0,59}")
CARD = re.compile(r"(?:4|5[1-5]|2[2-7]|3[47]|6(?:011|5|4[4-9]))\d{11,17}", re.ASCII)
"""First digits of Visa, Mastercard, American Express and Discover."""
WGS84 = {"lat": 90.0, "lon": 180.0}

NATIONAL: tuple[tuple[str, str], ...] = (
    ("us.ssn", r"\d{3}-\d{2}-\d{4}"),
    ("nl.bsn", r"\d{9}"), ("de.idnr", r"\d{2} ?\d{3} ?\d{3} ?\d{3}"), ("es.dni", r"\d{8}-?[A-Z]"), ("es.nie", r"[XYZ]-?\d{7}-?[A-Z]"),
    ("it.codicefiscale", r"[A-Z]{6}[0-9A-Z]{2}[A-Z][0-9A-Z]{2}[A-Z][0-9A-Z]{3}[A-Z]"), ("fr.nir", r"[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}"),
    ("gb.nhs", r"\d{3}[- ]?\d{3}[- ]?\d{4}"), ("pl.pesel", r"\d{11}"), ("be.nn", r"\d{2}\.?\d{2}\.?\d{2}-?\d{3}[.-]?\d{2}"),
    ("br.cpf", r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}"), ("se.personnummer", r"(?:\d{2})?\d{6}[-+]?\d{4}"), ("dk.cpr", r"\d{6}-?\d{4}"),
    ("fi.hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]"), ("no.fodselsnummer", r"\d{6} ?\d{5}"), ("ch.ssn", r"756\.?\d{4}\.?\d{4}\.?\d{2}"),
    ("in_.aadhaar", r"\d{4}[ -]?\d{4}[ -]?\d{4}"), ("cn.ric", r"\d{17}[\dX]"), ("kr.rrn", r"\d{6}-?\d{7}"), ("tr.tckimlik", r"\d{11}"),
    ("ca.sin", r"\d{3}[- ]?\d{3}[- ]?\d{3}"), ("za.idnr", r"\d{13}"), ("ro.cnp", r"\d{13}"), ("bg.egn", r"\d{10}"),
    ("cz.rc", r"\d{6}/?\d{3,4}"), ("hr.oib", r"\d{11}"), ("ee.ik", r"[1-8]\d{10}"), ("mx.curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d"),
    ("cl.rut", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dK]"), ("ie.pps", r"\d{7}[A-W][A-IW]?"), ("il.idnr", r"\d{9}"), ("gr.amka", r"\d{11}"),
)  # fmt: skip
"""Modules of stdnum for identity numbers of persons, each with the shape in which they are written."""

FEWEST = 5
"""Values that must match before values alone make a candidate."""
BY_NAME = 0.6
"""Weight of a column's name alone."""
FIRST_LOOK = 100
"""Sampled values that decide whether a costly check goes on to the rest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A category of ``columns.pii_category``, the share of sampled values that match, and what spoke for it."""

    category: str
    confidence: float
    evidence: str
    """"values", "name", or "name and values"; a checked identity number is named: "values (nl.bsn)"."""


@dataclass(frozen=True, slots=True)
class _Check:
    """How values of a category are told, and which share of them is enough without and with a fitting column name."""

    category: str
    matches: Matches
    alone: float
    named: float
    source: str = ""


def assess(column: str, dataset: str, values: Sequence[str], region: str | None = None) -> tuple[Finding, ...]:
    """Candidates for a column, the most confident first; ``region`` is where phone numbers without a country are dialled.

    ``values`` are sampled texts; a number's or a date's is the text of it. An empty sample is judged by the name alone, with
    a confidence of 0.
    """
    named = _named(column, dataset)
    kept = [text for value in values if (text := value.strip())]
    found: dict[str, Finding] = {}
    for check in _checks(region):
        hinted = check.category == named
        share = _share(check.matches, kept, check.named if hinted else check.alone)
        enough = share >= check.named if hinted else share >= check.alone and share * len(kept) >= FEWEST
        if kept and enough and (check.category not in found or share > found[check.category].confidence):
            source = f" ({check.source})" if check.source else ""
            found[check.category] = Finding(check.category, round(share, 3), ("name and " if hinted else "") + "values" + source)
    if named and named not in found:
        share = _share(_plausible(named, column), kept, 0.0) if kept else 0.0
        if share >= 0.5 or not kept:
            found[named] = Finding(named, round(BY_NAME * share, 3), "name")
    if "phone" in found and any(other in found for other in ("national id", "financial")):
        del found["phone"]  # digits with a checksum are no number to dial
    return tuple(sorted(found.values(), key=lambda f: (-f.confidence, f.category)))


def parts(column: str) -> str:
    """A column's name in parts: ``homePhone-No`` → ``home_phone_no``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.rsplit(".", 1)[-1])
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _named(column: str, dataset: str) -> str | None:
    name = parts(column)
    for category, pattern in NAMED:
        if re.search(rf"(?:^|_)(?:{pattern})(?:_\d+)?$", name) or (re.search(rf"^(?:{pattern})(?:_|$)", name) and category not in ("name", "location")):
            return None if category == "address" and OTHER_ADDRESS.search(name) else category
    people = PEOPLE.fullmatch(parts(dataset.rsplit("/", 1)[-1]).split("_")[-1])
    return "name" if name == "name" and people else None


def _share(matches: Matches, values: Sequence[str], enough: float) -> float:
    """Share of the values that match; a first look that shows far too few is not followed by a second."""
    if not values:
        return 0.0
    first = sum(map(matches, values[:FIRST_LOOK]))
    if len(values) <= FIRST_LOOK or first < FIRST_LOOK * enough / 3 or (first == 0 and enough):
        return first / min(len(values), FIRST_LOOK)
    return (first + sum(map(matches, values[FIRST_LOOK:]))) / len(values)


@cache
def _checks(region: str | None) -> tuple[_Check, ...]:
    return (
        _Check("email", lambda text: EMAIL.search(text) is not None, 0.02, 0.02),
        _Check("phone", lambda text: _is_phone(text, region), 0.3, 0.1),
        _Check("ip address", _is_ip, 0.5, 0.1),
        _Check("financial", _is_iban, 0.05, 0.02, "iban"),
        _Check("financial", _is_card, 0.5, 0.1, "card"),
        *(_Check("national id", _identity(module, shape), 0.8, 0.3, module.replace("_", "")) for module, shape in NATIONAL),
    )


def _is_phone(text: str, region: str | None) -> bool:
    """A number that can be dialled: with ``+`` and country, or written as one in the node's own region; never bare digits."""
    if not re.fullmatch(r"\+?[\d ().\-/]{7,24}", text, re.ASCII) or not (text.startswith("+") or (region and re.search(r"[\s()\-/]|^0", text))):
        return False
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}", text):
        return False
    import phonenumbers  # 0.07 s, only where something looks like a number to dial

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, None if text.startswith("+") else region))
    except phonenumbers.NumberParseException:
        return False


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == 6 or int(address) >> 24 > 0


def _is_iban(text: str) -> bool:
    from stdnum import iban

    return re.fullmatch(r"[A-Z]{2}\d{2}[ ]?[0-9A-Z ]{11,40}", text) is not None and bool(iban.is_valid(text))


def _is_card(text: str) -> bool:
    from stdnum import luhn

    digits = re.sub(r"[ -]", "", text)
    return CARD.fullmatch(digits) is not None and bool(luhn.is_valid(digits))


def _identity(module: str, shape: str) -> Matches:
    pattern = re.compile(shape, re.ASCII)

    def matches(text: str) -> bool:
        if not pattern.fullmatch(text):
            return False
        return bool(importlib.import_module(f"stdnum.{module}").is_valid(text))

    return matches


def _plausible(category: str, column: str) -> Matches:
    """Whether a value could be what the column's name says, for categories that no checksum tells."""
    match category:
        case "birth date":
            return _is_birth
        case "location":
            bound = WGS84["lat" if parts(column).rsplit("_", 1)[-1].startswith("lat") else "lon"]
            return lambda text: _is_within(text, bound)
        case "name":
            return lambda text: PERSON.fullmatch(text) is not None
        case "financial":
            return lambda text: re.search(r"\d", text) is not None
        case "phone":
            return lambda text: len(re.findall(r"\d", text)) >= 6 and re.search(r"[^\W\d_]{3}", text) is None
        case "ip address" | "email":
            return lambda text: False
    return lambda text: True


def _is_birth(text: str) -> bool:
    """A date or year from 1900 up to today."""
    found = re.search(r"(?<!\d)(1[89]\d\d|20\d\d)(?!\d)|^\d{1,2}[./-]\d{1,2}[./-](\d\d)$", text)
    return found is not None and (not found[1] or 1900 <= int(found[1]) <= date.today().year)


def _is_within(text: str, bound: float) -> bool:
    try:
        return abs(float(text.split(",")[0].strip(" ([{"))) <= bound
    except ValueError:
        return False
