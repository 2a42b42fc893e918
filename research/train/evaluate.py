"""A split scored in full: nats and correctness of every token, in the split's own order, whatever the batches were."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from research.config.data import Labelled
from research.config.pairs import Pairs
from research.data.batches import Batch
from research.data.dataset import Identity
from research.results.length_ranges import length_ranges
from research.tasks.language_modelling import carries_state, empty_carry, evaluate
from research.train.lanes import shard_over_cores
from research.train.update import Program


class TokenMembership(NamedTuple):
    """Of each scored token of a split: its item (sentence or example), its group where there are groups, and who is in which slice."""

    items: Int[np.ndarray, " n"]
    groups: Int[np.ndarray, " n"] | None = None
    names: tuple[str, ...] = ()  # of the groups, where they are not numbers: classes
    slices: Mapping[str, Bool[np.ndarray, " n"]] = {}
    units: Mapping[str, int] = {}  # of a text: how many characters it has, and bytes
    identity: Identity | None = None  # of the split; None of one that was made by hand
    clusters: Int[np.ndarray, " i"] | None = None  # of each item of the split by its number; None where each stands alone


class SplitScores(NamedTuple):
    """What became of each scored token of a split."""

    nats: Float[np.ndarray, " n"] | None  # None where a model has no probabilities
    correct: Bool[np.ndarray, " n"] | None  # whether the likeliest symbol was right; None where that was not computed
    likeliest: Int[np.ndarray, " n"] | None = None


def carries_between_batches(program: Program) -> bool:
    """Whether an evaluation batch starts where the one before it ended: a stream scored by a model that was trained on columns."""
    return carries_state(program.config) and program.config.eval.context == "stream"


def first_carry(program: Program, rows: int) -> Any:
    """The carry before the first evaluation batch."""
    return empty_carry(program.config, program.sizes, rows) if carries_between_batches(program) else ()


def evaluate_batch(program: Program, params: Any, carry: Any, active: Bool[Array, ""], batch: Batch) -> tuple[Array, Array, Any]:
    """Nats and likeliest symbols [b q] of one batch, and the carry after it. A lane that is not active does no work."""
    start_carry = carry if carries_between_batches(program) else empty_carry(program.config, program.sizes, batch.inputs.shape[0])

    def score() -> tuple[Array, Array, Any]:
        nats, likeliest, end_carry = evaluate(program.config, params, start_carry, shard_over_cores(batch))
        return nats, likeliest, end_carry if carries_between_batches(program) else ()

    return lax.cond(active, score, lambda: (jnp.zeros(batch.targets.shape), jnp.zeros(batch.targets.shape, jnp.int32), carry))


def in_split_order(batches: Sequence[Batch], nats: np.ndarray, likeliest: np.ndarray, n: int) -> SplitScores:
    """Numbers in the order of batches -> in the order of the split; padding is dropped, and every token must have come once."""
    index, targets, weight = (concatenate([getattr(batch, name) for batch in batches]) for name in ("index", "targets", "weight"))
    scored = weight > 0
    assert np.array_equal(np.bincount(index[scored], minlength=n), np.ones(n, int)), "every token of a split is scored once"
    order = np.argsort(index[scored])
    return SplitScores(nats[scored][order], (likeliest == targets)[scored][order], likeliest[scored][order])


def compute_metrics(scores: SplitScores, data: Any, belongs: TokenMembership) -> dict[str, float]:
    """Loss in nats a token, perplexity, accuracy; bits a character and a byte; accuracy within groups and slices.

    Characters of a text count its newlines, and of words the one space between two: over them, models of different vocabularies
    compare. An unknown token pays for <unk> alone, however many characters it has, so that many of them make bits a character small.
    Of labelled sentences: macro F1, and the accuracy of a class is its recall; no perplexity.
    """
    labelled = isinstance(data, Labelled)
    metrics: dict[str, float] = {}
    if scores.nats is not None:
        metrics["loss"] = float(scores.nats.sum(dtype=np.float64)) / len(scores.nats)
    if scores.nats is not None and not labelled:
        metrics["perplexity"] = perplexity(metrics["loss"])
    if scores.nats is not None:
        metrics |= bits(scores, belongs)
    if scores.correct is None:
        return metrics
    metrics["accuracy"] = float(scores.correct.mean())
    if belongs.groups is not None and labelled and scores.likeliest is not None:
        metrics["macro_f1"] = macro_f1(belongs.groups, scores.likeliest)
    for name, members in _parts(belongs, isinstance(data, Pairs)):
        metrics[f"accuracy_at_{name}"] = float(scores.correct[members].mean())
    return metrics


def bits(scores: SplitScores, belongs: TokenMembership) -> dict[str, float]:
    """The bits of all tokens over the characters, and over the bytes, of the text that they belong to."""
    assert scores.nats is not None
    total = float(scores.nats.sum(dtype=np.float64)) / float(np.log(2))
    return {f"bits_per_{unit}": total / count for unit, count in belongs.units.items()}


def macro_f1(targets: Int[np.ndarray, " n"], predicted: Int[np.ndarray, " n"]) -> float:
    """The mean over the classes, of targets or predictions, of 2 right / (2 right + wrong + missed)."""

    def f1(c: np.integer) -> float:
        return 2 * ((predicted == c) & (targets == c)).sum() / ((predicted == c).sum() + (targets == c).sum())

    return float(np.mean([f1(c) for c in np.union1d(targets, predicted)]))


def _parts(belongs: TokenMembership, lengths: bool) -> list[tuple[str, np.ndarray]]:
    """Groups and slices that are not empty, by name. `lengths`: groups are lengths of sources, whose ranges count items, not tokens."""
    names, groups = belongs.names, belongs.groups
    if groups is not None and lengths:
        _, first, inverse = np.unique(belongs.items, return_index=True, return_inverse=True)
        range_names = length_ranges(groups[first])[inverse]
        return [(name, range_names == name) for name in dict.fromkeys(range_names[np.argsort(groups, kind="stable")].tolist())]
    grouped = [(names[g] if names else str(g), groups == g) for g in np.unique(groups)] if groups is not None else []
    return grouped + [(name, members) for name, members in belongs.slices.items() if members.any()]


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(loss)))


def by_item(scores: SplitScores, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Sums over the tokens of each item (sentence or example): what items.npz holds. A labelled sentence's class and prediction too."""
    ids, inverse = np.unique(belongs.items, return_inverse=True)
    count = lambda weights=None: np.bincount(inverse, weights, minlength=len(ids))
    items = {"id": ids.astype(np.int64), "tokens": count().astype(np.int64)}
    if scores.nats is not None:
        items["loss"] = count(scores.nats.astype(np.float64))
    if scores.correct is not None:
        items["correct"] = count(scores.correct).astype(np.int64)
    if belongs.clusters is not None:
        items["cluster"] = belongs.clusters[ids].astype(np.int64)
    if belongs.groups is not None and belongs.names and scores.likeliest is not None:
        items |= {"class": belongs.groups.astype(np.int64), "predicted": scores.likeliest.astype(np.int64)}
    return items


def concatenate(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Batches of any shape, flattened one after another."""
    return np.concatenate([np.asarray(part).ravel() for part in parts])
