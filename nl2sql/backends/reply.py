"""Reads what a causal language model wrote as a draft: SQL, or one of the replies that the prompt names. Imports no model."""

import re
from datetime import datetime

from catalog.semantic import views
from nl2sql.backends.base import Clarify, Decline, DeclineKind, Draft, SqlDraft
from nl2sql.errors import BadPlan
from nl2sql.explain import explain_item
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import AskBack, AskWhich, Item, Query
from nl2sql.plan.language import Decline as DeclinePlan
from nl2sql.plan.sql import compile_query

DECLINED: dict[str, DeclineKind] = {"REFUSE": "out_of_scope", "DATA": "data_request", "CHANGE": "change_request"}
KIND_WORDS = {
    "org": "organisation", "group": "group of people", "run": "training run", "term": "topic", "job": "job or pipeline",
    "number": "amount (at least or at most)", "period": "period (since when, or how many days)",
}  # fmt: skip
LONGEST = 20_000
"""Characters of SQL; the guard takes no more either."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_FENCED = re.compile(r"```[a-z]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_REPLY = re.compile(r"(?:REFUSE|DATA|CHANGE|WHICH \?\w+|ASK [\w.#?@ ]+)[.\s]*")
_SQL = re.compile(r"(?:^|\n)[ \t]*((?:SELECT|WITH)\b.*)", re.DOTALL | re.IGNORECASE)
_SPACE = re.compile(r"\n[ \t]*\n")


def read_reply(text: str, now: datetime, confidence: float) -> Draft | None:
    """The draft that a model's text is, freed of thoughts, fences and talk around it; None where there is neither SQL nor a reply."""
    text = _THOUGHT.sub("", text[: 10 * LONGEST]).strip()
    if fenced := _FENCED.search(text):
        text = fenced[1].strip()
    if _REPLY.fullmatch(text):
        try:
            plan = parse(text.strip(". \n"))
            if isinstance(plan, Query):
                return None
            return asked_or_declined(plan, now, confidence)
        except BadPlan:
            return None
    found = _SQL.search(text)
    if found is None:
        return None
    sql = found[1] if fenced else _SPACE.split(found[1])[0]
    sql = sql.strip().removesuffix(";").rstrip()
    return SqlDraft(sql, "", confidence) if len(sql) <= LONGEST else None


def asked_or_declined(plan: AskBack | AskWhich | DeclinePlan, now: datetime, confidence: float) -> Clarify | Decline:
    """The draft of a plan that is no query."""
    match plan:
        case AskBack(choices):
            drafts = tuple(SqlDraft(bare(c, now), "", confidence) for c in choices)
            return Clarify("That can mean more than one thing. Which one?", tuple(_choice(c) for c in choices), confidence, drafts)
        case AskWhich(kind):
            return Clarify(f"Which {KIND_WORDS.get(kind, kind)} do you mean? Name it in the question.", (), confidence, kind=kind)
        case DeclinePlan(kind):
            return Decline(DECLINED[kind], confidence)


def bare(item: Item, now: datetime) -> str:
    """SQL that shows a choice and nothing else, for the guard to say whether the asker may see it."""
    token = item.args[0]
    return compile_query(Query(view=re.split(r"[.#]", token)[0], select=(item,)), {}, now)


def _choice(item: Item) -> str:
    """A choice in words, with the view that it is of: several have a severity or a status."""
    view, _, column = item.args[0].partition(".")
    if column:
        return f"{explain_item(item, {})} of {view.replace('_', ' ')} ({views()[view].columns[column].meaning})"
    return f"{explain_item(item, {})} ({view.partition('#')[0].replace('_', ' ')})"
