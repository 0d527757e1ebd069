"""Official verdicts are matched on every pair, and a bad file says where it is bad."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import UsageError
from eval.parity import MODES, MOST_DISAGREEMENTS, check, seconds_per_mode

OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "scorer-parity" / "comparisons.jsonl.gz"


def entry(**changes: Any) -> dict[str, Any]:
    rows = {f"{side}_rows{suffix}": [[1, "a"]] for side in ("gold", "predicted") for suffix in ("", "_no_distinct")}
    verdict = {"test_suite": True, "bird_set": True, "multiset": True, "ordered": True}
    return {"db": "pets", "question_index": 3, "order_matters": False, "verdict": verdict, **rows, **changes}


def written(path: Path, *entries: Any) -> Path:
    path.write_text("".join(json.dumps(e) + "\n" for e in entries), encoding="utf-8")
    return path


@pytest.mark.skipif(not OFFICIAL.is_file(), reason="../shared/data with official verdicts is not beside this checkout")
def test_every_official_verdict_is_ours() -> None:
    parity = check(OFFICIAL)
    assert {mode: a.disagreements for mode, a in parity.modes.items()} == {mode: [] for mode in MODES}
    assert parity.total_agreement
    assert all(a.agree == a.total > 2_000 for a in parity.modes.values())


def test_disagreements_are_named_and_few(tmp_path: Path) -> None:
    wrong = entry(verdict={"ordered": False})
    parity = check(written(tmp_path / "pairs.jsonl", entry(), *[wrong] * 30))
    ordered = parity.modes["ordered"]
    assert (ordered.agree, ordered.total, len(ordered.disagreements)) == (1, 31, MOST_DISAGREEMENTS)
    first = ordered.disagreements[0]
    assert (first.line, first.db, first.question_index, first.ours, first.theirs) == (2, "pets", 3, True, False)
    assert not parity.total_agreement
    assert parity.as_dict()["modes"]["ordered"]["disagreements"][0]["line"] == 2


def test_a_rule_counts_where_it_has_a_verdict(tmp_path: Path) -> None:
    bare = {name: value for name, value in entry().items() if not name.endswith("_no_distinct") and name != "order_matters"}
    pairs = written(tmp_path / "pairs.jsonl", bare | {"verdict": {"bird_set": True, "by_a_judge": 3}})
    assert {mode: a.total for mode, a in check(pairs).modes.items()} == {"test-suite": 0, "bird-set": 1, "multiset": 0, "ordered": 0}
    assert check(pairs).total_agreement
    assert not check(written(tmp_path / "none.jsonl", entry(verdict={}))).total_agreement


def test_order_and_the_tables_without_distinct_are_for_the_test_suite(tmp_path: Path) -> None:
    rows = [[1], [2]]
    tables = {"gold_rows_no_distinct": rows, "predicted_rows_no_distinct": rows[::-1], "order_matters": True}
    assert check(written(tmp_path / "a.jsonl", entry(**tables))).modes["test-suite"].agree == 0
    assert check(written(tmp_path / "b.jsonl", entry(**tables | {"order_matters": False}))).total_agreement


def test_compressed_and_plain_files_are_read(tmp_path: Path) -> None:
    packed = tmp_path / "pairs.jsonl.gz"
    packed.write_bytes(gzip.compress((json.dumps(entry()) + "\n\n").encode()))
    assert check(packed) == check(written(tmp_path / "pairs.jsonl", entry()))
    assert set(seconds_per_mode(packed)) == set(MODES)


@pytest.mark.parametrize(("changes", "said"), [
    ({"db": 3}, "line 2, db: expected a text, found a whole number."),
    ({"question_index": True}, "line 2, question_index: expected a whole number, found true or false."),
    ({"order_matters": None}, "line 2, order_matters: expected true or false, found null."),
    ({"verdict": []}, "line 2, verdict: expected an object, found a list."),
    ({"verdict": {"multiset": 1}}, "line 2, verdict, multiset: expected true or false, found a whole number."),
    ({"gold_rows": {}}, "line 2, gold_rows: expected a list, found an object."),
    ({"predicted_rows": [[1], 2]}, "line 2, predicted_rows: row 2 is a whole number, expected a list."),
    ({"gold_rows_no_distinct": [[1], [1, 2]]}, "line 2, gold_rows_no_distinct: row 2 has 2 cells and the first row 1."),
])
def test_a_bad_field_is_named(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as bad:
        check(written(tmp_path / "pairs.jsonl", entry(), entry(**changes)))
    assert bad.value.what == f"pairs.jsonl, {said}"


@pytest.mark.parametrize("name", ["db", "question_index", "order_matters", "verdict", "gold_rows", "predicted_rows_no_distinct"])
def test_a_missing_field_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"line 1, {name}: this field is missing"):
        check(written(tmp_path / "pairs.jsonl", {k: v for k, v in entry().items() if k != name}))


@pytest.mark.parametrize(("name", "content", "said"), [
    ("a.jsonl.gz", b"{}", "not a gzip file"),
    ("a.jsonl.gz", gzip.compress(json.dumps(entry()).encode(), mtime=0)[:-12], "damaged gzip file"),
    ("a.jsonl", b"\xff\xfe{", "not UTF-8"),
    ("a.jsonl", b'{"db": ', "line 1: this is not JSON"),
    ("a.jsonl", b"[" * 100_000, "line 1: this is not JSON"),
    ("a.jsonl", b"\n[1]\n", "line 2: expected an object, found a list"),
    ("a.jsonl", b"\n", "holds no comparison"),
])
def test_a_bad_file_is_a_usage_error(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=said):
        check(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        check(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        check(tmp_path)
