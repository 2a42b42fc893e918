"""The words of [data] for generated examples."""

from typing import ClassVar, Literal

from research.config.data_kind import DataConfig, check_lengths
from research.config.node import Integers, Positive


class SyntheticExamples(DataConfig):
    """What every generated task has: a fixed set of examples a split, the same for every seed; a seed orders them."""

    reads: ClassVar[Literal["examples"]] = "examples"
    asks: ClassVar[Literal["tokens"]] = "tokens"
    paths: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[str, ...]] = ("train_examples",)
    train_examples: Positive = 100_000
    valid_examples: Positive = 512
    test_examples: Positive = 1024


class CopyTask(SyntheticExamples):
    """x1..xn <sep> -> x1..xn; exact positions are scored."""

    kind: Literal["copy"]
    symbols: Positive = 16
    shortest: Positive = 1
    longest: Positive = 16

    def check(self) -> None:
        """Lengths are in order."""
        check_lengths(self.shortest, self.longest)


class ReverseTask(SyntheticExamples):
    """x1..xn <sep> -> xn..x1."""

    kind: Literal["reverse"]
    symbols: Positive = 16
    shortest: Positive = 1
    longest: Positive = 16

    def check(self) -> None:
        """Lengths are in order."""
        check_lengths(self.shortest, self.longest)


class AssociativeRecall(SyntheticExamples):
    """Associative recall (MQAR, Arora et al. 2023): key-value pairs, then queries; scored at the queries alone."""

    kind: Literal["recall"]
    keys: Positive = 32  # distinct keys in the alphabet
    values: Positive = 32
    pairs: Positive = 8
    queries: Positive = 8  # pairs asked for, without repetition: at most `pairs`

    def check(self) -> None:
        """No key stands twice in an example, and none is asked for twice."""
        if not self.queries <= self.pairs <= self.keys:
            raise ValueError("recall needs queries <= pairs <= keys")


class AgreementTask(SyntheticExamples):
    """ "Mr. [k words] he", "Ms. [k words] she": does the pronoun agree over k intervening words? Scored at the pronoun."""

    kind: Literal["agreement"]
    distances: Integers = (1, 2, 4, 8, 16)  # k, each equally often; accuracy is reported for each
    fillers: Positive = 32  # distinct intervening words

    def check(self) -> None:
        """Each distance is a group of its own."""
        if len(set(self.distances)) < max(1, len(self.distances)):
            raise ValueError("data.distances names a distance twice")
