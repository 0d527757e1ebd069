"""The model card that is written beside a fine-tuned adapter."""

import json
from pathlib import Path
from typing import Any

CARD = """\
---
base_model: {quoted}
library_name: peft
pipeline_tag: text-generation
tags: [lora, text-to-sql, synthetic-data]
---
# {model}, fine-tuned to answer questions about a data catalog

A LoRA adapter (`adapter/`, rank {rank}) for `{model}`, made by `steward train --lora`. `merged/`, where it was asked for, is base and adapter in one.

| | |
|---|---|
| base | `{model}`: its licence holds for what is made from it |
| writes | {writes} |
| data | synthetic: questions composed from Steward's phrase files, names from its demo catalog; no question and no catalog of a user |
| seen | {seen:,} examples: {step:,} steps of {batch}, seed {seed}, peak rate {rate:g} |
| loss of a completion token | {loss:.4f} in training, {held_out:.4f} on synthetic pairs that it did not train on |

The loss says how well it knows the synthetic corpus, not how often it is right on what people ask: measure that with `steward eval`.

## Serving

    vllm serve BASE --enable-lora --max-lora-rank {rank} --lora-modules steward=OUT/adapter
    vllm serve OUT/merged

{how} Decode greedily. `nl2sql.prompt.build_prompt` builds the prompt that it was trained on.

## Limits

It knows the views of Steward's semantic layer, in English. What it writes is a draft: Steward's guard decides whether it runs and what is seen of it.
"""
WRITES = {"sql": "one DuckDB SELECT, or REFUSE, DATA, CHANGE, WHICH or ASK where nothing is to be looked up", "plan": "a plan of Steward's plan language"}
CHAT = "Send the prompt as one user message through the chat template, thinking off (`chat_template_kwargs: {\"enable_thinking\": false}`)."
PLAIN = "The base has no chat template: send `Prompt.plain` to the completions endpoint."


def lora_card(recipe: dict[str, Any], step: int, loss: float, held_out: float, chat: bool) -> str:
    """README of a run: what it is made from, how far it came and how it is served."""
    model = Path(recipe["model"]).expanduser()
    name = model.resolve().name if model.is_dir() else recipe["model"]  # a card may be published, a path is nobody's business
    facts = {**recipe, "model": name, "quoted": json.dumps(name), "writes": WRITES[recipe["target"]], "seen": step * recipe["batch"], "how": CHAT if chat else PLAIN}
    return CARD.format(**facts, step=step, loss=loss, held_out=held_out)
