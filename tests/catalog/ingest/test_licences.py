"""Licences: every spelling of one is one name, prose is read for what it allows, the strictest of several decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.ingest.licences import STRICTEST, Licence, from_prose, governing, named, recognise
from catalog.semantic import views

CASES = [
    ("CC BY-NC 4.0", "CC BY-NC 4.0", "non-commercial"),
    ("cc-by-nc-sa-3.0", "CC BY-NC-SA 3.0", "non-commercial"),
    ("CC BY-SA-NC 4.0", "CC BY-NC-SA 4.0", "non-commercial"),
    ("[Creative Commons BY 4.0](https://creativecommons.org/licenses/by/4.0/)", "CC BY 4.0", "commercial"),
    ("Creative Commons Attribution 4.0 International.", "CC BY 4.0", "commercial"),
    ("Creative Commons Attribution ShareAlike licence", "CC BY-SA", "commercial"),
    ("Creative Commons Attribution 3.0 (CC-BY)", "CC BY 3.0", "commercial"),
    ("Attribution 4.0 International", "CC BY 4.0", "commercial"),
    ("https://creativecommons.org/licenses/by-nd/4.0/", "CC BY-ND 4.0", "commercial"),
    ("Access is governed by Creative Commons 0 (CC0)", "CC0 1.0", "commercial"),
    ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0 1.0", "commercial"),
    ("apache-2.0", "Apache License 2.0", "commercial"),
    ("Apache License, Version 2.0", "Apache License 2.0", "commercial"),
    ("mit", "MIT License", "commercial"),
    ("gpl-2.0", "GNU General Public License v2.0", "commercial"),
    ("GNU Lesser General Public License v3.0", "LGPL 3.0", "commercial"),
    ("odc-by", "ODC BY 1.0", "commercial"),
    ("https://opendatacommons.org/licenses/by/1-0/", "ODC BY 1.0", "commercial"),
    ("Open Database License (ODbL)", "ODbL 1.0", "commercial"),
    ("Academic Research Purposes Only", "Academic Research Purposes Only", "academic"),
    ("OpenAI", "OpenAI", "non-commercial"),
    ("Custom", "Custom", "unspecified"),
    (
        "There are no restrictions on the use of this data.",
        "There are no restrictions on the use of this data.",
        "commercial",
    ),
    ("Code is under Apache 2.0, data under CC BY-NC-SA 4.0", "CC BY-NC-SA 4.0", "non-commercial"),
    ("https://example.org/terms", "https://example.org/terms", "unspecified"),
    ("http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", "CC BY 4.0", "commercial"),
    ("http://publications.europa.eu/resource/authority/licence/CC_BYNCSA_4_0", "CC BY-NC-SA 4.0", "non-commercial"),
    ("http://publications.europa.eu/resource/authority/licence/CC0", "CC0 1.0", "commercial"),
    ("http://publications.europa.eu/resource/authority/licence/OGL_3_0", "OGL 3.0", "commercial"),
    ("http://dcat-ap.de/def/licenses/dl-by-de/2.0", "DL-DE BY 2.0", "commercial"),
    ("https://www.govdata.de/dl-de/zero-2-0", "DL-DE Zero 2.0", "commercial"),
    ("Licence Ouverte / Open Licence version 2.0", "Licence Ouverte 2.0", "commercial"),
    ("IODL 2.0", "IODL 2.0", "commercial"),
    ("http://data.norge.no/nlod/no/2.0", "NLOD 2.0", "commercial"),
]


@pytest.mark.parametrize(("text", "name", "licence_class"), CASES, ids=[text[:40] for text, *_ in CASES])
def test_text_is_recognised(text: str, name: str, licence_class: str) -> None:
    assert from_prose(text) == Licence(name, licence_class)


@pytest.mark.parametrize("text", [None, "", "  ", "Unspecified", "unknown", "other", "No License", "Varies by dataset"])
def test_nothing_said_is_no_licence(text: str | None) -> None:
    assert from_prose(text) is None


def test_a_long_text_is_cut_to_a_line() -> None:
    licence = from_prose("Please\nread " + "this " * 100)
    assert licence is not None and len(licence.name) <= 120 and "\n" not in licence.name


def test_the_strictest_governs_and_terms_of_service_come_last() -> None:
    stated = [licence for text in ("MIT License", "OpenAI", "CC BY-NC 4.0") if (licence := named(text))]
    assert governing(stated) == Licence("CC BY-NC 4.0", "non-commercial")
    many = [licence for text in ("mit", "isc", "cc0", "apache-2.0") if (licence := named(text))]
    assert governing(many) == Licence("Various", "commercial")
    assert governing([]) is None


@given(st.text())
def test_any_text_ends_in_a_class_of_the_vocabulary(text: str) -> None:
    allowed = set(views()["datasets"].columns["licence_class"].values)
    assert set(STRICTEST) == allowed
    assert {
        licence.licence_class for licence in [*recognise(text), from_prose(text), named(text)] if licence
    } <= allowed
