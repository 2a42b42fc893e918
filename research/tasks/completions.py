"""Completions scored after their prompts, by trained and by counted language models.

Prompts of any length share batches: what a completion is given depends on its own row alone. Shapes: b rows, t tokens, q scored tokens.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.classic import ngram
from research.config.decoding import Greedy
from research.config.node import Node
from research.data.prompts import Query
from research.models import MODELS
from research.models.decode import generate_tokens
from research.tasks.position_scores import PositionScores, logit_scores
from research.tasks.translating import prefill

ROWS = 32  # scored at a time
SHORTEST_ROW = 16  # tokens in the shortest row: rows are padded to powers of two, so that few shapes are compiled


class CompletionScores(NamedTuple):
    """Of one completion."""

    nats: Float[np.ndarray, " n"]  # of each of its tokens
    likeliest: Int[np.ndarray, " n"]  # the token that the model holds likeliest there


def score_completions(model: Node, params: PyTree, vocabulary: int, queries: Sequence[Query], rows: int = ROWS) -> list[CompletionScores]:
    """Each completion by a trained model, in the order of the queries."""
    judged: dict[int, CompletionScores] = {}
    q = _width(max(len(query.completion) for query in queries))
    for width, numbers in _batches(queries, rows):
        batch = [queries[number] for number in numbers]
        inputs, valid, where, targets = _rows(batch + [batch[-1]] * (rows - len(batch)), width, q)
        batch_scores = jax.device_get(_score_rows(model, params, inputs, valid, where, targets, vocabulary))
        for row, number in enumerate(numbers):
            n = len(queries[number].completion)
            judged[number] = CompletionScores(batch_scores.nats[row, :n], batch_scores.likeliest[row, :n])
    return [judged[number] for number in range(len(queries))]


def score_completions_by_ngram(model: ngram.NGramModel, queries: Sequence[Query]) -> list[CompletionScores]:
    """Each completion by an n-gram, which begins anew at every line's end: examples on lines before change nothing."""

    def judge_query(query: Query) -> CompletionScores:
        text = np.concatenate([query.context, query.completion])
        ends = range(len(query.context), len(text))
        likeliest = [int(ngram.next_log_probabilities(model, text[:end]).argmax()) for end in ends]
        return CompletionScores(-ngram.log_probabilities(model, text)[len(query.context) :], np.array(likeliest))

    return [judge_query(query) for query in queries]


def greedy_completions(model: Node, params: PyTree, vocabulary: int, queries: Sequence[Query], rows: int = ROWS) -> list[np.ndarray]:
    """What a trained model itself writes after each context, the likeliest token at a time, as many tokens as the completion has."""
    continuations: dict[int, np.ndarray] = {}
    steps = max(len(query.completion) for query in queries)
    for width, numbers in _batches(queries, rows):
        batch = [queries[number] for number in numbers]
        contexts = [query._replace(completion=query.completion[:1]) for query in batch + [batch[-1]] * (rows - len(batch))]
        inputs, valid, _, _ = _rows(contexts, width, 1)
        carry, logits = prefill(model, params, inputs, valid, steps, vocabulary)
        texts = np.asarray(generate_tokens(model, params, carry, logits, jax.random.key(0), decoder=Greedy(), steps=steps, end=None).tokens)
        continuations |= {number: texts[row, : len(queries[number].completion)] for row, number in enumerate(numbers)}
    return [continuations[number] for number in range(len(queries))]


def greedy_completions_by_ngram(model: ngram.NGramModel, queries: Sequence[Query]) -> list[np.ndarray]:
    """The same by an n-gram."""

    def continue_greedily(query: Query) -> np.ndarray:
        text = list(query.context)
        for _ in query.completion:
            text.append(int(ngram.next_log_probabilities(model, np.array(text)).argmax()))
        return np.array(text[len(query.context) :])

    return [continue_greedily(query) for query in queries]


@partial(jax.jit, static_argnames=("model", "vocabulary"))
def _score_rows(
    model: Node,
    params: PyTree,
    inputs: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    where: Int[Array, "b q"],
    targets: Int[Array, "b q"],
    vocabulary: int,
) -> PositionScores:
    kind = MODELS[type(model)]
    h = kind.hidden(model, params, kind.empty(model, inputs.shape[0], 0, vocabulary), inputs, valid, None, False)[1]
    kernel, bias = kind.output(model, params)
    return logit_scores(jnp.take_along_axis(h, where[..., None], axis=1), kernel, bias, targets)


def _batches(queries: Sequence[Query], rows: int) -> Iterator[tuple[int, list[int]]]:
    """The width of each batch and the queries in it: at most `rows` of one width."""
    widths = np.array([_width(len(query.context) + len(query.completion) - 1) for query in queries])
    for width in np.unique(widths):
        members = np.flatnonzero(widths == width).tolist()
        yield from ((int(width), members[first : first + rows]) for first in range(0, len(members), rows))


def _width(tokens: int) -> int:
    return max(SHORTEST_ROW, 1 << (tokens - 1).bit_length())


def _rows(batch: Sequence[Query], width: int, q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, where they exist, and of the scored tokens their places and the tokens; behind a completion its last place is repeated."""
    inputs, valid = np.zeros((len(batch), width), np.int32), np.zeros((len(batch), width), bool)
    where, targets = np.zeros((len(batch), q), np.int32), np.zeros((len(batch), q), np.int32)
    for row, query in enumerate(batch):
        tokens = np.concatenate([query.context, query.completion[:-1]])
        inputs[row, : len(tokens)], valid[row, : len(tokens)] = tokens, True
        where[row] = np.minimum(len(query.context) - 1 + np.arange(q), len(tokens) - 1)
        targets[row, : len(query.completion)] = query.completion
    return inputs, valid, where, targets


def right_completions(queries: Sequence[Query]) -> list[int]:
    """The places of the first completion of each line."""
    return [i for i, query in enumerate(queries) if i == 0 or query.line != queries[i - 1].line]


def line_items(queries: Sequence[Query], judged: Sequence[CompletionScores]) -> dict[str, np.ndarray]:
    """Of each line: nats and tokens of its right completion, whether the likeliest tokens are that completion, and where there are
    several, whether it is the one that has most probability a character, of all alone.

    A greedy text that is right so far reads the completion itself, so that it is right where every likeliest token is.
    """
    first = right_completions(queries)
    right = [(queries[i], judged[i]) for i in first]
    items = {
        "id": np.array([query.line for query, _ in right], np.int64),
        "tokens": np.array([len(query.completion) for query, _ in right], np.int64),
        "loss": np.array([_total_nats(scored) for _, scored in right]),
        "exact": np.array([bool((scored.likeliest == query.completion).all()) for query, scored in right]),
    }
    if len(first) == len(queries):
        return items
    rates = np.array([_total_nats(scored) / query.characters for query, scored in zip(queries, judged, strict=True)])
    groups = np.split(rates, first[1:])
    return items | {"preferred": np.array([bool(group[0] < group[1:].min()) for group in groups])}


def _total_nats(judged: CompletionScores) -> float:
    return float(judged.nats.sum(dtype=np.float64))


def completion_characters(queries: Sequence[Query]) -> int:
    """Of the right completions, with the spaces before them."""
    return sum(queries[i].characters for i in right_completions(queries))


def completion_metrics(queries: Sequence[Query], items: dict[str, np.ndarray]) -> dict[str, float]:
    """perplexity a token and bits_per_character of the right completions; the shares exact_match and, of several, preferred."""
    nats = float(items["loss"].sum())
    with np.errstate(over="ignore"):
        perplexity = float(np.exp(np.float64(nats / items["tokens"].sum())))
    values = {"perplexity": perplexity, "bits_per_character": nats / float(np.log(2)) / completion_characters(queries)}
    values["exact_match"] = float(items["exact"].mean())
    return values | ({"preferred": float(items["preferred"].mean())} if "preferred" in items else {})
