"""Documents: whatever a file or folder is, finding and parsing it ends in a value or a reason."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import BadDocument, UsageError
from catalog.ingest.documents import DEEPEST, content, find, parsed


@pytest.mark.parametrize(
    ("text", "suffix", "value"),
    [
        ('{"a": 1}', ".json", {"a": 1}),
        ('\ufeff{"a": 1}', ".json", {"a": 1}),
        ('{"a": 1}\n{"a": 2}\n\n', ".jsonl", [{"a": 1}, {"a": 2}]),
        ('{"a": 1}\n{"a": 2}', ".json", [{"a": 1}, {"a": 2}]),
        ('{"a": NaN}', ".json", {"a": None}),
        ("a: 1\nb: [x]", ".yaml", {"a": 1, "b": ["x"]}),
        ("{a: 1}", ".yaml", {"a": 1}),
        ("a: 1\n---\na: 2\n", ".yml", [{"a": 1}, {"a": 2}]),
        ("a: 1", ".txt", {"a": 1}),
        ("# Prose\n\n* that: is [not\n", ".md", None),
    ],
)
def test_text_is_a_value(text: str, suffix: str, value: Any) -> None:
    assert parsed(text.encode(), suffix) == value


@pytest.mark.parametrize(
    ("data", "suffix", "expected"),
    [
        (b"", ".json", "empty"),
        (b" \n", ".yaml", "empty"),
        (b'{"a": ', ".json", "line 1, column 7"),
        (b'{"a": 1}\n{"a": ', ".jsonl", "JSON"),
        (b"\xff\xfe{", ".json", "UTF-8"),
        (gzip.compress(b"{}", mtime=0), ".json", "unpack it first"),
        (b"PK\x03\x04", ".json", "ZIP archive: unpack"),
        ("{}".encode("utf-16"), ".json", "UTF-16: save it as UTF-8"),
        ("a: é".encode("cp1252"), ".yaml", "UTF-8 text, but byte 3 is not"),
        (b"PAR1\0\0", ".json", "binary"),
        (b"a: [1", ".yaml", "line 2"),
        (b"a: 2020-13-45", ".yaml", "YAML"),
        (b"[" * 200_000, ".json", "nested too deeply"),
        (b"[" * 200_000, ".yaml", "levels of nesting"),
        (b"- " * 200_000, ".yaml", "levels of nesting"),
        (b"{a: " * 200_000, ".yaml", "levels of nesting"),
        (b"? " * 200_000, ".yaml", "levels of nesting"),
        (b"1" * 5000, ".json", "JSON"),
        (b"a: !!python/object:os.system {}", ".yaml", "YAML"),
        (b"a: !!bool maybe", ".yaml", "this is no bool at line 1"),
        (b"a: !!int ''", ".yaml", "this is no int"),
        (b"a: 0x" + b"f" * 4000, ".yaml", "at most 1000 digits at line 1"),
        (b"a: " + b"1" * 4000, ".yaml", "at most 1000 digits"),
        (b"a: 1" + b":59" * 2000, ".yaml", "at most 1000 digits"),
        (b"a: !!float ''", ".yaml", "this is no float"),
        (b"a: !!timestamp soon", ".yaml", "this is no timestamp"),
        (b"a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b]}", ".yaml", "merge keys are not read"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_parsed_is_explained(data: bytes, suffix: str, expected: str) -> None:
    with pytest.raises(BadDocument, match=expected):
        parsed(data, suffix)


def test_nesting_below_the_limit_is_read() -> None:
    deep = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert parsed(f"a: {deep}".encode(), ".yaml") == {"a": json.loads(deep)}


@given(st.binary(max_size=200), st.sampled_from([".json", ".jsonl", ".yaml", ".txt", ""]))
def test_any_bytes_end_in_a_value_or_a_reason(data: bytes, suffix: str) -> None:
    try:
        parsed(data, suffix)
    except BadDocument as error:
        assert error.expected


def test_files_are_found_in_order_without_the_hidden(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.json", "a.json", ".git/x.json", "b/.hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}", encoding="utf-8")
    found = [str(path.relative_to(tmp_path)) for path, wrong in find([tmp_path, tmp_path / "a.json"]) if not wrong]
    assert found == ["a.json", "b/1.json", "b/2.json"]


def test_links_are_followed_once_and_loops_are_reported(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.json").write_text("{}", encoding="utf-8")
    (folder / "up").symlink_to(tmp_path)
    (folder / "twin.json").symlink_to(folder / "a.json")
    (folder / "self").symlink_to(folder / "self")
    (folder / "gone").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe")
    found = {path.name: wrong for path, wrong in find([tmp_path])}
    assert found["a.json"] == "" and "twin.json" not in found
    assert found["up"] == "a link into a folder above it"
    assert found["self"] == "too many levels of symbolic links"
    assert found["gone"] == "no such file or directory"
    assert found["pipe"] == "not a regular file"


def test_a_path_that_does_not_exist_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        list(find([tmp_path / "nowhere"]))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(100_000_001)
    with pytest.raises(BadDocument, match="100 MB"):
        content(huge)


def test_a_file_that_never_ends_or_begins_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "late.json"
    os.mkfifo(pipe)  # as one that took a regular file's place after it was found
    with pytest.raises(BadDocument, match="says: not a regular file"):
        content(pipe)
