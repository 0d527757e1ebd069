"""Puts the page together: a content security policy that allows the page's own style sheet and nothing else, then the sections in order."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from eval.record import Manifest, Record
from eval.report import cards, figures, tables
from eval.report.text import plain, text
from eval.report.words import GLOSSARY

_SECTIONS = (
    ("overview", "Accuracy"),
    ("slices", "Slices"),
    ("confidence", "Confidence"),
    ("time", "Time"),
    ("outcomes", "Outcomes"),
    ("permissions", "Permissions"),
    ("failures", "Failures"),
    ("contrast", "Against another run"),
    ("right", "Right"),
    ("glossary", "Glossary"),
    ("manifest", "Manifest"),
)


def html(summary: Mapping[str, Any], records: Sequence[Record], manifest: Manifest, contrast: Mapping[str, Any] | None = None) -> str:
    """The report of a run as one HTML document of UTF-8 text; the same input gives the same bytes.

    ``summary`` is ``Summary.as_dict()``; parts that are missing are left out. ``contrast`` compares it with another run.
    """
    body = [
        figures.lead(summary),
        figures.strip(summary, records),
        tables.slices(summary),
        tables.confidence(summary),
        tables.latency(summary, records),
        tables.confusion(summary),
        tables.permissions(summary),
        figures.further(summary),
        cards.failures(records),
        cards.contrast(contrast),
        cards.right(records),
        _glossary(),
        _manifest(manifest),
    ]
    main = "".join(body)
    style = files("eval.report").joinpath("style.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    links = "".join(f'<li><a href="#{name}">{label}</a></li>' for name, label in _SECTIONS if f'id="{name}"' in main)
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><title>Steward evaluation: {plain(figures.title(manifest))}</title>'
        f"<style>{style}</style></head>\n<body>{figures.header(manifest)}"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav><main>{main}</main></body></html>\n'
    )


def _glossary() -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{meaning} <cite>{source}</cite></dd>" for name, meaning, source in GLOSSARY)
    return f'<section id="glossary" aria-labelledby="glossary-h"><h2 id="glossary-h">Glossary</h2><dl class="glossary">{rows}</dl></section>'


def _manifest(manifest: Manifest) -> str:
    rows = "".join(f'<tr><th scope="row">{text(name.replace("_", " "), 60)}</th><td>{_value(value)}</td></tr>' for name, value in manifest.model_dump().items())
    return (
        '<section id="manifest" aria-labelledby="manifest-h"><h2 id="manifest-h">Manifest</h2>'
        '<p class="said">Two runs with the same manifest ask the same things of the same things.</p>'
        f'<table class="plain manifest"><tbody>{rows}</tbody></table></section>'
    )


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "<br>".join(f"{text(name, 120)} <code>{text(digest, 120)}</code>" for name, digest in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(text(one, 120) for one in value[:50]) or "none"
    return "none" if value in (None, "") else f"<code>{text(value, 120)}</code>"
