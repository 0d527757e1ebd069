"""Licences: one name for each, recognised in names, addresses and prose, and whether it allows commercial use.

The class says what the licence text itself allows: ``commercial`` (attribution, share-alike and no-derivatives terms
included), ``non-commercial``, ``academic`` (research or teaching only), else ``unspecified``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

STRICTEST = ("academic", "non-commercial", "unspecified", "commercial")
"""From the strictest; terms that are not known could be anything, so they are stricter than permission."""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its usual name, and its class."""

    name: str
    licence_class: str


def _known(licence_class: str, *named: tuple[str, str]) -> list[tuple[re.Pattern[str], Licence]]:
    return [(re.compile(pattern), Licence(name, licence_class)) for name, pattern in named]


KNOWN = [
    *_known(
        "commercial",
        ("CC0 1.0", r"\bcc[ -]?(0|zero)\b|publicdomain/zero|public-domain/cc0|creative commons (level |universal )?(0|zero)\b"),
        ("Apache License 2.0", r"\bapache([ -]?(license|software license))?,?[ -]?(version )?v?2|apache\.org/licenses/license-2|^apache( license)?$"),
        ("MIT License", r"^(the )?mit\b(?!.*\b(data|database|university)\b)|\bmit[ -]license\b|opensource\.org/licenses?/mit"),
        ("BSD 3-Clause License", r"\bbsd[ -]?3|\b3[ -]clause bsd|\bnew bsd"),
        ("BSD 2-Clause License", r"\bbsd[ -]?2|\b2[ -]clause bsd|simplified bsd"),
        ("AGPL 3.0", r"\bagpl|affero general public"),
        ("LGPL 2.1", r"\blgpl[ -]?v?2|lesser general public license v?2"),
        ("LGPL 3.0", r"\blgpl|lesser general public"),
        ("GNU General Public License v2.0", r"\bgpl[ -]?v?2|(?<!lesser )general public license,? ?(version )?v?2|gpl-2"),
        ("GNU General Public License v3.0", r"\bgpl\b|\bgpl[ -]?v?3|(?<!lesser )(?<!affero )general public license"),
        ("MPL 2.0", r"\bmpl[ -]?2|mozilla public license"),
        ("EPL 1.0", r"\bepl[ -]?1|eclipse public license,? ?(version |v)?1"),
        ("EPL 2.0", r"\bepl[ -]?2|eclipse public license,? ?(version |v)?2"),
        ("ISC License", r"^isc\b|\bisc license"),
        ("Artistic License 2.0", r"artistic[ -]license[ -]?2|^artistic-2"),
        ("Academic Free License v3.0", r"academic free license|^afl[ -]3"),
        ("The Unlicense", r"^(the )?unlicense"),
        ("ODbL 1.0", r"\bodbl\b|open database license|licenses/odbl"),
        ("ODC BY 1.0", r"\bodc[ -]by\b|open data commons attribution|opendatacommons\.org/licenses/by"),
        ("PDDL 1.0", r"\bpddl\b|public domain dedication and licen"),
        ("CDLA Permissive 1.0", r"cdla[ -]permissive[ -]?(v?1|license|$)|cdla\.dev/permissive-1"),
        ("CDLA Permissive 2.0", r"cdla[ -]permissive[ -]?v?2|cdla\.dev/permissive-2"),
        ("CDLA Sharing 1.0", r"cdla[ -]sharing|cdla\.dev/sharing"),
        ("C-UDA", r"\bc[ -]?uda\b|computational use of data agreement"),
        ("OGL 3.0", r"\bogl\b|open government license"),
        ("DL-DE BY 2.0", r"\bdl-(de[-/])?by-(de[-/])?2|datenlizenz deutschland.{0,20}namensnennung"),
        ("DL-DE Zero 2.0", r"\bdl-(de[-/])?zero|datenlizenz deutschland.{0,20}zero"),
        ("Licence Ouverte 2.0", r"\betalab\b|license ouverte"),
        ("IODL 2.0", r"\biodl\b|italian open data license"),
        ("NLOD 2.0", r"\bnlod\b|norwegian license for open"),
        ("BigScience OpenRAIL-M", r"openrail"),
        ("Meta Llama 3 Community License", r"llama[ -]?3(\.\d)?\b"),
        ("Llama 2", r"llama[ -]?2\b"),
        ("LMSYS-Chat-1M Dataset License", r"lmsys[ -]chat[ -]1m"),
        ("AI2 ImpACT License - Low Risk", r"ai2 impact license - low"),
        ("OANC", r"\boanc\b|open american national corpus"),
        ("All Uses-Attribution", r"all uses[ -]attribution"),
        ("Public domain", r"public[ -]domain|u\.?s\.? government works?\b"),
    ),
    *_known(
        "academic",
        ("Academic Research Purposes Only", r"academic (research )?(purposes?|use) only|research purposes only|only for (academic|research)"),
        ("Microsoft Data Licensing Agreement", r"microsoft data licen[cs]ing agreement"),
    ),
    *_known(
        "non-commercial",
        # Terms of service rather than licences: they forbid training competing models on the output.
        ("OpenAI", r"^openai( terms.*)?$"),
        ("Anthropic", r"^anthropic( terms.*)?$"),
        ("Google Cloud Translation API", r"^google cloud translation api"),
        ("Non Commercial", r"^(custom )?\(?non[ -]?commercial\)?( use)?( only)?$"),
    ),
    *_known("unspecified", ("Various", r"^(various|multiple|mixed)$"), ("Custom", r"^custom$"), ("Request Form", r"^request form$")),
]  # fmt: skip

NOTHING_SAID = frozenset(
    {"", "unspecified", "none", "unknown", "other", "undefined", "n/a", "na", "no license", "unclear", "null"}
)
CC_WORDS = (
    (r"share[ -]?alike", "sa"),
    (r"non[ -]?commercial", "nc"),
    (r"no[ -]?deriv(atives|s)?", "nd"),
    (r"attribution", "by"),
)
CC_CODE = re.compile(
    r"\bcc[ -]((?:(?:by|nc|sa|nd)\b[ -]*)+)(?:v?(\d\.\d))?|creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)"
)
CC_NAMED = re.compile(
    r"(?:creative commons(?: license)?|^(?=attribution))[ :-]*"
    r"((?:((?:\b(?:by|nc|sa|nd)\b[ -]*)+)|(?:attribution|non[ -]?commercial|share[ -]?alike|no[ -]?deriv\w*)[ -]*)*)"
)
CC_VERSION = re.compile(r"\b(\d\.\d)\b")
EU_CODE = re.compile(r"https?://publications\.europa\.eu/resource/authority/license/([a-z0-9]+(?:_[a-z]+)*)(?:_(\d)_(\d))?")
FORBIDS_COMMERCE = re.compile(r"non[ -]?commercial|not (be used )?for (any )?commercial|no commercial use")
ALLOWS_COMMERCE = re.compile(
    r"no restrictions? on|without (any )?restrictions?|used as desired|for commercial purposes\. |commercial or non|both commercial|"
    r"free to use for any purpose|for any purpose"
)
ACADEMIC_ONLY = re.compile(
    r"(academic|research|educational?)( and (academic|research|educational?))* (use|purposes?) only"
)


def recognise(text: str | None) -> tuple[Licence, ...]:
    """Every licence that a name, address or sentence states, in the order they stand in the table."""
    said = _uniform(text or "")
    found = list(dict.fromkeys(_creative_commons(said)))
    for pattern, licence in KNOWN:
        if pattern.search(said) and not (licence.name == "Public domain" and found):
            found.append(licence)
    return tuple(_without_weaker(found))


def named(text: str | None) -> Licence | None:
    """The licence that a short name states; an unknown name is a licence of unspecified class, nothing said is None."""
    line = " ".join((text or "").split())
    if _uniform(line) in NOTHING_SAID:
        return None
    found = recognise(line)
    return found[0] if len(found) == 1 else Licence(line, prose_class(line))


def governing(licences: Iterable[Licence]) -> Licence | None:
    """The licence that decides what one may do under all of them: the strictest, or 'Various' when over three tie."""
    all_of = list(dict.fromkeys(licences))
    if not all_of:
        return None
    strictest = min((licence.licence_class for licence in all_of), key=STRICTEST.index)
    tied = [licence for licence in all_of if licence.licence_class == strictest]
    if len(tied) > 3:
        return Licence("Various", strictest)
    return min(tied, key=lambda licence: licence.name in ("OpenAI", "Anthropic", "Google Cloud Translation API"))


def from_prose(text: str | None) -> Licence | None:
    """The licence that a paragraph states: the strictest one recognised in it, else its first words as they stand."""
    line = " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>", r"\1 ", text or "").split())
    if _uniform(line) in NOTHING_SAID or re.match(r"(license )?varies\b", _uniform(line)):
        return None
    if found := recognise(text):
        return governing(found)
    return Licence(line if len(line) <= 120 else f"{line[:119].rstrip()}…", prose_class(line))


def prose_class(text: str) -> str:
    """What a sentence says of commercial use; 'unspecified' when it says nothing plainly."""
    said = _uniform(text)
    if ALLOWS_COMMERCE.search(said):
        return "commercial"
    if ACADEMIC_ONLY.search(said):
        return "academic"
    return "non-commercial" if FORBIDS_COMMERCE.search(said) else "unspecified"


def _spelled_out(code: re.Match[str]) -> str:
    """A code of the EU's authority table as it is usually written: ``CC_BYNCSA_4_0`` → ``cc-by-nc-sa 4.0``."""
    words, version = code[1].replace("_", "-"), f"{code[2]}.{code[3]}" if code[2] else ""
    if words.startswith("cc-by"):
        words = "-".join(["cc", *re.findall("by|nc|sa|nd", words)])
    return f"{words} {version}".strip()


def _uniform(text: str) -> str:
    text = text.casefold().replace("licence", "license").replace("licences", "licenses")
    text = EU_CODE.sub(_spelled_out, text)
    return " ".join(re.sub(r"[‐-―]", "-", text).split())


def _creative_commons(said: str) -> Iterable[Licence]:
    spelled = False
    for match in CC_CODE.finditer(said):
        parts = set(re.findall(r"by|nc|sa|nd", match[1] or match[3] or ""))
        version = match[2] or match[4] or _version_near(said, match.start(), match.end())
        spelled = True
        yield _cc(parts, version)
    if spelled:
        return
    for match in CC_NAMED.finditer(said):
        named_so = match[1]
        parts = {code for word, code in CC_WORDS if re.search(word, named_so)}
        parts |= set(re.findall(r"by|nc|sa|nd", match[2] or ""))
        if parts:
            yield _cc(parts, _version_near(said, match.start(), match.start()))


def _version_near(said: str, start: int, end: int) -> str:
    """The version that a text states after a name, or just before it."""
    match = CC_VERSION.search(said, end, end + 90) or CC_VERSION.search(said, max(0, start - 40), start)
    return match[1] if match else ""


def _cc(parts: set[str], version: str) -> Licence:
    if not parts & {"by", "nc", "sa", "nd"}:
        parts = {"by"}
    code = "-".join(["BY", *(part.upper() for part in ("nc", "sa", "nd") if part in parts)])
    return Licence(f"CC {code} {version}".strip(), "non-commercial" if "nc" in parts else "commercial")


def _without_weaker(found: list[Licence]) -> list[Licence]:
    """Drop a name without its version beside the same with one, and the general beside the particular GNU licence."""
    names = {licence.name for licence in found}
    shadows = {"LGPL 3.0": "LGPL 2.1", "GNU General Public License v3.0": "GNU General Public License v2.0"}
    return [
        licence
        for licence in found
        if not any(name.startswith(f"{licence.name} ") for name in names) and shadows.get(licence.name) not in names
    ]
