"""The form of a metric: all that tasks, launches, tests and tables know of a number that is reported.

One entry each, in `registry.METRICS`. A metric of items says of which field of a run's items it is made, and how: so it is measured, has an
interval and a paired test, without a further word anywhere. numpy only.
Shapes: n items, m numbers an item, r choices of items.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

Array = np.ndarray

Holds: TypeAlias = Literal["nats", "shares", "counts"]
MadeOf: TypeAlias = Literal["targets", "texts", "several texts"]
Form: TypeAlias = Literal["ratio", "sums", "ranks"]
Shown: TypeAlias = Literal["itself", "trials", "exponential", "proportional"]
Written: TypeAlias = Literal["number", "per cent", "points", "quantity", "count"]
Scope: TypeAlias = Literal["split", "cell", "run", "cost"]


class ItemField(NamedTuple):
    """What a run keeps of each item, from which metrics are made.

    name: in `Items.fields`, and in items.npz where it is stored as it is
    holds: nats and shares [n] are averaged over runs; counts [n m] of runs stand side by side, as a score of means is no mean of scores
    made_of: predictions of targets, texts that were written, or several texts for one source
    read(arrays of items.npz) -> [n] or [n m]; None where they do not hold it
    of_texts(written texts, their references) -> [n] or [n m], which is stored; None of what is not counted so, or by the task itself
    """

    name: str
    holds: Holds
    made_of: MadeOf
    read: Callable[[Mapping[str, Array]], Array | None]
    of_texts: Callable[[Sequence[str], Sequence[str]], Array] | None


def stored_field(name: str, holds: Holds, made_of: MadeOf = "targets") -> ItemField:
    """A field that items.npz holds as it is, under its own name, and that the task counts."""
    return ItemField(name, holds, made_of, lambda arrays: arrays.get(name), None)


class Statistic(NamedTuple):
    """How a metric is made of a field of items.

    form: "ratio", the field's sum over the sum of `per`; "sums", the `score` of the field's sums; "ranks", the `score` of pairs of numbers
    that are ranked among the items that are chosen
    per: what a ratio is over, tokens or items
    shown: what the metric is to a ratio: itself; a share of trials that are right or wrong; its exponential; or in proportion to it, by a
    factor that no choice of items changes, such as tokens a character
    score: of sums, [*c m] -> [*c]; of ranks, (first [n], second [n], weights of 0 or 1 [r n]) -> [r]
    """

    field: ItemField
    form: Form
    per: Literal["tokens", "items"]
    shown: Shown
    score: Callable[..., Array]


def ratio(field: ItemField, per: Literal["tokens", "items"], shown: Shown = "itself") -> Statistic:
    """The sum of a field over all tokens, or over all items."""
    return Statistic(field, "ratio", per, shown, lambda sums: sums[..., 0] / sums[..., 1])


def of_sums(field: ItemField, score: Callable[[Array], Array]) -> Statistic:
    """A function of the field's sums, [*c m] -> [*c], which is no mean over items.

    Where m differs between rows, as with classes, zeros behind the sums change nothing.
    """
    return Statistic(field, "sums", "items", "itself", score)


def of_ranks(field: ItemField, score: Callable[[Array, Array, Array], Array]) -> Statistic:
    """A function of the order of two numbers of each item, as (first [n], second [n], weights of 0 or 1 [r n]) -> [r]."""
    return Statistic(field, "ranks", "items", "itself", score)


class Metric(NamedTuple):
    """A number that is reported. Nothing has a default.

    name: as in result.json, without its split
    title: as a table's head has it, without unit
    direction: 1 where higher is better, -1 where lower is, 0 where neither is known to be
    bounds: the least and the greatest value that it can have
    written: a number with as many digits as it needs; a share, in per cent; points of a hundred, to one decimal; a quantity with k, M, G;
    a count, digit by digit
    scope: of a scored split; or of a cell before it is run, of a run, of what the run cost
    compares: two values compare if the same targets were predicted, or if the same text was scored, whatever its tokens
    like: what names without an entry have in common with it: they begin with this where lower is better, hold it where higher is; "" none
    at: what follows `_at_` in a longer name: a group of the items, or a setting of the metric such as a length
    statistic: how it is made of items; None where it is not
    measured: whether each task whose items hold its field measures it; else tasks and analyses that want it say so
    """

    name: str
    title: str
    direction: Literal[-1, 0, 1]
    bounds: tuple[float, float]
    written: Written
    scope: Scope
    compares: Literal["targets", "text"]
    like: str
    at: Literal["group", "setting"]
    statistic: Statistic | None
    measured: bool
