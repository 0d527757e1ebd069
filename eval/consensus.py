"""Which licences the Data Provenance files dispute, and how near machine sources come to the curated value, alone and together.

``python -m eval.consensus FOLDER [--json] [--list]``. The curated licence is only what the rest is compared with: it has no vote, and
no trust is learned from it.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from catalog.claims.consensus import NEWCOMER, Vote, decide, judgements, meaning, moved
from catalog.ingest.data_provenance import CURATOR, DataProvenance
from catalog.ingest.documents import content, parsed
from catalog.ingest.reading import Context, Document, ShortName
from catalog.storage.records import Claim

ATTRIBUTES = ("licence", "licence_class")
ROUNDS = 200
"""Most passes over all matters in which trust is learned; it settles before."""
SETTLED = 1e-6
STAKE = 1000.0
"""The same for every source: nothing here is staked."""

Decide = Callable[[dict[str, str]], str | None]
"""Values by source to the value that is held; None where nothing is."""


@dataclass(slots=True)
class Matters:
    """What is claimed, by attribute and dataset: machine sources and their values, and the curated value."""

    machine: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {name: {} for name in ATTRIBUTES})
    curated: dict[str, dict[str, str]] = field(default_factory=lambda: {name: {} for name in ATTRIBUTES})
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """How often a source, or several together, say what the curators say, where both say anything."""

    right: int
    said: int
    due: int
    """Datasets of the comparison."""

    @property
    def precision(self) -> float:
        """Right of what was said."""
        return self.right / self.said if self.said else 0.0

    @property
    def accuracy(self) -> float:
        """Right of all; to say nothing counts as wrong."""
        return self.right / self.due if self.due else 0.0


def read(folder: Path) -> Matters:
    """The claims in the summaries under a folder, by the reader that ingest uses."""
    found = Matters()
    for path in sorted(folder.glob("*.json")):
        data, _ = content(path)
        document = Document(str(path), parsed(data, ".json"))
        if not DataProvenance().detects(document):
            continue
        for record in DataProvenance().read(document, Context("eval", lambda _path, _expected: None)):
            found.entries += isinstance(record, ShortName)
            if isinstance(record, Claim) and record.claimed_value:
                if record.claimant == CURATOR:
                    found.curated[record.attribute][record.dataset] = record.claimed_value
                else:
                    found.machine[record.attribute].setdefault(record.dataset, {})[record.claimant] = record.claimed_value
    return found


def learned(attribute: str, machine: Mapping[str, Mapping[str, str]]) -> dict[str, float]:
    """Trust of each source, moved by agreement with what the others hold, over and over until it settles.

    With three sources the two others must agree with each other before the third is judged.
    """
    trust = {source: NEWCOMER for said in machine.values() for source in said}
    for _ in range(ROUNDS):
        shares: defaultdict[str, list[float]] = defaultdict(list)
        for _, said in sorted(machine.items()):
            for source, share in judgements(attribute, votes(said, trust)).items():
                shares[source].append(share)
        after = {source: moved(before, shares[source]) or before for source, before in trust.items()}
        if max((abs(after[source] - trust[source]) for source in trust), default=0.0) < SETTLED:
            break
        trust = after
    return trust


def paired(attribute: str, machine: Mapping[str, Mapping[str, str]]) -> dict[str, float]:
    """Trust of each source as its mean rate of agreement with each other source, wherever both speak.

    Matters of two sources count here, where nobody stands between them: both are judged alike by each pair.
    """
    met: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for said in machine.values():
        for one in said:
            for two in said:
                if one != two:
                    met[one, two].append(meaning(attribute, said[one]) == meaning(attribute, said[two]))
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for (one, _), agreed in met.items():
        rates[one].append(sum(agreed) / len(agreed))
    return {source: sum(found) / len(found) for source, found in rates.items()}


def votes(said: Mapping[str, str], trust: Mapping[str, float]) -> list[Vote]:
    """Each source as an operator of its own, all with one stake."""
    return [Vote(value, source, source, stake=STAKE, trust=trust[source]) for source, value in sorted(said.items())]


def score(attribute: str, matters: Matters, datasets: Sequence[str], hold: Decide) -> Score:
    """Compare what is held with what was curated, over these datasets."""
    right = said = 0
    for name in datasets:
        value = hold(matters.machine[attribute].get(name, {}))
        said += value is not None
        right += value is not None and meaning(attribute, value) == meaning(attribute, matters.curated[attribute][name])
    return Score(right, said, len(datasets))


def methods(attribute: str, matters: Matters) -> Iterator[tuple[str, Decide]]:
    """Every source alone, then ways to take them together."""
    machine = matters.machine[attribute]
    sources = sorted({source for said in machine.values() for source in said})
    for source in sources:
        yield source, lambda said, source=source: said.get(source)  # type: ignore[misc]
    equal = dict.fromkeys(sources, 1.0)
    yield "consensus, equal trust", lambda said: decide(attribute, votes(said, equal)).value
    by_others, by_pairs = learned(attribute, machine), paired(attribute, machine)
    yield "consensus, trust learned", lambda said: decide(attribute, votes(said, by_others)).value
    for title, trust in (("the most trusted that speaks, judged by the others", by_others), ("the most trusted that speaks, judged in pairs", by_pairs)):
        yield title, lambda said, trust=trust: said[max(sorted(said), key=lambda s: trust[s])] if said else None  # type: ignore[misc]


def disputed(attribute: str, matters: Matters) -> dict[str, dict[str, str]]:
    """Datasets of which the curators and the sources, or two sources, say different things."""
    found = {}
    for name in sorted({*matters.machine[attribute], *matters.curated[attribute]}):
        said = dict(matters.machine[attribute].get(name, {}))
        if name in matters.curated[attribute]:
            said[CURATOR] = matters.curated[attribute][name]
        if len({meaning(attribute, value) for value in said.values()}) > 1:
            found[name] = said
    return found


def measure(matters: Matters) -> dict[str, Any]:
    """All figures, as JSON has them."""
    told: dict[str, Any] = {"entries": matters.entries}
    for attribute in ATTRIBUTES:
        machine, curated = matters.machine[attribute], matters.curated[attribute]
        both = sorted(machine.keys() & curated.keys())
        several = [name for name in both if len(machine[name]) > 1]
        three = [name for name in both if len(machine[name]) > 2]
        split = [name for name in several if len({meaning(attribute, v) for v in machine[name].values()}) > 1]
        against = [n for n in both if any(meaning(attribute, v) != meaning(attribute, curated[n]) for v in machine[n].values())]
        scopes = {"a source and the curators": both, "two sources or more": several, "three sources": three, "sources that disagree": split}
        scopes |= {f"{source} and another speak": [n for n in several if source in machine[n]] for source in sorted({s for said in machine.values() for s in said})}
        told[attribute] = {
            "curated_and_machine": len(both),
            "contradicted": len(against),
            "disputed": disputed(attribute, matters),
            "sources_heard": dict(sorted(Counter(len(said) for said in machine.values()).items())),
            "trust_learned": {source: round(t, 3) for source, t in sorted(learned(attribute, machine).items())},
            "trust_in_pairs": {source: round(t, 3) for source, t in sorted(paired(attribute, machine).items())},
            "scores": {
                scope: {
                    title: {"right": s.right, "said": s.said, "of": s.due, "precision": round(s.precision, 4), "accuracy": round(s.accuracy, 4)}
                    for title, hold in methods(attribute, matters)
                    for s in [score(attribute, matters, names, hold)]
                }
                for scope, names in scopes.items()
            },
        }
    return told


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Every figure and every dispute as one JSON object.")
@click.option("--list", "listed", is_flag=True, help="Name every disputed licence, one JSON object a line.")
def main(folder: Path, as_json: bool, listed: bool) -> None:
    """Name the disputed licences of the Data Provenance files, and compare sources and their consensus with the curated value."""
    told = measure(read(folder))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for attribute in ATTRIBUTES:
        part = told[attribute]
        click.echo(f"{attribute}: {part['curated_and_machine']:,} datasets with a curated value and a source's, {part['contradicted']:,} contradicted, {len(part['disputed']):,} disputed")
        click.echo(f"  trust learned from the others: {part['trust_learned']}; in pairs: {part['trust_in_pairs']}")
        for scope, scores in part["scores"].items():
            click.echo(f"  {scope}")
            for title, s in scores.items():
                click.echo(f"    {title:<52} right {s['right']:>5,} of {s['said']:>5,} said ({s['precision']:.1%}), of {s['of']:>5,} in all ({s['accuracy']:.1%})")
    if listed:
        for name, said in told["licence"]["disputed"].items():
            click.echo(json.dumps({"dataset": name, "licence": said}))  # ASCII: nothing in it can speak to a terminal


if __name__ == "__main__":
    main()
