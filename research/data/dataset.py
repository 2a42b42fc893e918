"""What a loaded dataset is: a vocabulary and three splits, each a text or a set of examples. Values without behaviour."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from research.text.sides import Side
from research.text.vocabulary import Vocabulary

SPLITS = ("train", "valid", "test")
SCORED = ("valid", "test")


class TextSplit(NamedTuple):
    """A text. Token i is predicted from the tokens before it; the input before the first token is eos. The last token is eos."""

    tokens: Int32[np.ndarray, "n"]
    sentence: Int32[np.ndarray, "n"]  # the line that a token belongs to; a line's end belongs to the line that it ends
    characters: Int64[np.ndarray, ""] | None = None  # how many the text has, newlines included, where that is known
    bytes: Int64[np.ndarray, ""] | None = None  # of its UTF-8


def units(split: TextSplit) -> dict[str, int]:
    """How many characters and bytes a text has, where that is known: what its bits are told by."""
    counts = {"character": split.characters, "byte": split.bytes}
    return {unit: int(count) for unit, count in counts.items() if count is not None}


class Scale(NamedTuple):
    """What makes standard numbers of those of the data, (number - mean) / deviation: both are those of the training split."""

    mean: float = 0.0
    deviation: float = 1.0


class ExampleSplit(NamedTuple):
    """Independent sequences. At input position where[i, j] the model predicts targets[i, j]; weight 0 marks padding of j.

    Targets are symbols or classes by their numbers, or, where the data asks for a number, standard numbers by `scale`.
    """

    inputs: Int32[np.ndarray, "n t"]
    valid: Bool[np.ndarray, "n t"]
    targets: Int32[np.ndarray, "n q"] | Float32[np.ndarray, "n q"]
    where: Int32[np.ndarray, "n q"]
    weight: Float32[np.ndarray, "n q"]
    group: Int32[np.ndarray, "n"]  # a number that results are also reported by, such as the distance
    source: int = 0  # of pairs: how many columns are the source's, right-aligned, before <sep>
    scale: Scale = Scale()  # of numbers


class LabelledSentences(NamedTuple):
    """Labelled or rated sentences as they are, of any length: what rules and counts read, and what an error analysis shows."""

    texts: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    labels: Int32[np.ndarray, "n"] | Float64[np.ndarray, "n"]  # numbers of the dataset's classes; or ratings, in the data's own units


class PairTexts(NamedTuple):
    """The pairs of a split as they are: what BLEU compares with, and what a report shows."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]


class Sides(NamedTuple):
    """The two sides of pairs in one vocabulary: target symbols are 0 .. targets - 1, source symbols first_source .. its size - 1.

    What both have, <unk>, <sep> and </s> among it, is first_source .. targets - 1.
    """

    targets: int
    first_source: int
    source: Side  # how a text of each side is cut into symbols
    target: Side


Split = TextSplit | ExampleSplit


class Identity(NamedTuple):
    """Digests of what a split is scored on: see `research.data.split_identity`."""

    text: str
    targets: str


class Dataset(NamedTuple):
    """`digest` identifies the data; `description` is for people and tables: tokens, types, rate of unknown tokens."""

    vocabulary: Vocabulary
    train: Split
    valid: Split
    test: Split
    digest: str
    eos: int | None
    description: dict[str, Any]
    classes: tuple[str, ...] = ()  # of labelled sentences
    sentences: dict[str, LabelledSentences] = {}  # noqa: RUF012  by split, of labelled or rated sentences
    sides: Sides | None = None  # of pairs
    pairs: dict[str, PairTexts] = {}  # noqa: RUF012  by split, of pairs
    test_text: str = ""  # of a text: its test split as it was before it became tokens
    clusters: Int64[np.ndarray, " n"] | None = None  # which test items are not independent: see `research.data.clusters`
    identities: dict[str, Identity] = {}  # noqa: RUF012  by split that is scored; none of a dataset that was made by hand
