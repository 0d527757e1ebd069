"""A run of a few steps learns, resumes, exports, and the export reads what torch reads. Needs the train extra."""

import json
from pathlib import Path

import numpy as np
import pytest

from catalog.errors import UsageError

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]  # torch's exporter warns about itself

STEPS = 24


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nl2sql.training.train import Recipe, train

    out = tmp_path_factory.mktemp("training")
    train(out, Recipe(steps=STEPS // 2, batch=16, warmup=4, layers=2, workers=1), every=STEPS // 2, judged=48)
    train(out, Recipe(steps=STEPS, batch=16, warmup=4, layers=2, workers=1), every=STEPS // 2, judged=48)
    return out


def test_a_run_goes_on_where_it_stopped_and_learns(trained: Path) -> None:
    log = [json.loads(line) for line in (trained / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == [STEPS // 2, STEPS]
    assert log[1]["loss"] < log[0]["loss"]


def test_the_export_reads_plans_and_agrees_with_torch(trained: Path, tmp_path: Path) -> None:
    import torch

    from nl2sql.embedded.parser import EmbeddedParser
    from nl2sql.plan.language import full_scope, vocabulary
    from nl2sql.training.export import export
    from nl2sql.training.start import load_tokenizer, new_parser

    export(trained / "checkpoint.pt", tmp_path / "plain", quantised=False)
    export(trained / "checkpoint.pt", tmp_path / "small")
    size = sum(p.stat().st_size for p in (tmp_path / "small").iterdir())
    assert size < 50_000_000
    question = "which datasets are deprecated"
    for folder in ("plain", "small"):
        parser = EmbeddedParser(tmp_path / folder)
        candidates = [c for asked in (question, "who owns what", "how many nodes are there", "failed checks") for c in parser.read(asked, full_scope(), beams=16)]
        assert candidates  # after so few steps most of what it writes makes no sense, and is left out
        assert all(0 <= c.probability <= 1 for c in candidates)
    eager = new_parser(2, load_tokenizer())
    averaged = torch.load(trained / "checkpoint.pt", weights_only=True)["average"]
    eager.load_state_dict({name.removeprefix("module."): value for name, value in averaged.items() if name.startswith("module.")})
    eager.eval()
    ids = torch.tensor([load_tokenizer().encode(question).ids])
    with torch.no_grad():
        expected = eager(ids, torch.ones_like(ids), torch.zeros((1, 1), dtype=torch.long))[0, 0].numpy()
    exported = EmbeddedParser(tmp_path / "plain")
    (memory,) = exported._reader.run(None, {"ids": ids.numpy(), "mask": np.ones_like(ids.numpy())})
    cache = np.zeros((2, 2, 1, memory.shape[3], 0, memory.shape[5]), dtype=np.float32)
    inputs = {"token": np.zeros(1, dtype=np.int64), "position": np.array([0]), "cache": cache, "memory": memory}
    logits, _ = exported._writer.run(None, inputs)
    np.testing.assert_allclose(logits[0], expected, rtol=1e-3, atol=1e-3)
    assert len(logits[0]) == len(vocabulary())


def test_exported_weights_are_what_a_new_run_goes_on_from(trained: Path, tmp_path: Path) -> None:
    import torch

    from nl2sql.plan.language import vocabulary
    from nl2sql.training.export import export
    from nl2sql.training.graphs import averaged
    from nl2sql.training.shipped import begin, exported
    from nl2sql.training.train import Recipe, train

    export(trained / "checkpoint.pt", tmp_path / "model")
    held, found = averaged(torch.load(trained / "checkpoint.pt", weights_only=True)), exported(tmp_path / "model")
    assert found.keys() == held.keys()
    for name, value in held.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=value.abs().max().item() / 100, msg=name)
    begin(tmp_path / "run", tmp_path / "model")
    begun = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert begun["step"] == 0 and tuple(begun["vocabulary"]) == vocabulary()
    train(tmp_path / "run", Recipe(steps=1, batch=4, warmup=1, layers=2), every=1, judged=8)
    ended = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert ended["step"] == 1
    for name, value in found.items():
        torch.testing.assert_close(ended["parser"][name], value, rtol=0, atol=2e-3, msg=name)


def test_weights_of_another_semantic_layer_are_where_training_starts(trained: Path) -> None:
    import torch

    from nl2sql.plan.language import vocabulary
    from nl2sql.training.start import load_tokenizer, new_parser
    from nl2sql.training.train import adopted

    weights = torch.load(trained / "checkpoint.pt", weights_only=True)["parser"]
    tokens = ["a token of that layer", *(token for token in reversed(vocabulary()) if token != "datasets.name")]
    parser = new_parser(2, load_tokenizer())
    parser.load_state_dict(adopted(parser, weights, tokens))
    place = {token: at for at, token in enumerate(tokens)}
    for at, token in enumerate(vocabulary()):
        if token in place:
            assert torch.equal(parser.embed.weight[at], weights["embed.weight"][place[token]])
    assert torch.equal(parser.norm.weight, weights["norm.weight"])


def test_what_is_read_badly_is_drawn_more_often(trained: Path, tmp_path: Path) -> None:
    import shutil

    import torch

    from nl2sql.corpus.phrases import Phrases
    from nl2sql.training.mining import LEAST, MOST, blend, heed, losses, mine
    from nl2sql.training.start import load_tokenizer, new_parser
    from nl2sql.training.train import Recipe, train

    out, other = tmp_path / "run", tmp_path / "other"
    shutil.copytree(trained, out)
    assert heed(out) == {}
    other.mkdir()
    torch.save({**torch.load(trained / "checkpoint.pt", weights_only=True), "vocabulary": ["a token of another layer"]}, other / "checkpoint.pt")
    with pytest.raises(UsageError, match="another semantic layer"):
        mine(other, 2)
    few = {"nodes": Phrases.model_validate({"whole": [{"plan": "FROM nodes WHERE nodes.country EQ @country SELECT nodes.node", "ask": ["nodes in {country}", "{country}: nodes"]}]})}
    parser = new_parser(2, load_tokenizer())
    found = losses(parser, load_tokenizer(), few)
    assert found.keys() == {"nodes in {country}", "{country}: nodes"}
    assert min(found.values()) > MOST, "an untrained parser reads nothing"
    assert mine(out, 2, phrases=few) == 2
    assert all(LEAST <= weight <= MOST for weight in heed(out).values())
    averaged = torch.load(trained / "checkpoint.pt", weights_only=True)["average"]
    begun = torch.load(out / "checkpoint.pt", weights_only=True)
    assert begun["step"] == 0
    assert all(torch.equal(value, averaged[f"module.{name}"]) for name, value in begun["parser"].items())
    train(out, Recipe(steps=2, batch=4, warmup=1, layers=2), every=2, judged=8)
    ended = torch.load(out / "checkpoint.pt", weights_only=True)
    assert ended["step"] == 2
    for _ in range(2):  # the second time nothing is left to blend
        blend(out)
        blended = torch.load(out / "checkpoint.pt", weights_only=True)["average"]
        for name, value in begun["parser"].items():
            torch.testing.assert_close(blended[f"module.{name}"], (value + ended["average"][f"module.{name}"]) / 2)
