"""Checks phrase files and prints composed samples: ``python -m nl2sql.corpus.check [VIEW …]``."""

import sys

from nl2sql.corpus.compose import Composer
from nl2sql.corpus.phrases import PHRASE_FILES, load_one, problems
from nl2sql.errors import BadPlan
from nl2sql.plan.grammar import parse


def main(names: list[str]) -> int:
    """Print every problem and some samples of the named files, all of them by default; 1 if there is a problem."""
    paths = sorted(PHRASE_FILES.glob("*.toml"))
    files = {path.stem: load_one(path) for path in paths}
    wanted = names or list(files)
    found = 0
    for name in wanted:
        for problem in problems(files[name]):
            print(f"{name}: {problem}")
            found += 1
    composer = Composer(1, files)
    composer.views = [v for v in composer.views if v in wanted] or composer.views
    kept = {v: (w, weight) for (v, w), weight in zip(composer.wholes.items(), composer.view_weights, strict=True) if v in wanted}
    if kept:
        composer.wholes = {v: w for v, (w, _) in kept.items()}
        composer.view_weights = [weight for _, weight in kept.values()]
    if "general" not in wanted:
        composer.general = {}
    reported: set[str] = set()
    for n in range(4000):
        example = composer.draw()
        try:
            parse(example.plan)
        except BadPlan as bad:
            if example.intent not in reported:
                print(f"{example.question!r}: {bad}")
                found += 1
            reported.add(example.intent)
            continue
        if n < 60:
            print(f"{example.question}\n    {example.plan}")
    print(f"{found} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
