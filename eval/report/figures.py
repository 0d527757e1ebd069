"""The head of the page: what was run, the accuracy and what it means, and the handful of figures to look at first."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval.metrics.cases import counted
from eval.record import Manifest, Record
from eval.report import plots
from eval.report.text import count, decimal, duration, interval, number, percent, text

_COSTS = {"0": "percent, where a wrong table costs nothing", "10": "a wrong table costs ten right ones", "N": "a wrong table costs as much as all questions are worth"}


def title(manifest: Manifest) -> str:
    """Names of the suites, as a reader would list them."""
    return ", ".join(manifest.suite_names) or "no suite"


def header(manifest: Manifest) -> str:
    """Title, backend and the line that says what was run on what, without a date."""
    suites = ", ".join(text(name, 60) for name in manifest.suite_names) or "no suite"
    facts = [
        f"backend <b>{text(manifest.backend, 80)}</b>",
        f"{manifest.split} split" if manifest.split != "all" else "dev and test split",
        f"{manifest.cases:,} cases" + (f" × {manifest.repeats:,} repeats" if manifest.repeats > 1 else ""),
        f"{manifest.instances:,} seeded instances",
        f"scorer {text(manifest.scorer, 40)}",
        f"seed {manifest.seed}",
    ]
    if manifest.filters:
        facts.append("only " + ", ".join(text(f, 60) for f in manifest.filters[:8]))
    if manifest.limit is not None:
        facts.append(f"first {manifest.limit:,} cases")
    if manifest.always_answer:
        facts.append("always answers, whatever its confidence")
    if manifest.own_catalog is not None:
        facts.append("on a catalog of its own")
    hashes = [("model", manifest.model_sha256), ("catalog", manifest.catalog_sha256), ("policy", manifest.policy_version), ("steward", manifest.steward)]
    line = " · ".join(f"{name} <code>{text(value[:12])}</code>" for name, value in hashes if value)
    return f'<header><p class="kicker">Steward evaluation</p><h1>{suites}</h1><p class="facts">{" · ".join(facts)}</p><p class="facts">{line}</p></header>'


def lead(summary: Mapping[str, Any]) -> str:
    """Accuracy with its interval, the one-instance accuracy beside it, and a sentence on each."""
    accuracy, single = number(summary.get("accuracy")), number(summary.get("one_instance_accuracy"))
    low, high = number(summary.get("low")), number(summary.get("high"))
    span = "" if low == high else interval(low, high)
    beside = key = ""
    if single is not None:
        flattered = f"On the demo catalog alone: {100 * (single - accuracy):.1f} points of it are right by luck." if accuracy is not None and single > accuracy else ""
        more = flattered or "On the demo catalog alone, where wrong SQL can be right by luck."
        beside = f'<p class="beside"><b>{percent(single)}</b> one-instance accuracy. {more}</p>'
        key = '<span><svg class="mark" aria-hidden="true"><path class="diamond" d="M8 2 L14 8 L8 14 L2 8 Z"/></svg>one-instance accuracy</span>'
    return (
        '<section id="overview" aria-labelledby="overview-h"><h2 id="overview-h" class="quiet">Accuracy</h2><div class="lead">'
        f'<p class="big">{_large(accuracy)}<span>{span}</span></p><p class="said">{_meaning(summary, span)}</p>{beside}</div>'
        + plots.headline(accuracy, low, high, single)
        + '<p class="key"><span><svg class="mark" aria-hidden="true"><circle class="dot" cx="8" cy="8" r="5"/></svg>accuracy'
        f"{' and its 95% interval' if span else ''}</span> {key}</p></section>"
    )


def strip(summary: Mapping[str, Any], records: Sequence[Record]) -> str:
    """Answerable accuracy, precision at coverage, wrong tables, false permits, time."""
    answerable, selective = part(summary, "answerable"), part(summary, "selective")
    access, warm = part(summary, "access"), part(part(summary, "latency"), "warm")
    shown = [record for record in counted(records) if record.got == "answer"]
    wrong = sum(not record.right for record in shown)
    bound = percent(access.get("bound"))
    figures = (
        (
            "Answerable accuracy",
            percent(answerable.get("accuracy")),
            _joined(f"{count(answerable.get('right'))} of {count(answerable.get('n'))}", interval(answerable.get("low"), answerable.get("high"), 0)),
        ),
        ("Precision", percent(selective.get("precision")), f"of tables are right, at {percent(selective.get('coverage'), 0)} coverage"),
        ("Wrong tables shown", count(wrong), f"of {count(len(shown))} tables"),
        ("False permits", count(access.get("false_permits")), f"of {count(access.get('judged'))} judged; true rate below {bound}"),
        ("Half answered within", duration(warm.get("p50")), f"95% within {duration(warm.get('p95'))}, warm"),
    )
    return '<dl class="strip">' + "".join(f"<div><dt>{name}</dt><dd><b>{value}</b><span>{more}</span></dd></div>" for name, value, more in figures) + "</dl>"


def further(summary: Mapping[str, Any]) -> str:
    """Reliability scores, repeats, paraphrases and tokens: what a reader may look up."""
    rs, passes = part(part(summary, "selective"), "rs"), part(summary, "pass_at")
    repeat, paraphrase, tokens = part(summary, "repeatability"), part(summary, "paraphrase"), part(summary, "tokens")
    rows = [(f"RS({text(c, 12)})", decimal(score, 1), _COSTS.get(str(c), "")) for c, score in list(rs.items())[:8]]
    if len(passes) > 1:  # one attempt alone is the accuracy again
        rows += [(f"pass@{text(k, 12)}", percent(share), f"right in one of {text(k, 12)} attempts") for k, share in list(passes.items())[:8]]
    if number(repeat.get("cases")):
        rows.append(("Repeatability", percent(repeat.get("share")), f"{count(repeat.get('agreeing'))} of {count(repeat.get('cases'))} cases alike in every repeat"))
    if number(paraphrase.get("groups")):
        rows.append(("Paraphrase agreement", percent(paraphrase.get("share")), f"{count(paraphrase.get('agreeing'))} of {count(paraphrase.get('groups'))} groups"))
    if tokens:
        rows.append(("Tokens", count(tokens.get("prompt")), f"in prompts; {count(tokens.get('completion'))} written"))
    if not rows:
        return ""
    body = "".join(f'<tr><th scope="row">{name}</th><td class="num">{value}</td><td>{more}</td></tr>' for name, value, more in rows)
    return f'<section aria-labelledby="further-h"><h2 id="further-h">Reliability and steadiness</h2><table class="plain"><tbody>{body}</tbody></table></section>'


def part(summary: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A nested mapping of a summary; empty where it is missing."""
    found = summary.get(name)
    return found if isinstance(found, Mapping) else {}


def _meaning(summary: Mapping[str, Any], span: str) -> str:
    """What the accuracy and its interval say, in two or three sentences."""
    n, infra = number(summary.get("n")), number(summary.get("infra"))
    if not n:
        return "No case was scored."
    said = f"<b>{count(summary.get('right'))} of {count(n)} cases are right</b>: the outcome is an expected one, and every table is the gold's on every instance."
    if span:
        low, high = percent(summary.get("low")), percent(summary.get("high"))
        said += f" Drawing as many cases again would put the figure between {low} and {high} in 95 of 100 draws; a smaller difference between two runs may be chance."
    else:
        said += " All cases came out alike, which leaves the bootstrap no interval to tell."
    if infra:
        said += f" {count(infra)} infrastructure {'failure is' if infra == 1 else 'failures are'} left out."
    return said


def _large(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}<small>%</small>"


def _joined(*parts: str) -> str:
    return "; ".join(p for p in parts if p)
