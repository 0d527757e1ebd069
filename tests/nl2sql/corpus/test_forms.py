"""Composed questions about medians, shares, later places, durations, ages and either-or: their plans compile, and the guard approves them."""

from collections.abc import Callable
from datetime import datetime

import pytest

from nl2sql.corpus.compose import Composer
from nl2sql.corpus.form_shapes import FORM_SHAPES
from nl2sql.corpus.fragments import Fragments, Text
from nl2sql.corpus.phrases import Phrases
from nl2sql.corpus.time_shapes import BORN, SPANS, TIME_SHAPES
from nl2sql.guard import approve, schema_of
from nl2sql.plan.grammar import parse
from nl2sql.plan.language import Query, column_of, full_scope
from nl2sql.plan.sql import compile_query
from nl2sql.values import Bindings, Number, Period
from nl2sql.values import Text as Names
from tests.nl2sql.small_tables import EVERYTHING

NOW = datetime(2026, 10, 16, 12)
VALUES: Bindings = {
    slot: Number(5.0) if slot.startswith("@number") else Period(NOW, None) if slot.startswith("@period") else Names(("x",))
    for slot in full_scope().slots
}
WORDS = {
    "median": {"MEDIAN"},
    "share": {"SHARE"},
    "share_of_total": {"SHARE_OF"},
    "later_place": {"SKIP"},
    "span": {"DAYS_BETWEEN", "HOURS_BETWEEN", "AVG_DAYS", "AVG_HOURS", "MAX_DAYS", "MAX_HOURS"},
    "mean_age": {"AVG_AGE"},
    "either": {"EITHER"},
}


@pytest.mark.parametrize("shape", [shape for _, shape in (*FORM_SHAPES, *TIME_SHAPES)], ids=lambda shape: shape.__name__)
def test_composed_plans_use_the_form_and_are_approved(shape: Callable[[Fragments, str, Phrases], Text | None]) -> None:
    composer, schema = Composer(12), schema_of(EVERYTHING)
    f = composer.fragments
    seen = set()
    for _ in range(4):
        for view in composer.views:
            made = shape(f, view, f.phrases[view])
            example = f.numbered(made, "x") if made else None
            if example is None:
                continue
            query = parse(example.plan)
            assert isinstance(query, Query)
            assert WORDS[shape.__name__] & set(example.plan.split()), example
            approve(compile_query(query, VALUES, NOW), schema, NOW)
            seen.add(view)
    assert len(seen) >= 6


def test_times_that_are_measured_are_times() -> None:
    tokens = [token for span in SPANS for token in span.columns.split()] + [f"{view}.{name}" for view, name in BORN.items()]
    assert all(column_of(token).is_time for token in tokens)
