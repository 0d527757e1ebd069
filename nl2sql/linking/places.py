"""Countries, continents and languages by the names that people have for them. Knows no catalog."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

COUNTRIES = Path(__file__).parent / "countries.toml"
CONTINENTS = Path(__file__).parent / "continents.toml"
EUROPE = ("eu", "e.u.", "european union", "europe", "european", "eea", "eu27")
LANGUAGES = ["albanian", "armenian", "belarusian", "bosnian", "bulgarian", "chinese", "croatian", "czech", "danish", "dutch", "english", "estonian", "finnish", "french", "german", "greek", "hungarian", "icelandic", "indonesian", "irish", "italian", "japanese", "korean", "latvian", "lithuanian", "macedonian", "maltese", "mongolian", "norwegian", "polish", "portuguese", "romanian", "russian", "serbian", "slovak", "slovenian", "spanish", "swedish", "thai", "turkish", "ukrainian", "vietnamese"]
"""Adjectives of countries that name a language too, whether or not the catalog holds any text in it."""
ADJECTIVES = {"african": "africa", "asian": "asia"}


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """ISO code to names and adjectives."""
    return {code: tuple(names) for code, names in tomllib.loads(COUNTRIES.read_text(encoding="utf-8")).items()}


@cache
def continents() -> Mapping[str, tuple[str, ...]]:
    """Names and adjectives of parts of the world to the ISO codes of the countries in them."""
    parts = tomllib.loads(CONTINENTS.read_text(encoding="utf-8")).values()
    return {name: tuple(part["countries"].split()) for part in parts for name in part["names"]}
