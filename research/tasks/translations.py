"""What a finished run writes after the sources of the test split, and what it looks at: all that reports know of its texts."""

from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Int, PyTree

from research.config.model_facts import model_facts
from research.config.node import Node
from research.config.pairs import Rewrite
from research.config.schema import Config
from research.data.dataset import Dataset, ExampleSplit
from research.data.rewrite import true_alignment
from research.models import has_encoder
from research.nn.random_streams import stream_key
from research.tasks.translating import ROWS, mean_attention, source_attention, translate, translation_prompts
from research.text.alignment import alignment_accuracy, alignment_entropy
from research.text.translation_scores import unknown_share

ATTENTION_PAIRS = 4  # test pairs whose attention is kept


class Translations(NamedTuple):
    """Of the n pairs of the test split. `attention`: arrays of the first pairs, for a figure."""

    sources: tuple[str, ...]
    references: tuple[str, ...]  # as they are cut into symbols and put together again
    texts: tuple[tuple[str, ...], ...]  # of each source, the one that is scored first
    lengths: Int[np.ndarray, " n"]  # symbols of a source
    attention: dict[str, np.ndarray]
    alignment: dict[str, float]
    shares: dict[str, float]  # of unknown symbols in what was written first and in the references, and of references beyond the limit


def translate_test_split(config: Config, model: Node, seed: int, params: PyTree, data: Dataset) -> Translations:
    """The test split translated. `model`: the words of the program, so that runs of equal programs share what is compiled."""
    split_prompts, test = translation_prompts(data, "test"), data.test
    assert isinstance(test, ExampleSplit), "translation needs pairs"
    key = stream_key(jax.random.key(seed), "decode")
    texts = tuple(map(tuple, translate(model, config.decode, params, data, split_prompts, key, buckets=config.train.buckets)))
    arrays, figures = _test_attention(config, model, params, data, test) if has_encoder(model) else ({}, {})
    return Translations(
        data.pairs["test"].sources,
        split_prompts.references,
        texts,
        test.group,
        arrays,
        figures,
        _shares(data, test, texts, split_prompts.steps),
    )


def _shares(data: Dataset, test: ExampleSplit, texts: tuple[tuple[str, ...], ...], limit: int) -> dict[str, float]:
    """`limit`: of the symbols that are written, with the end."""
    assert data.sides, "translation needs pairs"
    reference_symbols = test.targets[(test.weight > 0) & (test.targets != data.eos)]
    return {
        "unknown_written": unknown_share([first for first, *_ in texts], data.sides.target.level),
        "unknown_in_references": float((reference_symbols == data.vocabulary.unk).mean()),
        "references_beyond_limit": float(((test.weight > 0).sum(axis=1) > limit).mean()),
    }


def _test_attention(
    config: Config, model: Node, params: PyTree, data: Dataset, test: ExampleSplit
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The attention of the first pairs, and of a task whose alignment is known how often it is right; over the true targets."""
    sees = model_facts(model).sees(model)
    rewrite = config.data if isinstance(config.data, Rewrite) else None
    n = len(test.inputs) if rewrite else min(ATTENTION_PAIRS, len(test.inputs))
    alignments = _alignments(model, params, test, n)
    if alignments is None:
        return {}, {}
    ends = test.weight[:n].sum(axis=1).astype(int)
    places = [np.flatnonzero(valid[: test.source]) for valid in test.valid[:n]]
    pairs = zip(alignments, ends, places, strict=True)
    weights = [alignment[:end] if sees else alignment[:end, columns] for alignment, end, columns in pairs]
    arrays: dict[str, np.ndarray] = {}
    for i in range(min(ATTENTION_PAIRS, n)):
        source = test.inputs[i, places[i]] - params.first_source if sees else _names(data, test.inputs[i, places[i]])
        arrays |= {f"weights_{i}": weights[i], f"source_{i}": source, f"target_{i}": _names(data, test.targets[i, : ends[i]])}
    return arrays, _against_truth(rewrite, weights, [test.inputs[i, columns] for i, columns in enumerate(places)]) if rewrite else {}


def _alignments(model: Node, params: PyTree, test: ExampleSplit, n: int) -> np.ndarray | None:
    """Of the first n pairs, [n q p], some rows at a time; None where there is no attention."""
    parts = []
    for first in range(0, n, ROWS):
        rows = np.minimum(np.arange(first, first + min(ROWS, n)), n - 1)  # one shape: the last row fills it
        weights = source_attention(model, params, test.inputs[rows], test.valid[rows], test.source)
        if weights is None:
            return None
        parts.append(mean_attention(np.asarray(weights))[: n - first])
    return np.concatenate(parts)


def _names(data: Dataset, numbers: Int[np.ndarray, " n"]) -> np.ndarray:
    return np.array([data.vocabulary.types[number] for number in numbers])


def _against_truth(config: Rewrite, weights: list[np.ndarray], sources: list[np.ndarray]) -> dict[str, float]:
    """Means over pairs. The target's end has no true place, and is left out of the accuracy."""
    right = [
        alignment_accuracy(alignment[:-1], true_alignment(config.task, source)) for alignment, source in zip(weights, sources, strict=True)
    ]
    return {"alignment_accuracy": float(np.mean(right)), "alignment_entropy": float(np.mean([*map(alignment_entropy, weights)]))}
