"""Where weights are looked for: a folder, or a whole snapshot in Hugging Face's cache; and which models write plans."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import UsageError
from nl2sql.plan.language import END, HEADS
from nl2sql.weights import cache_folder, folder_of, is_named, is_offline, located, writes_plans

COMMIT = "0123456789" * 4


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def model_in(folder: Path, **parts: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in {"config.json": "{}", "model.safetensors": "0", **parts}.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def cached(hub: Path, name: str = "org/name", revision: str = "main", commit: str = COMMIT) -> Path:
    entry = hub / f"models--{name.replace('/', '--')}"
    (entry / "refs").mkdir(parents=True, exist_ok=True)
    (entry / "refs" / revision).write_text(f"{commit}\n", encoding="utf-8")
    return model_in(entry / "snapshots" / commit)


def test_a_folder_and_a_snapshot_are_found(hub: Path, tmp_path: Path) -> None:
    assert folder_of(str(model_in(tmp_path / "own"))) == tmp_path / "own"
    folder = cached(hub)
    assert folder_of("org/name") == folder_of("org/name", COMMIT) == folder
    assert folder_of("org/name", "v2") is None
    assert folder_of("org/other") is None
    other = cached(hub, revision="v2", commit="f" * 40)
    assert folder_of("org/name", "v2") == other


def test_what_is_loaded_here_lies_here_and_is_fetched_by_nobody(hub: Path, tmp_path: Path) -> None:
    folder = cached(hub)
    assert located("org/name") == folder
    assert located(str(folder)) == folder
    for model, said, hint in (
        ("org/other", "not on this machine", "hf download org/other"),
        (str(tmp_path / "nowhere"), "There is no model folder", "config.json"),
        (str(tmp_path), "holds no model", "safetensors"),
        ("../org/name", "There is no model folder", "config.json"),
    ):
        with pytest.raises(UsageError, match=said) as raised:
            located(model)
        assert hint in raised.value.hint


@pytest.mark.parametrize("lacking", ["config.json", "model.safetensors"])
def test_a_folder_without_its_files_is_none(hub: Path, lacking: str) -> None:
    folder = cached(hub)
    (folder / lacking).unlink()
    assert folder_of("org/name") is None


@pytest.mark.parametrize("index", ['{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}', '{"weight_map": []}', "torn", "[]"])
def test_a_download_that_broke_off_is_none(hub: Path, index: str) -> None:
    folder = cached(hub)
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    assert folder_of("org/name") is None
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model.safetensors"}}', encoding="utf-8")
    assert folder_of("org/name") == folder
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("../../blobs/none")
    assert folder_of("org/name") is None


@pytest.mark.parametrize("commit", ["../../../own", "", "f" * 41, "F" * 40, "main"])
def test_a_reference_leads_to_a_commit_and_nowhere_else(hub: Path, commit: str) -> None:
    cached(hub)
    (hub / "models--org--name" / "refs" / "main").write_text(commit, encoding="utf-8")
    assert folder_of("org/name") is None


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_or_revision_leads_out_of_the_cache(name: str, revision: str) -> None:
    if is_named(name):
        assert ".." not in name and name.count("/") <= 1 and not name.startswith(("/", ".", "-", "~")) and name.isascii()
    found = folder_of(f"{name}/..", f"../{revision}") if not Path(f"{name}/..").is_dir() else None
    assert found is None


def test_the_cache_is_where_hugging_face_has_it() -> None:
    assert cache_folder({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}) == Path("/a")
    assert cache_folder({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}) == Path("/b/hub")
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/huggingface/hub")
    assert cache_folder({}) == Path.home() / ".cache/huggingface/hub"
    assert [is_offline({"HF_HUB_OFFLINE": said}) for said in ("1", "true", "0", "")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("tokenizer", "plans"),
    [
        (json.dumps({"model": {"vocab": {END: 0, f" {HEADS[0]}": 1, "a": 2}}}), True),
        (json.dumps({"model": {"vocab": {"!": 0, '"': 1}}}), False),
        (json.dumps({"model": {"vocab": [["<unk>", 0.0]]}}), False),
        (json.dumps([1]), False),
        ("torn", False),
        ("[" * 100_000, False),
    ],
    ids=["plans", "words", "pieces", "list", "torn", "deep"],
)
def test_a_model_that_writes_plans_is_known_by_its_words(tmp_path: Path, tokenizer: str, plans: bool) -> None:
    assert writes_plans(model_in(tmp_path / "m", tokenizer__json=tokenizer)) is plans
    assert not writes_plans(tmp_path)
