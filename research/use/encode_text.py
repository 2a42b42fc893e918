"""How a config's vocabulary cuts a text: pieces and numbers, the merges that lead there, other segmentations and their probabilities."""

import math
from pathlib import Path
from typing import Any

from research.config.corpora import TextCorpus
from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.sentence_data import SentenceData
from research.config.unicode import argument_text
from research.data.loading import load_dataset
from research.data.sentence_dataset import join_words, split_words
from research.data.text_dataset import load_vocabulary
from research.text.tokenizers.tokenizer import levels_with, n_best_segmentations
from research.text.tokenizers.tokenizer import merges as learned_merges

MOST_SEGMENTATIONS = 10_000


def encode_text(config: Config, text: str, n_best: int | None, merges: int | None, data_dir: Path | None) -> dict[str, Any]:
    """`pieces` of the text with their `ids`, `unknown` ones; `merges`: the first so many of BPE; `n_best` segmentations of unigram.

    Raises StepladderError where there is no text to cut or to learn from, and for what the level does not have.
    """
    data = config.data
    if not isinstance(data, TextCorpus | SentenceData):
        raise StepladderError(f"data.kind = {data.kind} has symbols of its own, no text to cut; use a corpus, such as data.kind = pydoc.")
    text = argument_text(text)
    if not text:
        raise StepladderError('--text is empty; give a text to cut, as --text "the cat sat".')
    _check_options(data.level, n_best, merges)
    vocabulary = load_vocabulary(data, data_dir) if isinstance(data, TextCorpus) else load_dataset(data, data_dir).vocabulary
    tokens = vocabulary.tokens(join_words(split_words(data, text)) if isinstance(data, SentenceData) else text)
    shown = vocabulary.cutter.entry.shown
    encoding: dict[str, Any] = {
        "level": data.level,
        "types": vocabulary.size,
        "text": text,
        "pieces": [shown(token) for token in tokens],
        "ids": vocabulary.numbers(tokens).tolist(),
    }
    encoding["unknown"] = [piece for piece, number in zip(encoding["pieces"], encoding["ids"], strict=True) if number == vocabulary.unk]
    if n_best is not None and vocabulary.tokenizer:
        best = n_best_segmentations(vocabulary.tokenizer, text, n_best)
        encoding["n_best"] = [{"pieces": pieces, "probability": math.exp(log_p)} for pieces, log_p in best]
    if merges is not None and vocabulary.tokenizer:
        learned = learned_merges(vocabulary.tokenizer)[:merges]
        encoding["merges"] = [[shown(part) for part in pair] for pair in learned]
    return encoding


def _check_options(level: str, n_best: int | None, merges: int | None) -> None:
    """Raises StepladderError where an option asks for nothing, or for what the level does not have."""
    for option, number in (("--n-best", n_best), ("--merges", merges)):
        if number is not None and number < 1:
            raise StepladderError(f"{option} {number} asks for nothing; ask for 1 or more.")
    if n_best is not None and n_best > MOST_SEGMENTATIONS:
        raise StepladderError(f"--n-best {n_best} is beyond the {MOST_SEGMENTATIONS:,} segmentations that are ranked; ask for fewer.")
    ranked, merged = levels_with(lambda entry: entry.ranking), levels_with(lambda entry: entry.merging)
    if n_best is not None and level not in ranked:
        levels = " or ".join(ranked)
        raise StepladderError(f"--n-best ranks segmentations by their probability, which only data.level = {levels} has, not {level}.")
    if merges is not None and level not in merged:
        levels = " or ".join(merged)
        raise StepladderError(f"--merges lists what data.level = {levels} has learned; {level} has no merges.")


def encoding_lines(encoding: dict[str, Any]) -> list[str]:
    """The same for a person. Pieces stand in quotation marks, so that their spaces are seen."""
    lines = [f"{number:>8}  {piece!r}" for number, piece in zip(encoding["ids"], encoding["pieces"], strict=True)]
    lines += [f"{len(encoding['ids'])} pieces of {encoding['types']} types ({encoding['level']}) for {len(encoding['text'])} characters"]
    if encoding["unknown"]:
        lines += [f"not in the training text: {' '.join(map(repr, dict.fromkeys(encoding['unknown'])))}"]
    lines += [f"{candidate['probability']:>10.6f}  {' '.join(map(repr, candidate['pieces']))}" for candidate in encoding.get("n_best", ())]
    return lines + [f"{place:>8}  {left!r} + {right!r}" for place, (left, right) in enumerate(encoding.get("merges", ()), start=1)]
