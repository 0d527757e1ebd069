"""Judges what came of one question: the outcome, the rows on the demo catalog and on every seeded instance, the policy, what was shown.

Takes an `Asked`, fresh from ``ask()`` or read back from a run, so that rescoring and running are one path.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog.errors import UsageError
from eval.access import allows, classify, judge
from eval.ground import Ground
from eval.instances import Instances
from eval.instances.ties import tie_breaks
from eval.record import Cells, Got, Reason, Verdict
from eval.scorers import SCORERS, Table
from eval.scorers.distinct import without_distinct
from eval.suite import Turn
from nl2sql.turn import Answered, AskedBack, Denied, Drafted, Failed, Outcome, Refused

DECLINED: dict[str, Got] = {"out_of_scope": "refuse", "data_request": "data_request", "change_request": "change_request"}
EXIT_UNREACHABLE, EXIT_TIMEOUT = 3, 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question; ``table`` where there is one."""

    got: Got
    sql: str = ""
    table: Table | None = None
    reading: str = ""
    message: str = ""
    choices: tuple[str, ...] = ()
    stage: str = ""
    confidence: float | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> "Asked":
        """A live outcome."""
        said: dict[str, Any] = {"sql": outcome.sql, "reading": outcome.reading, "message": outcome.message, "confidence": outcome.confidence}
        match outcome:
            case Answered(result=result):
                return cls("answer", table=Table(result.columns, result.rows), **said)
            case AskedBack(choices=choices):
                return cls("ask_back", choices=choices, **said)
            case Refused(reason=reason):
                return cls(DECLINED[reason], **said)
            case Denied():
                return cls("deny", **said)
            case Failed(exit_code=code, stage=stage):
                got: Got = "infra" if code == EXIT_UNREACHABLE else "timeout" if code == EXIT_TIMEOUT else "failed"
                return cls(got, stage=stage, **said)
        raise AssertionError(f"a run executes what it asks, and gets no {Drafted.__name__}: {outcome.status}")


class Judge:
    """Compares with one named scorer; ``instances`` may be none, and then one catalog has to do."""

    def __init__(self, scorer: str = "steward", instances: Instances | None = None) -> None:
        self._scorer, self._name, self._instances = SCORERS[scorer], scorer, instances

    def judge(self, asked: Asked, turn: Turn, principal: str | None, ground: Ground) -> Verdict:
        """The verdict on one turn. Raises `UsageError` for a gold that does not run."""
        session = ground.session(principal)
        verdict = judge(asked.sql, session.authorisation) if asked.got == "answer" else None
        found = self._found(asked, turn, principal, ground)
        allowed = allows(turn.outcome, turn.gold, session.authorisation)
        refused = asked.got in ("ask_back", "refuse", "data_request", "change_request", "deny")
        access = classify(allowed, verdict, found.right, refused)
        if verdict is not None and verdict.kind == "violation":
            found = wrong("violation", f"reads {', '.join(verdict.violations)}", violations=verdict.violations)
        cells = Cells.of(asked.table.columns, asked.table.rows) if asked.table is not None else None
        return found.model_copy(update={"access": access, "result": cells})

    def _found(self, asked: Asked, turn: Turn, principal: str | None, ground: Ground) -> Verdict:
        if asked.got in ("infra", "timeout"):
            return wrong("infra" if asked.got == "infra" else "timeout", asked.message)
        shown = next((text for text in turn.never if any(text.lower() in said.lower() for said in _said(asked))), None)
        if shown is not None:
            return wrong("shown", f"shows {shown!r}")
        if asked.got == "failed":
            return wrong("rejected" if asked.stage == "guard" else "query_failed", asked.message)
        if asked.got not in turn.outcome:
            return wrong("other_outcome", f"{asked.got} where {' or '.join(turn.outcome)} is right", nearest_gold=next(iter(turn.gold), ""))
        if asked.got == "ask_back":
            missing = [wordings for wordings in turn.choices if not _offered(asked, wordings)]
            return wrong("wrong_choice", f"does not offer {missing[0][0]}") if missing else Verdict(right=True, reason="right")
        if asked.got != "answer":
            return Verdict(right=True, reason="right")
        return self._compared(asked, turn, principal, ground)

    def _compared(self, asked: Asked, turn: Turn, principal: str | None, ground: Ground) -> Verdict:
        assert asked.table is not None
        best: Verdict | None = None
        predicted = self._table(asked.sql, asked.table, principal, ground)
        for gold in turn.gold:
            wanted = ground.gold(principal, self._written(gold))
            shown = ground.gold(principal, gold)
            kept: dict[str, Any] = {"nearest_gold": gold, "gold_result": Cells.of(shown.columns, shown.rows)}
            if not self._scorer(wanted, predicted, turn.compare) and not self._but_for_ties(gold, asked.sql, turn, principal, ground):
                best = best or wrong("wrong_rows", difference(wanted, predicted), one_instance=False, **kept)
                continue
            same, scored = self._elsewhere(gold, asked.sql, turn)
            kept |= {"one_instance": True, "instances_right": same, "instances_scored": scored}
            if same == scored:
                return Verdict(right=True, reason="right", **kept)
            detail = f"the same rows here, others on {scored - same} of {scored} instances"
            if best is None or not best.one_instance:
                best = wrong("wrong_elsewhere", detail, **kept)
        assert best is not None
        return best

    def _but_for_ties(self, gold: str, sql: str, turn: Turn, principal: str | None, ground: Ground) -> bool:
        """Whether ties at a LIMIT decide what the gold gives on this catalog, and both give the same once ties are broken alike."""
        golds, answers = tie_breaks(gold, turn.compare.order), tie_breaks(sql, turn.compare.order)
        if golds is None or answers is None:
            return False
        try:
            wanted, found = ([ground.gold(principal, text) for text in texts] for texts in (golds, answers))
        except UsageError:  # what ran as it was written does not run with ties broken
            return False
        return wanted[0].rows != wanted[1].rows and any(self._scorer(*both, turn.compare) for both in zip(wanted, found, strict=True))

    def _elsewhere(self, gold: str, sql: str, turn: Turn) -> tuple[int, int]:
        """On how many seeded instances both give the same, and on how many the gold has one answer."""
        if self._instances is None:
            return 0, 0
        wanted = self._instances.tables(self._written(gold))
        predicted = self._instances.tables(self._written(sql))
        told = [
            (w, p) for w, p, settled in zip(wanted, predicted, self._instances.determinate(gold, turn.compare.order), strict=True) if settled and w is not None
        ]
        return sum(p is not None and self._scorer(w, p, turn.compare) for w, p in told), len(told)

    def _written(self, sql: str) -> str:
        return without_distinct(sql) if self._name == "test-suite" else sql

    def _table(self, sql: str, table: Table, principal: str | None, ground: Ground) -> Table:
        """What was answered, or under the test-suite rule what the same SQL gives without DISTINCT."""
        return ground.gold(principal, self._written(sql)) if self._name == "test-suite" else table


def _offered(asked: Asked, wordings: tuple[str, ...]) -> bool:
    said = " ".join((asked.message, *asked.choices)).lower()
    return any(wording.lower() in said for wording in wordings)


def _said(asked: Asked) -> Iterator[str]:
    yield from (asked.message, asked.reading, asked.sql, *asked.choices)
    if asked.table is not None:
        yield from asked.table.columns
        yield from (str(cell) for row in asked.table.rows for cell in row)


def wrong(reason: Reason, detail: str, **more: Any) -> Verdict:
    """Why an answer is not right."""
    return Verdict(right=False, reason=reason, detail=detail, **more)


def difference(gold: Table, predicted: Table) -> str:
    """How a result differs from a gold's, in words."""
    if len(predicted.columns) < len(gold.columns):
        return f"{len(predicted.columns)} columns where the gold has {len(gold.columns)}"
    if len(predicted.rows) != len(gold.rows):
        return f"{len(predicted.rows)} rows where the gold has {len(gold.rows)}"
    return "as many rows, with other values"
