"""A split scored in full: nats and correctness of every token, in the split's own order, whatever the batches were."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from research.config.data import Text
from research.data.batches import Batch
from research.tasks.language_modelling import carries, empty, evaluate
from research.train.lanes import spread
from research.train.update import Program

TOKEN = {"char": "character", "byte": "byte"}


class Scores(NamedTuple):
    """What became of each scored token of a split."""

    nats: Float[np.ndarray, " n"]
    correct: Bool[np.ndarray, " n"] | None  # whether the likeliest symbol was right; None where nobody asked


def hands_on(program: Program) -> bool:
    """Whether an evaluation batch starts where the one before it ended: a stream scored by a model that was trained on columns."""
    return carries(program.config) and program.config.eval.context == "stream"


def first_carry(program: Program, rows: int) -> Any:
    """The carry before the first evaluation batch."""
    return empty(program.config, program.sizes, rows) if hands_on(program) else ()


def evaluate_batch(program: Program, params: Any, carry: Any, active: Bool[Array, ""], batch: Batch) -> tuple[Array, Array, Any]:
    """Nats and correctness [b q] of one batch, and the carry after it. A lane that is not active does no work."""
    before = carry if hands_on(program) else empty(program.config, program.sizes, batch.inputs.shape[0])

    def score() -> tuple[Array, Array, Any]:
        nats, correct, after = evaluate(program.config, params, before, spread(batch))
        return nats, correct, after if hands_on(program) else ()

    return lax.cond(active, score, lambda: (jnp.zeros(batch.targets.shape), jnp.zeros(batch.targets.shape, bool), carry))


def in_order(index: Int[np.ndarray, " m"], scored: Bool[np.ndarray, " m"], nats: np.ndarray, correct: np.ndarray, n: int) -> Scores:
    """Numbers in the order of batches -> in the order of the split; padding is dropped, and every token must have come once."""
    assert np.array_equal(np.bincount(index[scored], minlength=n), np.ones(n, int)), "every token of a split is scored once"
    back = np.argsort(index[scored])
    return Scores(nats[scored][back], correct[scored][back])


def measure(scores: Scores, data: Any, groups: Int[np.ndarray, " n"] | None, characters: int | None = None) -> dict[str, float]:
    """Loss in nats a token, perplexity, accuracy; bits a character or byte; accuracy within each group.

    A text's `characters` count its newlines, and of words the one space between two: over them, models of different vocabularies
    compare. An unknown token pays for <unk> alone, however many characters it has, so that many of them make bits a character small.
    """
    loss = float(scores.nats.sum(dtype=np.float64)) / len(scores.nats)
    found = {"loss": loss, "perplexity": perplexity(loss)}
    if isinstance(data, Text) and data.level in TOKEN:
        found[f"bits_per_{TOKEN[data.level]}"] = loss / float(np.log(2))
    elif characters:
        found["bits_per_character"] = loss / float(np.log(2)) * len(scores.nats) / characters
    if scores.correct is None:
        return found
    found["accuracy"] = float(scores.correct.mean())
    for group in np.unique(groups) if groups is not None else ():
        found[f"accuracy_at_{group}"] = float(scores.correct[groups == group].mean())
    return found


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(loss)))


def by_item(scores: Scores, items: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
    """Sums over the tokens of each item (sentence or example): what items.npz holds."""
    ids, inverse = np.unique(items, return_inverse=True)
    count = lambda weights=None: np.bincount(inverse, weights, minlength=len(ids))
    found = {"id": ids.astype(np.int64), "loss": count(scores.nats.astype(np.float64)), "tokens": count().astype(np.int64)}
    return found if scores.correct is None else found | {"correct": count(scores.correct).astype(np.int64)}


def concatenate(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Batches of any shape, flattened one after another."""
    return np.concatenate([np.asarray(part).ravel() for part in parts])
