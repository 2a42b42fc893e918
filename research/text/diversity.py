"""How much several texts that were drawn for one prompt differ from each other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from research.config.errors import StepladderError
from research.text.tokenize import UNKNOWN
from research.text.translation_scores import UNKNOWN_IN_HYPOTHESIS

if TYPE_CHECKING:
    import sacrebleu.metrics.bleu

LONGEST = 3


def diversity(texts_by_prompt: Sequence[Sequence[str]]) -> dict[str, Float[np.ndarray, " n"]]:
    """distinct_1, distinct_2, distinct_3 in 0..1 and self_bleu in 0..100 of the texts drawn for each of n prompts.

    Their means over prompts are what is reported. An unknown symbol is one word. StepladderError where a prompt has fewer than two texts.
    """
    texts_by_prompt = [[text.replace(UNKNOWN, UNKNOWN_IN_HYPOTHESIS) for text in texts] for texts in texts_by_prompt]
    short_prompt = next((i for i, texts in enumerate(texts_by_prompt) if len(texts) < 2), None)
    if short_prompt is not None or not texts_by_prompt:
        where = f"prompt {short_prompt} has {len(texts_by_prompt[short_prompt])}" if short_prompt is not None else "there is no prompt"
        raise StepladderError(f"Diversity is a property of two texts or more for one prompt, and {where}. Draw more texts for each.")
    scores = {f"distinct_{n}": np.array([distinct(texts, n) for texts in texts_by_prompt]) for n in range(1, LONGEST + 1)}
    return scores | {"self_bleu": np.array([self_bleu(texts) for texts in texts_by_prompt])}


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams of words, split at white space, over all words of the texts (Li et al. 2016, section 5.2); 0 without any word."""
    split = [text.split() for text in texts]
    grams = {tuple(words[i : i + n]) for words in split for i in range(len(words) - n + 1)}
    count = sum(map(len, split))
    return len(grams) / count if count else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """The mean BLEU of each text with the others as its references (Zhu et al. 2018, section 3.2): 100 if all are equal.

    BLEU of one text has only the orders that the text is long enough for (sacrebleu's `effective_order`).
    """
    bleu = _bleu()

    def score(text: str, others: Sequence[str]) -> float:
        return 100.0 if text in others else float(bleu.sentence_score(text, others).score)  # two empty texts are equal, too

    return sum(score(text, [*texts[:i], *texts[i + 1 :]]) for i, text in enumerate(texts)) / len(texts)


def self_bleu_signature(texts: int) -> dict[str, str]:
    """sacrebleu's account of the self_bleu of so many texts a prompt, as `research.text.translation_scores.metric_signatures`."""
    bleu = _bleu()
    bleu.num_refs = texts - 1
    return {"self_bleu": str(bleu.get_signature())}


def _bleu() -> "sacrebleu.metrics.bleu.BLEU":
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(force=True, effective_order=True)
