"""A split cut into batches to be scored: every token once, whatever the length, stride, segments and batch size.

    stream     the text is cut into `segments` equal parts. In each, windows of at most `length` inputs move by `stride` and
               score their last `stride` tokens. A window never reaches back before its segment: the first ones are shorter,
               padded on the left. The last ends with the segment, and scores only what is left
    stream, of a model trained on columns
               rows are the segments and batches follow in time, so that the evaluator hands the state on
    sentence   every line starts anew, with the end of the line before as its first input. A line longer than `length`
               goes on in windows that move by `stride`; its first window scores all of its tokens
    examples   rows in order, scored where they say

The first input of a segment is the token before it, of the first one eos. Padding rows and positions are not valid and have
weight 0. At most `tokens_per_batch` inputs make a batch (one row at least); rows are spread evenly over batches.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Int64

from research.config.data import AnyData
from research.config.evaluation import Evaluation
from research.data.batch_arrays import Batch, prepend_eos, scored_index
from research.data.dataset import ExampleSplit, Split, TextSplit

BUCKETS = (0.5, 0.8, 0.95, 1.0)  # quantiles of the rows' lengths that become shapes, for `sentence`


class Windows(NamedTuple):
    """Rows over a text. Row i reads the inputs of tokens start..end-1 and scores tokens first..end-1."""

    start: Int[np.ndarray, "r"]
    first: Int[np.ndarray, "r"]
    end: Int[np.ndarray, "r"]


def eval_batches(
    data: AnyData, evaluation: Evaluation, split: Split, eos: int | None, length: int, stride: int, tokens_per_batch: int = 4096
) -> tuple[Batch, ...]:
    """The batches of a split, of numpy arrays: each element stacks batches of one shape, [n_batches, b, t], to be scored in this order.

    `length` and `stride` are those of the window (`eval.length`, or one of `eval.also`); examples ignore them and `evaluation`.
    """
    if not isinstance(split, TextSplit):
        return (_example_batches(split, tokens_per_batch),)
    assert data.reads == "text", "a text needs the config of a text"
    assert split.stored[-1] == eos, "a text ends with eos, which is the first token's input"
    if evaluation.context == "sentence":
        return _sentence_batches(split, length, stride, tokens_per_batch)
    cuts = _segment_cuts(len(split), evaluation.segments)
    if data.batches == "columns":
        return (_carried_batches(split, cuts, length),)
    windows = _windows(cuts[:-1], cuts[1:], length, stride, first=stride)
    return (_stack(_right_aligned(split, windows, length, stride), length, tokens_per_batch),)


def scored_tokens(split: Split) -> int:
    """How many tokens of a split are scored: n of `index`."""
    return len(split) if isinstance(split, TextSplit) else int((split.weight > 0).sum())


def items(split: Split) -> Int64[np.ndarray, "n"]:
    """The item that each scored token belongs to: its sentence, or its example."""
    return split.sentence.astype(np.int64) if isinstance(split, TextSplit) else np.nonzero(split.weight > 0)[0].astype(np.int64)


def groups(split: Split) -> Int64[np.ndarray, "n"] | None:
    """The group of each scored token, such as its distance; None for a text."""
    return None if isinstance(split, TextSplit) else split.group[items(split)].astype(np.int64)


def _segment_cuts(n: int, segments: int) -> Int64[np.ndarray, "cuts"]:
    """Where segments begin, and n: equal parts, to one token; fewer where there are not as many tokens."""
    segments = min(segments, n)
    return np.arange(segments + 1, dtype=np.int64) * n // segments


def _windows(begin: Int[np.ndarray, "s"], end: Int[np.ndarray, "s"], length: int, stride: int, first: int) -> Windows:
    """The windows of segments begin..end-1: the first window of each scores `first` tokens, every other `stride`."""
    count = 1 + np.maximum(0, -(-(end - begin - first) // stride))
    segment = np.repeat(np.arange(len(begin)), count)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    scored_from = np.where(number == 0, begin[segment], begin[segment] + first + (number - 1) * stride)
    scored_to = np.minimum(begin[segment] + first + number * stride, end[segment])
    return Windows(np.maximum(begin[segment], scored_to - length), scored_from, scored_to)


def _text_rows(split: TextSplit, windows: Windows, token: Int[np.ndarray, "r t"], scored: Int[np.ndarray, "q"] | None = None) -> Batch:
    """Rows whose position j reads the input of `token[:, j]`; `scored` are the positions that may be scored, by default all."""
    text = prepend_eos(split.tokens)
    start, first, end = (bound[:, None] for bound in windows)
    valid = (start <= token) & (token < end)
    inputs = np.where(valid, text[np.where(valid, token, 0)], 0)
    everywhere = scored is None or len(scored) == token.shape[1]
    columns = np.arange(token.shape[1]) if scored is None else scored
    scores = (valid & (token >= first))[:, columns]
    target = np.where(scores, token[:, columns], 0)
    return Batch(
        inputs=inputs.astype(np.int32),
        valid=valid,
        targets=np.where(scores, text[target + 1], 0).astype(np.int32),
        weight=scores.astype(np.float32),
        where=None if everywhere else np.broadcast_to(columns, scores.shape),
        index=np.where(scores, target, -1).astype(np.int32),
    )


def _right_aligned(split: TextSplit, windows: Windows, length: int, stride: int) -> Batch:
    """Rows of `length` inputs that end with the window; their last `stride` positions may be scored."""
    token = windows.end[:, None] - length + np.arange(length)[None]
    return _text_rows(split, windows, token, np.arange(length - stride, length, dtype=np.int32))


def _carried_batches(split: TextSplit, cuts: Int[np.ndarray, "cuts"], length: int) -> Batch:
    """Batch i holds the i-th `length` tokens of every segment."""
    begin, end = cuts[:-1], cuts[1:]
    steps = -(-int((end - begin).max()) // length)
    token = begin[None, :, None] + (np.arange(steps)[:, None] * length + np.arange(length)[None])[:, None]
    whole = Windows(*(np.tile(bound, steps) for bound in (begin, begin, end)))
    rows = _text_rows(split, whole, token.reshape(-1, length))
    return _each(rows, lambda _, array: array.reshape(steps, len(begin), -1))


def _sentence_batches(split: TextSplit, length: int, stride: int, tokens_per_batch: int) -> tuple[Batch, ...]:
    end = np.flatnonzero(np.diff(split.sentence, append=split.sentence[-1] + 1)) + 1
    windows = _windows(np.concatenate([[0], end[:-1]]), end, length, stride, first=length)
    size = windows.end - windows.start
    shapes = np.unique(np.quantile(size, BUCKETS, method="higher"))
    bucket = np.searchsorted(shapes, size)
    rows = [_left_aligned(split, Windows(*(bound[bucket == i] for bound in windows)), int(t)) for i, t in enumerate(shapes)]
    return tuple(_stack(shape_rows, shape_rows.inputs.shape[1], tokens_per_batch) for shape_rows in rows)


def _left_aligned(split: TextSplit, windows: Windows, length: int) -> Batch:
    """Rows of `length` inputs that begin with the window."""
    return _text_rows(split, windows, windows.start[:, None] + np.arange(length)[None])


def _example_batches(split: ExampleSplit, tokens_per_batch: int) -> Batch:
    rows = Batch(split.inputs, split.valid, split.targets, split.weight, split.where, scored_index(split.weight), split.source, split.scale)
    return _stack(rows, split.inputs.shape[1], tokens_per_batch)


def _stack(rows: Batch, length: int, tokens_per_batch: int) -> Batch:
    """All rows as batches of equal size, the last filled with rows that do not exist."""
    n = len(rows.inputs)
    batches = -(-n // max(1, tokens_per_batch // length))
    size = -(-n // batches)
    missing = batches * size - n

    def stacked(name: str, rows: np.ndarray) -> np.ndarray:
        padding = np.full((missing, *rows.shape[1:]), -1 if name == "index" else 0, rows.dtype)
        return np.concatenate([rows, padding]).reshape(batches, size, *rows.shape[1:])

    return _each(rows, stacked)


def _each(rows: Batch, change: Callable[[str, np.ndarray], np.ndarray]) -> Batch:
    changed: dict[str, Any] = {name: change(name, array) for name, array in vars(rows).items() if isinstance(array, np.ndarray)}
    return replace(rows, **changed)
