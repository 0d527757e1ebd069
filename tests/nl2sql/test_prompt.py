"""What a causal language model is shown: the asker's scope and nothing else, values that cannot speak, a prefix that stays."""

from datetime import datetime

import pytest

from catalog.semantic import views
from nl2sql.backends.base import Context
from nl2sql.linking.mentions import Linked, Mention
from nl2sql.prompt import Target, build_prompt, defanged, full_scope, spoken, views_for
from nl2sql.values import Number, Period, Text, Value

NOW = datetime(2026, 10, 16, 12)


def linked(text: str, unit: str = "", **slots: tuple[Value, str]) -> Linked:
    bindings = {f"@{slot}": value for slot, (value, _) in slots.items()}
    mentions = {f"@{slot}": Mention(0, 0, slot[:-1], value, surface) for slot, (value, surface) in slots.items()}
    return Linked(text, bindings, mentions, unit)


def question_of(found: Linked, target: Target = "sql") -> list[str]:
    """Lines of the prompt after the schema."""
    text = build_prompt(Context(question="as typed", linked=found, now=NOW), target).text
    return text[text.index("\nNow: ") + 1 :].splitlines()


def test_a_question_is_shown_in_words_and_linked_with_its_values() -> None:
    found = linked("who owns dataset1 of country1", dataset1=(Text(("C4",)), "c4"), country1=(Text(("DE",)), "german"))
    assert question_of(found) == [
        "Now: 2026-10-16 12:00:00",
        "Question: who owns c4 of german",
        "Linked: who owns dataset1 of country1",
        "dataset1 = 'C4'",
        "country1 = 'DE'",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Text(("MIMIC-III", "MIMIC-IV")), "'MIMIC-III' or 'MIMIC-IV'"),
        (Text(("O'Brien",)), "'O''Brien'"),
        (Text(tuple(f"v{n}" for n in range(14))), " or ".join(f"'v{n}'" for n in range(12)) + " and 2 more"),
        (Text(("two\nlines <|im_end|>\x1b[31m\u202e",)), "'two lines < |im_end|>[31m'"),
        (Number(5e9, "bytes"), "5000000000 bytes"),
        (Number(0.5), "0.5"),
        (Number(90.0, "percent"), "90 percent"),
        (Period(datetime(2026, 10, 1), datetime(2026, 10, 8)), "from '2026-10-01 00:00:00' before '2026-10-08 00:00:00'"),
        (Period(None, datetime(2026, 10, 8)), "before '2026-10-08 00:00:00'"),
    ],
)
def test_a_value_is_shown_as_sql_would_write_it(value: Value, shown: str) -> None:
    assert question_of(linked("what about term1", term1=(value, "it")))[-1] == f"term1 = {shown}"


def test_a_name_that_the_catalog_does_not_hold_and_a_unit_are_said() -> None:
    found = linked("how many terabytes has dataset1", "TB")
    found.bindings["@dataset1"] = Text(("zzz",))
    found.mentions["@dataset1"] = Mention(0, 0, "dataset", Text(("zzz",)), "zzz", known=False)
    assert question_of(found)[-2:] == ["dataset1 = 'zzz' (no name that the catalog holds)", "Amounts in TB"]


@pytest.mark.parametrize("text", ["<|im_start|>system", "<s>", "</s>", "<start_of_turn>", "<<SYS>>", "[INST]", "[/INST]", "<\uff5cUser\uff5c>", "<\u200b|im_end|>"])
def test_text_of_others_spells_no_control_token(text: str) -> None:
    shown = defanged(f"before {text} after")
    assert text.replace("\u200b", "") not in shown
    assert defanged(shown) == shown


@pytest.mark.parametrize("text", ["a < 5", "x <5 and y <= 6", "<> none", "list[1]", "[a]", "größer"])
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert defanged(text) == text


@pytest.mark.parametrize("target", ["sql", "plan"])
def test_nothing_outside_the_scope_is_named(target: Target) -> None:
    scope = {name: [c for c in view.columns if (name, c) not in {("nodes", "stake"), ("market", "buyer")}] for name, view in views().items()}
    del scope["consents"]
    for text in ("stake of nodes", "who is the buyer in the market", "consents withdrawn for datasets"):
        shown = build_prompt(Context(question=text, linked=linked(text), now=NOW), target, scope).text
        schema = shown[: shown.index("\nNow: ")]
        for hidden in (", stake,", "  stake ", ", buyer,", "market.buyer", "consents:", "consents.", "pending_withdrawal"):
            assert hidden not in schema
    everything = build_prompt(Context(question="x", linked=linked("market buyers"), now=NOW), target).text
    assert all(shown in everything for shown in (", stake,", ", buyer,", "market.buyer", "consents:"))


def test_what_is_shared_does_not_depend_on_the_question() -> None:
    first, second = (build_prompt(Context(question=q, linked=linked(q), now=now), "sql") for q, now in (("who owns it", NOW), ("open alerts", datetime(2027, 1, 1))))
    assert first.shared == second.shared
    assert first.question != second.question
    assert all(f"{name}: {view.meaning}" in first.shared for name, view in views().items())
    assert first.text == f"{first.shared}\n\n{first.question}" == first.messages[0]["content"]
    assert first.plain.startswith(first.text)


@pytest.mark.parametrize(
    ("question", "view"),
    [
        ("which consents were withdrawn", "consents"),
        ("how many copies have not been synchronised", "replicas"),
        ("federated training rounds by energy", "training_rounds"),
        ("who was granted access", "grants"),
        ("failed checks by severity", "quality_checks"),
        ("is there a rule on retention that is not enforced", "policies"),
    ],
)
def test_the_views_that_the_words_call_for_are_explained(question: str, view: str) -> None:
    assert view in views_for(linked(question), full_scope())[:3]
    explained = build_prompt(Context(question=question, linked=linked(question), now=NOW)).question
    assert all(f"  {c.name} {c.type} " in explained for c in views()[view].columns.values() if c.name not in ("node", "jurisdiction", "sensitivity", "as_of", "origin"))


def test_slots_become_words_where_they_stand_alone() -> None:
    found = linked("dataset1, dataset11 and number1 gb", dataset1=(Text(("C4",)), "C4"), number1=(Number(5e9, "bytes"), "5"))
    assert spoken(found) == "C4, dataset11 and 5 gb"


def test_a_foreign_database_is_described_by_its_own_schema() -> None:
    context = Context(question="how many singers <|im_end|>", linked=linked("how many singers"), now=NOW, schema_text="CREATE TABLE singer (id BIGINT);")
    text = build_prompt(context).text
    assert "CREATE TABLE singer" in text
    assert "Question: how many singers < |im_end|>" in text
    assert "datasets" not in text
