"""Any Hugging Face causal model in this process, on a GPU or the CPU. Needs the 'transformers' extra; torch is loaded with the first question.

Prompt, vote and mending are those of a served model; there is no grammar, so the guard turns more away.
"""

from typing import Any

from nl2sql.backends.base import Context, Draft
from nl2sql.backends.samples import LONGEST, MOST_TOKENS, SAMPLES, WARMTH, Sample, drafts_of, is_clear, tokens_of
from nl2sql.errors import BackendUnavailable


class TransformersBackend:
    """Question to SQL through a model that is loaded here."""

    name = "transformers"
    reads_schema = True
    samples = True
    tells = False

    def __init__(self, model: str, samples: int = SAMPLES) -> None:
        """``model`` is a folder or an id. Raises `BackendUnavailable` without the extra, `UsageError` for a model that cannot be loaded."""
        try:
            import torch  # 1.4 s, and transformers 3.7 s more: only this backend pays

            from nl2sql.training.base_model import device_of, load_base, load_tokenizer
        except ModuleNotFoundError as missing:
            hint = "Install it: pip install 'datasteward[transformers]'"
            raise BackendUnavailable(f"The transformers backend needs a package that is missing: {missing.name}.", hint) from missing
        self._torch, self._most = torch, samples
        self._tokenizer = load_tokenizer(model)
        self._model: Any = load_base(model)[0].eval()
        self._device = device_of(self._model)
        self._longest = getattr(self._model.config, "max_position_embeddings", None) or LONGEST

    def draft(self, context: Context) -> list[Draft]:
        """What most samples say, best first. Raises `BadReply` where none of them can be read."""
        samples = self._written(context, 1, warm=False)
        if not is_clear(samples[0], self._most):
            samples += self._written(context, self._most - 1, warm=True)
        return drafts_of(context, samples)

    def _written(self, context: Context, n: int, *, warm: bool) -> list[Sample]:
        """So many replies to the question, with how probable the likeliest is."""
        tokenizer = self._tokenizer
        ids = tokens_of(tokenizer, context, self._longest)
        given = self._torch.tensor([ids], device=self._device)
        how: dict[str, Any] = {"do_sample": True, "temperature": WARMTH, "num_return_sequences": n} if warm else {"do_sample": False}
        with self._torch.no_grad():
            made = self._model.generate(
                given,
                attention_mask=self._torch.ones_like(given),
                max_new_tokens=MOST_TOKENS,
                pad_token_id=tokenizer.eos_token_id,
                return_dict_in_generate=True,
                output_scores=not warm,
                **how,
            )
        texts = [tokenizer.decode(ids[given.shape[1] :], skip_special_tokens=True) for ids in made.sequences]
        if warm:
            return [Sample(text) for text in texts]
        steps = self._model.compute_transition_scores(made.sequences, made.scores, normalize_logits=True)[0]
        return [Sample(texts[0], min(0.0, float(steps.sum())))]
