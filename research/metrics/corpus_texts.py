"""Written texts against their references: BLEU and chrF of many corpora at once, from summed counts, and two means over the texts."""

import numpy as np
from jaxtyping import Float

from research.metrics.metric_kind import Metric, Statistic, Written, of_sums, ratio, stored_field

ORDERS, BETA = 4, 2.0  # of BLEU's n-grams; recall counts BETA times as much as precision in chrF


def corpus_bleu(sums: Float[np.ndarray, "*c 10"]) -> Float[np.ndarray, "*c"]:
    """BLEU in 0..100 (Papineni et al. 2002) of corpora whose counts are summed: sacrebleu's `corpus_score`, vectorised.

    The counts are those of `research.text.translation_scores.bleu_counts`. The k-th order without a match counts as 1 / 2^k of a match
    (sacrebleu's smoothing "exp"); no match of any order, or no n-gram of an order at all, as of texts shorter than four words, gives 0.
    """
    drawn_length, reference_length, matched, totals = sums[..., 0], sums[..., 1], sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    unmatched = matched == 0
    halvings = np.where(unmatched, np.cumsum(unmatched, axis=-1), 0)
    logs = np.log(np.where(unmatched, 1.0, matched)) - halvings * np.log(2.0) - np.log(np.maximum(totals, 1.0))
    brevity = np.minimum(0.0, 1.0 - reference_length / np.maximum(drawn_length, 1.0))
    has_score = (totals > 0).all(axis=-1) & ~unmatched.all(axis=-1)
    return np.where(has_score, 100.0 * np.exp(logs.mean(axis=-1) + brevity), 0.0)


def corpus_chrf(sums: Float[np.ndarray, "*c 18"]) -> Float[np.ndarray, "*c"]:
    """chrF2 in 0..100 (Popovic 2015) of corpora whose counts are summed: sacrebleu's `corpus_score`, vectorised.

    The counts are those of `research.text.translation_scores.chrf_counts`. Precision and recall are means over the orders that both
    sides have.
    """
    drawn_counts, reference_counts, matched = (sums[..., column::3] for column in range(3))
    in_both = (drawn_counts > 0) & (reference_counts > 0)
    orders = np.maximum(in_both.sum(axis=-1), 1)
    precision, recall = (
        np.where(in_both, matched / np.maximum(counts, 1.0), 0.0).sum(axis=-1) / orders for counts in (drawn_counts, reference_counts)
    )
    denominator = BETA**2 * precision + recall
    return np.where(denominator > 0, 100.0 * (1 + BETA**2) * precision * recall / np.where(denominator > 0, denominator, 1.0), 0.0)


def _text_score(name: str, title: str, bounds: tuple[float, float], written: Written, like: str, statistic: Statistic) -> Metric:
    return Metric(name, title, 1, bounds, written, "split", "text", like, "group", statistic, measured=True)


BLEU_COUNTS, CHRF_COUNTS = (stored_field(name, "counts", "texts") for name in ("bleu", "chrf"))
EXACT, RIGHT_TOKENS = (stored_field(name, "shares", "texts") for name in ("exact", "token_accuracy"))
BLEU = _text_score("bleu", "BLEU", (0.0, 100.0), "points", "bleu", of_sums(BLEU_COUNTS, corpus_bleu))
CHRF = _text_score("chrf", "chrF", (0.0, 100.0), "points", "chrf", of_sums(CHRF_COUNTS, corpus_chrf))
EXACT_MATCH = _text_score("exact_match", "exact match", (0.0, 1.0), "per cent", "exact_match", ratio(EXACT, "items", "trials"))
TOKEN_ACCURACY = _text_score("token_accuracy", "token accuracy", (0.0, 1.0), "per cent", "accuracy", ratio(RIGHT_TOKENS, "items"))
TEXT_SCORES = (BLEU, CHRF, EXACT_MATCH, TOKEN_ACCURACY)
