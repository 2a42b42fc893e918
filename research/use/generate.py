"""A run's text: its config and parameters from its folder, prompts, and the tokens that follow them."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from research.config.decoding import TemperatureSampling
from research.config.errors import StepladderError
from research.config.seeds import check_seed
from research.config.unicode import argument_text
from research.data.dataset import Dataset
from research.data.pair_dataset import SEPARATOR, decode_target, encode_source
from research.use.continuations import GeneratedText, GenerationRequest
from research.use.finished_kinds import finished_kind
from research.use.input_lines import read_input_lines
from research.use.open_run import OpenRun

MOST_TOKENS = 100_000  # of a continuation


def prompts_from_options(prompt: str | None, file: Path | None) -> tuple[str, ...]:
    """What the command names: one prompt, by default an empty one, or the lines of a file. Raises StepladderError for both."""
    if prompt is not None and file is not None:
        raise StepladderError("Give one of --prompt and --prompts: a text, or a file with a prompt a line.")
    return (argument_text(prompt or ""),) if file is None else tuple(read_input_lines("--prompts", file, "a prompt"))


def generate_texts(run: OpenRun, request: GenerationRequest) -> dict[str, Any]:
    """Each prompt's continuation, in `texts`.

    `latency_ms`: `first`, of reading the prompts up to the logits of the first token, and `each_later`, of one token of every row.
    """
    config, data = run.config, run.data
    check_seed(request.seed, "--seed")
    if request.tokens > MOST_TOKENS:
        raise StepladderError(f"--tokens {request.tokens} is beyond the {MOST_TOKENS:,} that one text may have; ask for fewer.")
    if config.data.reads not in ("text", "sources"):
        raise StepladderError(
            f"{run.cell_id} was trained on {config.data.kind}, which is no text to go on from or to translate; name a run on text or pairs."
        )
    continue_texts = finished_kind(config.model).continue_texts
    if isinstance(continue_texts, str):
        raise StepladderError(f"{run.cell_id} is {continue_texts}.")
    assert continue_texts is not None, "a model of text or of pairs"
    if request.recompute and data.sides:
        raise StepladderError("--recompute compares with reading a text again, and a translation has a source besides; leave it out.")
    decoder = request.decoder or (config.decode if data.sides else TemperatureSampling(kind="sample"))
    request = request._replace(decoder=decoder)
    ids = [_prompt_ids(data, prompt) for prompt in request.prompts]
    end = data.eos if request.until_end or data.sides else None
    continued = continue_texts(run.finished, ids, end, request)
    continuations = [_continuation_data(data, prompt, texts) for prompt, texts in zip(request.prompts, continued.texts, strict=True)]
    return {"cell_id": run.cell_id, "decoder": decoder.model_dump(), "texts": continuations, "latency_ms": continued.latency}


def _prompt_ids(data: Dataset, prompt: str) -> np.ndarray:
    """What a model reads of a prompt: the line's end and the text; of pairs the source and <sep>."""
    if data.sides:
        return np.append(encode_source(data.vocabulary, data.sides, prompt), data.vocabulary.types.index(SEPARATOR)).astype(np.int32)
    return np.array([data.eos, *(data.vocabulary.encode(prompt) if prompt else ())], np.int32)


def _unknown_words(data: Dataset, prompt: str) -> list[str]:
    """The tokens of a prompt that training has not, for each of which the model reads <unk>; of pairs what a source's are is not told."""
    tokens = [] if data.sides or data.vocabulary.unk is None else data.vocabulary.tokens(prompt)
    numbers = data.vocabulary.numbers(tokens)
    return [token for token, number in zip(tokens, numbers, strict=True) if number == data.vocabulary.unk]


def _continuation_data(data: Dataset, prompt: str, texts: list[GeneratedText]) -> dict[str, Any]:
    """The best text of a prompt; of a search also the n best with their scores."""
    decode = partial(decode_target, data.vocabulary, data.sides) if data.sides else data.vocabulary.decode
    decoded = [{"text": decode(text.tokens), "tokens": len(text.tokens)} for text in texts]
    scored = [fields | {"score": text.score} for fields, text in zip(decoded, texts, strict=True)]
    prompt_data = {"prompt": prompt, "unknown": _unknown_words(data, prompt)}
    return prompt_data | decoded[0] | ({} if texts[0].score is None else {"n_best": scored})
