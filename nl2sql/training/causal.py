"""A decoder-only parser: a small Llama that reads a question and writes its plan after it, as a checkpoint that model servers load.

One vocabulary of plan tokens first and MiniLM's word pieces after them, one matrix of embeddings for reading and writing. What it
reads is what the embedded parser reads: ``[CLS] who owns dataset1 [SEP]``, then the end token, after which the plan begins.
"""

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import nl2sql.corpus
from nl2sql.embedded.parser import MAX_QUESTION
from nl2sql.plan.language import END, vocabulary
from nl2sql.training.encoders import minilm
from nl2sql.training.graphs import averaged
from nl2sql.training.start import load_tokenizer, meaning
from nl2sql.training.stream import MAX_PLAN

LAYERS = 6
HEADS = 6
INNER = 1024
"""Width of the gated feed-forward: as many weights as a MiniLM layer has."""
CORPUS = Path(nl2sql.corpus.__file__).parent
MARKS = ("[UNK]", "[CLS]", "[SEP]")


class Causal(nn.Module):
    """Question word pieces to plan tokens, as `nl2sql.training.model.Parser` does it, through one stack of layers."""

    def __init__(self, llama: LlamaForCausalLM) -> None:
        super().__init__()
        self.llama = llama

    def forward(self, ids: Tensor, mask: Tensor, plan: Tensor) -> Tensor:
        """Logits for teacher forcing [batch, plan length, vocabulary], those of the plan tokens first."""
        tokens = torch.cat([ids, plan], 1)
        seen = torch.cat([mask, torch.ones_like(plan)], 1)
        places = (seen.cumsum(1) - 1).clamp(min=0)
        states = self.llama.model(input_ids=tokens, attention_mask=seen, position_ids=places, use_cache=False).last_hidden_state
        logits: Tensor = self.llama.lm_head(states[:, ids.shape[1] :])
        return logits


def causal_tokenizer() -> Tokenizer:
    """MiniLM's tokenizer over the word pieces of the corpus; others' words fall into smaller pieces. Plan tokens come first.

    Plan tokens begin with a blank, which no word piece has: a question cannot spell one, and what is written reads ``FROM datasets``.
    """
    whole = load_tokenizer()
    told: dict[str, Any] = json.loads(whole.to_str())
    pieces = [*MARKS, *_pieces(whole)]
    words = [END, *(f" {token}" for token in vocabulary()[1:])]
    ids = {token: at for at, token in enumerate([*words, *pieces])}
    told["model"]["vocab"] = ids
    told["added_tokens"] = [{**told["added_tokens"][0], "content": mark, "id": ids[mark]} for mark in (END, *MARKS)]
    for mark, entry in told["post_processor"]["special_tokens"].items():
        entry["ids"] = [ids[mark]]
    told["decoder"] = {"type": "Fuse"}
    return Tokenizer.from_str(json.dumps(told))


def _pieces(tokenizer: Tokenizer) -> list[str]:
    """Word pieces of the corpus' files, and every single character, in MiniLM's order."""
    words = {word for file in CORPUS.rglob("*") if file.suffix in (".toml", ".py") for word in file.read_text(encoding="utf-8").split()}
    found = {piece for encoding in tokenizer.encode_batch(sorted(words), add_special_tokens=False) for piece in encoding.tokens}
    known = tokenizer.get_vocab()
    found |= {piece for piece in known if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    return sorted(found - set(MARKS), key=known.__getitem__)


def new_causal(layers: int, tokenizer: Tokenizer) -> Causal:
    """A Llama of random layers whose word pieces are MiniLM's and whose plan tokens start as the mean of the words for what they mean."""
    whole, table = load_tokenizer(), minilm().embeddings.word_embeddings.weight.detach()
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=table.shape[1],
        intermediate_size=INNER,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        max_position_embeddings=MAX_QUESTION + MAX_PLAN,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id("[CLS]"),
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(END),
    )
    llama = LlamaForCausalLM(config)
    embeddings = llama.get_input_embeddings().weight
    with torch.no_grad():
        nn.init.normal_(embeddings, std=table.shape[1] ** -0.5)
        for token, at in tokenizer.get_vocab().items():
            if at >= len(vocabulary()):
                embeddings[at] = table[whole.token_to_id(token)]
        for at, text in enumerate(map(meaning, vocabulary())):
            mean = table[whole.encode(text, add_special_tokens=False).ids].mean(0)
            embeddings[at] += mean / mean.norm()
    return Causal(llama)


def export_causal(checkpoint: Path, out: Path) -> None:
    """Write the averaged weights as a Hugging Face Llama in bfloat16 with its tokenizer: ``config.json``, ``model.safetensors``, ``tokenizer.json``."""
    saved = torch.load(checkpoint, weights_only=True)
    layers = 1 + max(int(name.split(".")[3]) for name in saved["parser"] if name.startswith("llama.model.layers."))
    tokenizer = Tokenizer.from_file(str(checkpoint.with_name("tokenizer.json")))
    causal = new_causal(layers, tokenizer)
    causal.load_state_dict(averaged(saved))
    causal.llama.to(torch.bfloat16).save_pretrained(out)
    told: dict[str, Any] = json.loads(tokenizer.to_str())
    for kind in ("single", "pair"):
        told["post_processor"][kind].append({"SpecialToken": {"id": END, "type_id": 0}})
    told["post_processor"]["special_tokens"][END] = {"id": END, "ids": [tokenizer.token_to_id(END)], "tokens": [END]}
    served = Tokenizer.from_str(json.dumps(told))
    PreTrainedTokenizerFast(
        tokenizer_object=served, unk_token="[UNK]", bos_token="[CLS]", eos_token=END, pad_token=END, model_max_length=MAX_QUESTION + MAX_PLAN
    ).save_pretrained(out)
