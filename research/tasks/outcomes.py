"""What became of each scored token of a split, as arrays by name, and what tasks of symbols make of them.

`nats`: the cross-entropy of the target; `likeliest`: the symbol with the largest score; `correct`: whether it is the target. A model
without probabilities gives no nats, and one that does not say what it holds for the likeliest gives neither of the others.
Shapes: n scored tokens, i items.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Shaped

from research.tasks.membership import TokenMembership

TOKEN_FIELDS = {"nats": "loss", "correct": "correct"}  # of items, whose sums over tokens are those of an outcome
Outcomes = dict[str, Shaped[np.ndarray, " n"]]


def concatenate(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Batches of any shape, flattened one after another."""
    return np.concatenate([np.asarray(part).ravel() for part in parts])


def blank_outcomes(types: Mapping[str, type[np.generic]], n: int) -> Outcomes:
    """The form of n tokens' outcomes."""
    return {name: np.zeros(n, dtype) for name, dtype in types.items()}


def mean_loss(outcomes: Outcomes) -> dict[str, float]:
    """Nats a token; nothing of a model without probabilities."""
    return {"loss": float(outcomes["nats"].sum(dtype=np.float64)) / len(outcomes["nats"])} if "nats" in outcomes else {}


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(loss)))


def bits(outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """The bits of all tokens over the characters, and over the bytes, of the text that they belong to.

    Characters count newlines, and of words the one space between two: over them, models of different vocabularies compare. An unknown token
    pays for <unk> alone, however many characters it has, so that many of them make bits a character small.
    """
    total = float(outcomes["nats"].sum(dtype=np.float64)) / float(np.log(2))
    return {f"bits_per_{unit}": total / count for unit, count in belongs.units.items()}


def accuracies(correct: Bool[np.ndarray, " n"], parts: Sequence[tuple[str, np.ndarray]]) -> dict[str, float]:
    """The share of right tokens, in all and within each part."""
    return {"accuracy": float(correct.mean())} | {f"accuracy_at_{name}": float(correct[members].mean()) for name, members in parts}


def token_sums(outcomes: Outcomes) -> dict[str, Shaped[np.ndarray, " 1"]]:
    """Of all tokens as of one item, the fields that metrics of tokens are made of."""
    tokens = np.array([len(next(iter(outcomes.values())))])
    sums = {field: outcomes[name].sum(dtype=np.float64)[None] for name, field in TOKEN_FIELDS.items() if name in outcomes}
    return {"tokens": tokens, **sums}


def token_fields(available: frozenset[str]) -> set[str]:
    """The fields of `token_sums`, of the outcomes that there are."""
    return {"tokens", *(field for name, field in TOKEN_FIELDS.items() if name in available)}


def group_parts(belongs: TokenMembership) -> list[tuple[str, np.ndarray]]:
    """Groups and slices that are not empty, by name."""
    names, groups = belongs.names, belongs.groups
    grouped = [(names[g] if names else str(g), groups == g) for g in np.unique(groups)] if groups is not None else []
    return grouped + [(name, members) for name, members in belongs.slices.items() if members.any()]


def sum_by_item(belongs: TokenMembership) -> tuple[np.ndarray, Callable[..., np.ndarray]]:
    """The items' numbers in ascending order, and what sums weights [n] over the tokens of each, or counts them."""
    ids, inverse = np.unique(belongs.items, return_inverse=True)
    return ids, lambda weights=None: np.bincount(inverse, weights, minlength=len(ids))


def by_item(outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Sums over the tokens of each item (sentence or example): what items.npz holds."""
    ids, count = sum_by_item(belongs)
    items = {"id": ids.astype(np.int64), "tokens": count().astype(np.int64)}
    if "nats" in outcomes:
        items["loss"] = count(outcomes["nats"].astype(np.float64))
    if "correct" in outcomes:
        items["correct"] = count(outcomes["correct"]).astype(np.int64)
    if belongs.clusters is not None:
        items["cluster"] = belongs.clusters[ids].astype(np.int64)
    return items


def item_sums(name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """The items of a task whose splits all have the same sums."""
    return by_item(outcomes, belongs)
