"""BLEU and chrF of many corpora at once, from their summed counts; and the metrics of a run from the items of its texts."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

CORPUS = ("bleu", "chrf")  # scores of a corpus, which are no mean over its items
MEANS = {"exact_match": "exact", "token_accuracy": "token_accuracy"}  # metric -> its item
DIVERSITIES = (
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "self_bleu",
)  # means over items of the same names, where texts of a source are several
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


def corpus_score(metric: str, sums: Float[np.ndarray, "*c m"]) -> Float[np.ndarray, "*c"]:
    """The one of CORPUS that is named."""
    return {"bleu": corpus_bleu, "chrf": corpus_chrf}[metric](sums)


def text_metrics(items: Mapping[str, np.ndarray], groups: np.ndarray | Sequence[str] | None = None) -> dict[str, float]:
    """bleu and chrf in 0..100, exact_match and token_accuracy in 0..1, of `text_items`; within each group too: `exact_match_at_12`.

    `groups` [n]: of each item, such as the symbols of its source, or a range of them: `exact_match_at_10_to_14`.
    """
    metrics = _scores(items, slice(None), "")
    for group in () if groups is None else np.unique(groups):
        metrics |= _scores(items, np.asarray(groups) == group, f"_at_{group}")
    return metrics


def _scores(items: Mapping[str, np.ndarray], members: np.ndarray | slice, suffix: str) -> dict[str, float]:
    corpus = {f"{name}{suffix}": float(corpus_score(name, items[name][members].sum(axis=0).astype(float))) for name in CORPUS}
    return corpus | {f"{metric}{suffix}": float(items[item][members].mean()) for metric, item in MEANS.items()}
