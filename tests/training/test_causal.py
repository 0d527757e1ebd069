"""The decoder-only variant: a few steps learn, the checkpoint is a plain Llama, and what it writes is a plan's text. Needs the train extra."""

import json
from itertools import islice
from pathlib import Path

import pytest

from catalog.errors import UsageError

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore")]

QUESTION = "which datasets are deprecated"
PLAN = "FROM datasets WHERE datasets.deprecated IS_TRUE SELECT datasets.name"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from nl2sql.training.train import Recipe, train

    out = tmp_path_factory.mktemp("causal")
    train(out, Recipe(variant="causal", steps=8, batch=8, warmup=2, layers=1), every=4, judged=24)
    return out


@pytest.fixture(scope="module")
def exported(trained: Path) -> Path:
    from nl2sql.training.causal import export_causal

    export_causal(trained / "checkpoint.pt", trained / "model")
    return trained / "model"


def test_a_run_learns_and_tells_how_many_plans_are_exact(trained: Path) -> None:
    log = [json.loads(line) for line in (trained / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == [4, 8]
    assert log[1]["loss"] < log[0]["loss"]
    assert all(0 <= entry["exact"] <= entry["in_grammar"] <= 1 for entry in log)


def test_the_export_is_a_llama_that_reads_what_was_trained_on(trained: Path, exported: Path) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from nl2sql.embedded.parser import word_pieces
    from nl2sql.plan.language import END
    from nl2sql.training.causal import new_causal

    tokenizer = AutoTokenizer.from_pretrained(exported)
    llama = AutoModelForCausalLM.from_pretrained(exported).float().eval()
    assert type(llama).__name__ == "LlamaForCausalLM"
    assert sum(file.stat().st_size for file in exported.iterdir()) < 50_000_000
    own = Tokenizer.from_file(str(trained / "tokenizer.json"))
    given = tokenizer(QUESTION).input_ids
    assert given == [*word_pieces(own, QUESTION), own.token_to_id(END)]
    causal = new_causal(1, own)
    averaged = torch.load(trained / "checkpoint.pt", weights_only=True)["average"]
    causal.load_state_dict({name.removeprefix("module."): value for name, value in averaged.items() if name.startswith("module.")})
    ids = torch.tensor([given])
    with torch.no_grad():
        expected = causal.eval()(ids[:, :-1], torch.ones_like(ids[:, :-1]), ids[:, -1:])
        found = llama(ids).logits[:, -1:]
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.1)  # the export is rounded to bfloat16


def test_plan_tokens_are_written_as_a_plan_and_no_question_spells_one(exported: Path) -> None:
    from transformers import AutoTokenizer

    from nl2sql.plan.language import END, vocabulary

    tokenizer = AutoTokenizer.from_pretrained(exported)
    ids = [vocabulary().index(token) for token in PLAN.split()]
    assert tokenizer.decode([*ids, vocabulary().index(END)], skip_special_tokens=True).strip() == PLAN
    read = tokenizer(f"{PLAN} FROM  {PLAN.lower()}", add_special_tokens=False).input_ids
    assert min(read) >= len(vocabulary())


def test_exact_plans_are_those_that_greedy_decoding_writes(trained: Path) -> None:
    """The shares are read off one pass over the true plans; writing token by token finds the very same plans."""
    import torch
    from tokenizers import Tokenizer

    from nl2sql.plan.grammar import Reader
    from nl2sql.plan.language import END, full_scope, vocabulary
    from nl2sql.training.causal import new_causal
    from nl2sql.training.data import PAD, collate
    from nl2sql.training.stream import examples
    from nl2sql.training.unseen import Unseen, exactness

    tokenizer = Tokenizer.from_file(str(trained / "tokenizer.json"))
    causal = new_causal(1, tokenizer)
    batch = collate(tokenizer, list(islice(examples(5), 4)))
    optimizer = torch.optim.AdamW(causal.parameters(), lr=2e-3)
    anything = torch.ones(*batch.plan.shape, len(vocabulary()), dtype=torch.bool)
    in_grammar = anything & False
    plans = [[vocabulary()[t] for t in row if t != PAD] for row in batch.target.tolist()]
    for row, plan in enumerate(plans):
        reader = Reader(full_scope())
        for at, token in enumerate(plan):
            in_grammar[row, at, [vocabulary().index(t) for t in reader.allowed]] = True
            reader.push(token)

    def written(row: int, free: bool) -> list[str]:
        reader, plan = Reader(full_scope()), [END]
        while len(plan) <= len(plans[row]) and (len(plan) == 1 or plan[-1] != END):
            prefix = torch.tensor([[vocabulary().index(token) for token in plan]])
            scores = causal(batch.ids[row : row + 1], batch.mask[row : row + 1], prefix)[0, -1, : len(vocabulary())]
            plan.append(vocabulary()[int(scores.argmax())] if free else max(reader.allowed, key=lambda token: float(scores[vocabulary().index(token)])))
            if not free:
                reader.push(plan[-1])
        return plan[1:]

    shares = set()
    for _ in range(10):
        for _ in range(2):
            loss = torch.nn.functional.cross_entropy(causal(batch.ids, batch.mask, batch.plan).flatten(0, 1), batch.target.flatten(), ignore_index=PAD)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found = exactness(causal.eval(), [Unseen(batch, in_grammar)])
        with torch.no_grad():
            assert found.free == sum(written(row, True) == plan for row, plan in enumerate(plans)) / len(plans)
            assert found.in_grammar == sum(written(row, False) == plan for row, plan in enumerate(plans)) / len(plans)
        shares.add(found)
    assert len(shares) > 2, "the model never knew some of the plans and not others"


def test_a_folder_of_another_variant_is_refused(trained: Path) -> None:
    from nl2sql.training.train import Recipe, train

    with pytest.raises(UsageError, match="of the variant causal"):
        train(trained, Recipe(steps=9))
