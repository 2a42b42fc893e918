"""What the scored tokens of a split belong to: items, groups, slices."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int

from research.config.tagged import Scheme
from research.data.dataset import Dataset, ExampleSplit, Identity, Scale, Split, TextSplit, units
from research.data.eval_batches import groups, items
from research.data.slices import slices


class TokenMembership(NamedTuple):
    """Of each scored token of a split: its item (sentence or example), its group where there are groups, and who is in which slice."""

    items: Int[np.ndarray, " n"]
    groups: Int[np.ndarray, " n"] | None = None
    names: tuple[str, ...] = ()  # of the groups, where they are not numbers: classes
    slices: Mapping[str, Bool[np.ndarray, " n"]] = {}
    units: Mapping[str, int] = {}  # of a text: how many characters it has, and bytes
    identity: Identity | None = None  # of the split; None of one that was made by hand
    clusters: Int[np.ndarray, " i"] | None = None  # of each item of the split by its number; None where each stands alone
    ratings: Float64[np.ndarray, " n"] | None = None  # what is right, where it is a number
    scale: Scale = Scale()  # of numbers: what makes standard ones of them
    scheme: Scheme = "none"  # how groups that are tags make spans


def named_split(data: Dataset, name: str) -> Split:
    """A split by its name."""
    return {"train": data.train, "valid": data.valid, "test": data.test}[name]


def token_membership(data: Dataset, name: str) -> TokenMembership:
    """Of a text its lines, characters and bytes; of examples and pairs themselves, and the group of each."""
    split, clusters = named_split(data, name), data.clusters if name == "test" else None
    text_units = units(split) if isinstance(split, TextSplit) else {}
    return TokenMembership(items(split), groups(split), units=text_units, identity=data.identities.get(name), clusters=clusters)


def sentence_membership(data: Dataset, name: str) -> TokenMembership:
    """Of labelled sentences: the group is the class, by its name, and slices are parts on which classifiers fail.

    A slice that is called like a class, as `long`, is none: what is told under its name is of the class.
    """
    parts = slices(data.sentences[name], data.sentences["train"])
    parts = {part: members for part, members in parts.items() if part not in data.classes}
    return token_membership(data, name)._replace(names=data.classes, slices=parts)


def rated_membership(data: Dataset, name: str) -> TokenMembership:
    """Of rated sentences: no groups, the same slices, and the ratings with the scale of the training split."""
    return with_ratings(sentence_membership(data, name), data, name)


def with_ratings(belongs: TokenMembership, data: Dataset, name: str) -> TokenMembership:
    """What sentences belong to, with their numbers in place of their groups."""
    assert isinstance(data.train, ExampleSplit), "a rated sentence is an example"
    ratings = data.sentences[name].labels.astype(np.float64)
    return belongs._replace(groups=None, ratings=ratings, scale=data.train.scale)
