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
    from nl2sql.training.graphs import averaged
    from nl2sql.training.start import load_tokenizer, parser_of

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
    eager = parser_of(averaged(torch.load(trained / "checkpoint.pt", weights_only=True))).eval()
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
    from nl2sql.training.start import load_tokenizer, meaning, parser_of

    weights = torch.load(trained / "checkpoint.pt", weights_only=True)["parser"]
    tokens = ["a token of that layer", *(token for token in reversed(vocabulary()) if token != "datasets.name")]
    weights |= {name: torch.cat([weights[name], weights[name][-1:]])[: len(tokens)] for name in ("embed.weight", "bias")}
    parser = parser_of(weights, tokens)
    place = {token: at for at, token in enumerate(tokens)}
    for at, token in enumerate(vocabulary()):
        if token in place:
            assert torch.equal(parser.embed.weight[at], weights["embed.weight"][place[token]])
    assert torch.equal(parser.norm.weight, weights["norm.weight"])
    ids = torch.tensor([load_tokenizer().encode(meaning("datasets.name")).ids])
    new = parser.embed.weight[vocabulary().index("datasets.name")]
    with torch.no_grad():
        read = parser.eval().encode(ids, torch.ones_like(ids)).mean(1)[0]
    assert torch.cosine_similarity(new, read, dim=0) > 0.4, "a token that is new starts near what it means"


@pytest.fixture(scope="module")
def mpnet_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MPNet of random weights, whose word pieces are MiniLM's behind four marks of its own."""
    import torch
    from transformers import MPNetConfig, MPNetModel

    from nl2sql.training.start import load_tokenizer

    folder = tmp_path_factory.mktemp("mpnet")
    told = json.loads(load_tokenizer().to_str())
    pieces = told["model"]["vocab"]
    told["model"]["vocab"] = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, **{piece: at + 4 for piece, at in pieces.items()}, "<mask>": len(pieces) + 4}
    told |= {"added_tokens": [], "post_processor": None}
    (folder / "tokenizer.json").write_text(json.dumps(told), encoding="utf-8")
    config = MPNetConfig(vocab_size=len(pieces) + 5, hidden_size=128, num_hidden_layers=4, num_attention_heads=2, intermediate_size=256, max_position_embeddings=140)
    torch.manual_seed(5)
    model = MPNetModel(config)
    with torch.no_grad():
        for weight in model.parameters():  # no two alike, as none are that were trained
            weight += 0.05 * torch.randn_like(weight)
    model.save_pretrained(folder)
    return folder


def test_a_larger_encoder_begins_beside_the_one_that_ships(trained: Path, mpnet_folder: Path, tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import MPNetModel

    from nl2sql.embedded.parser import EmbeddedParser
    from nl2sql.training import export as exporting
    from nl2sql.training.graphs import Reader, averaged
    from nl2sql.training.shipped import exported
    from nl2sql.training.start import load_tokenizer, parser_of
    from nl2sql.training.train import Recipe, train
    from nl2sql.training.widen import widen

    exporting.export(trained / "checkpoint.pt", tmp_path / "small")
    share = widen(tmp_path / "run", mpnet_folder, seed=3, size=4, layers=3, shipped=tmp_path / "small")
    assert 0 < share < 1
    begun = parser_of(torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["parser"])
    small = exported(tmp_path / "small")
    assert all(torch.equal(value, begun.state_dict()[name]) for name, value in small.items())
    theirs, words = MPNetModel.from_pretrained(mpnet_folder), Tokenizer.from_file(str(mpnet_folder / "tokenizer.json"))
    assert begun.second and begun.project
    ours = begun.second.get_input_embeddings().weight
    for piece, mark in (("catalog", "catalog"), ("##s", "##s"), ("[CLS]", "<s>"), ("[SEP]", "</s>")):
        assert torch.equal(ours[load_tokenizer().token_to_id(piece)], theirs.get_input_embeddings().weight[words.token_to_id(mark)])
    ids = torch.tensor([load_tokenizer().encode("who owns this").ids])
    with torch.no_grad():
        states = theirs.eval()(input_ids=torch.tensor([[words.token_to_id({"[CLS]": "<s>", "[SEP]": "</s>"}.get(p, p)) for p in load_tokenizer().encode("who owns this").tokens]]), output_hidden_states=True)
        mean = (parser_of(small).eval().encode(ids, torch.ones_like(ids)) + begun.project(states.hidden_states[3])) / 2
        torch.testing.assert_close(begun.eval().encode(ids, torch.ones_like(ids)), mean, rtol=1e-3, atol=1e-3)  # order of sums; another position or word is off by tenths

    train(tmp_path / "run", Recipe(steps=6, batch=8, warmup=2, layers=2), every=6, judged=8)
    after = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    learnt = {name for name, value in begun.state_dict().items() if not torch.equal(after["parser"][name], value)}
    assert {"project.weight", "embed.weight", "second.encoder.layer.2.intermediate.dense.weight"} <= learnt
    assert not [name for name in learnt if name.startswith(("encoder.", "second.embeddings.", "second.encoder.layer.0.", "second.encoder.layer.1."))]
    exporting.export(tmp_path / "run" / "checkpoint.pt", tmp_path / "wide")
    held, found = averaged(after), exported(tmp_path / "wide")
    assert found.keys() == held.keys()
    for name, value in held.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=value.abs().max().item() / 100, msg=name)
    with torch.no_grad():
        told = Reader(parser_of(held).eval())(ids, torch.ones_like(ids))
    (read,) = EmbeddedParser(tmp_path / "wide")._reader.run(None, {"ids": ids.numpy(), "mask": np.ones_like(ids.numpy())})
    assert torch.cosine_similarity(torch.from_numpy(read).flatten(), told.flatten(), dim=0) > 0.99, "8 bits keep what is read"


def test_another_kind_of_encoder_is_refused(mpnet_folder: Path, tmp_path: Path) -> None:
    import shutil

    from nl2sql.training.encoders import MINILM
    from nl2sql.training.widen import widen

    with pytest.raises(UsageError, match="of the kind bert, no MPNet"):
        widen(tmp_path / "run", MINILM, seed=3)
    other = tmp_path / "other"
    shutil.copytree(mpnet_folder, other)
    words = json.loads((other / "tokenizer.json").read_text(encoding="utf-8"))
    del words["model"]["vocab"]["catalog"]
    (other / "tokenizer.json").write_text(json.dumps(words), encoding="utf-8")
    with pytest.raises(UsageError, match="lacks word pieces"):
        widen(tmp_path / "run", other, seed=3)
    assert not (tmp_path / "run").exists()


def test_weights_too_large_for_one_file_lie_beside_the_graph(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nl2sql.embedded.parser import EmbeddedParser
    from nl2sql.plan.language import full_scope
    from nl2sql.training import export as exporting

    exporting.export(trained / "checkpoint.pt", tmp_path / "one")
    monkeypatch.setattr(exporting, "LARGEST_FILE", 13_000_000)
    for _ in range(2):  # a second export leaves none of the first
        exporting.export(trained / "checkpoint.pt", tmp_path / "many")
    parts = sorted(p.name for p in (tmp_path / "many").glob("*.bin"))
    assert parts == [f"reader.{n}.bin" for n in range(1, len(parts) + 1)] and len(parts) > 1
    assert max(p.stat().st_size for p in (tmp_path / "many").iterdir()) <= 13_000_000
    one, many = (EmbeddedParser(tmp_path / name).read("who owns what", full_scope(), beams=16) for name in ("one", "many"))
    assert one == many


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
        mine(other)
    few = {"nodes": Phrases.model_validate({"whole": [{"plan": "FROM nodes WHERE nodes.country EQ @country SELECT nodes.node", "ask": ["nodes in {country}", "{country}: nodes"]}]})}
    parser = new_parser(2, load_tokenizer())
    found = losses(parser, load_tokenizer(), few)
    assert found.keys() == {"nodes in {country}", "{country}: nodes"}
    assert min(found.values()) > MOST, "an untrained parser reads nothing"
    assert mine(out, phrases=few) == 2
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
