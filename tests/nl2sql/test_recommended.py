"""The table of recommended models: what each needs, and that the pages say what the table says."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nl2sql.recommended import for_memory, models, named
from nl2sql.weights import is_named

PAGE = Path(__file__).parents[2] / "docs" / "gpu.md"


def test_every_model_has_a_licence_a_reason_and_a_dated_score() -> None:
    assert 4 <= len(models()) <= 6
    for model in models():
        assert is_named(model.id) and model.licence in ("Apache-2.0", "MIT")
        assert model.reason and (not model.score or (model.source and model.published))


def test_they_go_from_the_smallest_to_the_largest() -> None:
    needed = [model.memory for model in models()]
    assert needed == sorted(set(needed))
    assert needed[0] < 6.4e9 and needed[-1] < 85e9  # cards of 6 and of 80 GiB


@given(st.integers(0, 2**40))
def test_what_is_recommended_fits_and_nothing_larger_does(free: int) -> None:
    found = for_memory(free)
    fitting = [model for model in models() if model.memory <= free]
    assert found == (fitting[-1] if fitting else None)
    assert found is None or (found.weights < free and named(found.id) == found)


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for model in models():
        assert f"| `{model.id}` | {model.memory / 1e9:.1f} GB | {model.weights / 1e9:.1f} GB, {model.form} | {model.licence} | {model.score} ({model.published}) | {model.reason} |" in page, model.id
        assert model.source in page
