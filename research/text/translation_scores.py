"""Drawn texts against their references: of each pair the counts that BLEU and chrF are made of, and whether it is right.

A corpus score is a function of counts summed over the corpus (`research.metrics.corpus_texts`), so the counts of each pair are all that
has to be kept of a run to score it, to resample its items, and to pair it with another run.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Int

from research.config.errors import StepladderError
from research.config.levels import level_facts
from research.config.pairs import BleuTokenizer
from research.text.tokenize import UNKNOWN

if TYPE_CHECKING:
    import sacrebleu.metrics.bleu
    import sacrebleu.metrics.chrf

UNKNOWN_IN_HYPOTHESIS, UNKNOWN_IN_REFERENCE = "\ue000", "\ue001"  # of no text, and not equal: a symbol that nobody knows is never right
EXTRAS = {"ja-mecab": ("MeCab", "ja")}  # of a tokenizer: the module that it needs, and sacrebleu's extra that brings it


def text_items(hypotheses: Sequence[str], references: Sequence[str], tokenizer: BleuTokenizer = "13a") -> dict[str, np.ndarray]:
    """What items.npz holds of drawn texts, a row a pair, in the order given (which must be that of the other items of the run).

    `bleu` int64[n 10], `chrf` int64[n 18]: counts. `exact` float64[n]: 1 where the text is the reference, character by character.
    `token_accuracy` float64[n]. A hypothesis may be empty. An unknown symbol, <unk>, of either is one character, which the other has not:
    one wrong word, or a part of one. ValueError where the numbers of texts differ.
    """
    hypotheses = [text.replace(UNKNOWN, UNKNOWN_IN_HYPOTHESIS) for text in hypotheses]
    references = [text.replace(UNKNOWN, UNKNOWN_IN_REFERENCE) for text in references]
    pairs = list(zip(hypotheses, references, strict=True))
    return {
        "bleu": bleu_counts(hypotheses, references, tokenizer),
        "chrf": chrf_counts(hypotheses, references),
        "exact": np.array([hypothesis == reference for hypothesis, reference in pairs], np.float64),
        "token_accuracy": np.array([token_accuracy(hypothesis, reference) for hypothesis, reference in pairs], np.float64),
    }


def bleu_counts(hypotheses: Sequence[str], references: Sequence[str], tokenizer: BleuTokenizer = "13a") -> Int[np.ndarray, "n 10"]:
    """Words of hypothesis and reference, matched 1- to 4-grams, and all of the hypothesis (Papineni et al. 2002), as sacrebleu has them.

    sacrebleu has no public way to a pair's counts: `_extract_corpus_statistics` is what its own significance tests use.
    """
    return np.array(_bleu(tokenizer)._extract_corpus_statistics(hypotheses, [references]), np.int64).reshape(-1, 10)


def chrf_counts(hypotheses: Sequence[str], references: Sequence[str]) -> Int[np.ndarray, "n 18"]:
    """Of each order, 1 to 6: character n-grams of the hypothesis, of the reference, and of both (Popovic 2015), as sacrebleu has them."""
    return np.array(_chrf()._extract_corpus_statistics(hypotheses, [references]), np.int64).reshape(-1, 18)


def _bleu(tokenizer: BleuTokenizer) -> "sacrebleu.metrics.bleu.BLEU":
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, force=True)  # no warning where a text ends in " .": words of a corpus may be tokens already


def _chrf() -> "sacrebleu.metrics.chrf.CHRF":
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def check_tokenizer(tokenizer: BleuTokenizer) -> None:
    """Raises StepladderError where what a tokenizer needs is not installed."""
    module, extra = EXTRAS.get(tokenizer, ("sacrebleu", ""))
    if find_spec(module) is None:
        raise StepladderError(
            f"data.bleu_tokenizer = {tokenizer!r} needs the package {module}, which is not installed: pip install 'sacrebleu[{extra}]'. Or "
            "let BLEU count characters: data.bleu_tokenizer = 'char'."
        )


def unknown_share(texts: Sequence[str], level: str) -> float:
    """The share of the symbols of drawn texts that are <unk>: of words between spaces, at other levels of characters."""
    texts = [text.replace(UNKNOWN, UNKNOWN_IN_HYPOTHESIS) for text in texts]
    count = sum(len(text.split()) if level_facts(level).words else len(text) for text in texts)
    return sum(text.count(UNKNOWN_IN_HYPOTHESIS) for text in texts) / max(1, count)


def metric_signatures(tokenizer: BleuTokenizer = "13a") -> dict[str, str]:
    """By metric, sacrebleu's account of how it was computed: tokenizer, case, smoothing, version (Post 2018)."""
    bleu, chrf = _bleu(tokenizer), _chrf()
    bleu.num_refs = chrf.num_refs = 1
    return {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())}


def token_accuracy(hypothesis: str, reference: str) -> float:
    """The share of positions that hold the same word, split at white space, over the length of the longer text; 1 if both are empty.

    So one word too many or too few is a mistake at the end, but makes all that follows wrong where it stands in the middle.
    """
    hypothesis_words, reference_words = hypothesis.split(), reference.split()
    longer = max(len(hypothesis_words), len(reference_words))
    return sum(a == b for a, b in zip(hypothesis_words, reference_words, strict=False)) / longer if longer else 1.0
