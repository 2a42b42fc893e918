"""What a loaded dataset is: a vocabulary and three splits, each a text or a set of examples. Values without behaviour."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64, Integer

from research.config.tagged import Scheme
from research.text.sides import Side
from research.text.vocabulary import Vocabulary

SPLITS = ("train", "valid", "test")
SCORED = ("valid", "test")


@dataclass(frozen=True, eq=False)
class TextSplit:
    """A text. Token i is predicted from the tokens before it; the input before the first token is eos. The last token is eos.

    `stored` are its tokens, of 8, 16 or 32 bits and perhaps mapped from a file, so that a long text need not be in memory; `tokens` and
    `sentence` are in memory as soon as they are asked for.
    """

    stored: Integer[np.ndarray, "n"]
    line: Int32[np.ndarray, "n"] | None = None  # what `sentence` is; None where lines end with the token that ends the text
    characters: Int64[np.ndarray, ""] | None = None  # how many the text has, newlines included, where that is known
    bytes: Int64[np.ndarray, ""] | None = None  # of its UTF-8
    after_eos: Integer[np.ndarray, "m"] | None = None  # `stored` with eos before it, where a file has that

    def __len__(self) -> int:
        return len(self.stored)

    @cached_property
    def tokens(self) -> Int32[np.ndarray, "n"]:
        """The number of each token."""
        return _read_only(self.stored.astype(np.int32, copy=False))

    @cached_property
    def sentence(self) -> Int32[np.ndarray, "n"]:
        """The line that a token belongs to; a line's end belongs to the line that it ends."""
        return _read_only(_line_numbers(self.stored)) if self.line is None else self.line


def _line_numbers(tokens: Integer[np.ndarray, "n"]) -> Int32[np.ndarray, "n"]:
    ends = tokens == tokens[-1]
    numbers = np.cumsum(ends, dtype=np.int32)
    numbers -= ends
    return numbers


def _read_only(array: Int32[np.ndarray, "n"]) -> Int32[np.ndarray, "n"]:
    view = array.view()
    view.setflags(write=False)
    return view


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


class TaggedSentences(NamedTuple):
    """Tagged sentences of any length, in the words that models read: what counts read."""

    words: tuple[tuple[str, ...], ...]
    tags: Int32[np.ndarray, "w"]  # of all words, one sentence after another: numbers of the dataset's classes


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
    classes: tuple[str, ...] = ()  # of labelled sentences, or the tags of tagged ones
    sentences: dict[str, LabelledSentences] = {}  # noqa: RUF012  by split, of labelled or rated sentences
    tagged: dict[str, TaggedSentences] = {}  # noqa: RUF012  by split, of tagged sentences
    scheme: Scheme = "none"  # how their tags make spans
    sides: Sides | None = None  # of pairs
    pairs: dict[str, PairTexts] = {}  # noqa: RUF012  by split, of pairs
    test_text: str = ""  # of a text: its test split as it was before it became tokens
    clusters: Int64[np.ndarray, " n"] | None = None  # which test items are not independent: see `research.data.clusters`
    identities: dict[str, Identity] = {}  # noqa: RUF012  by split that is scored; none of a dataset that was made by hand
