"""The words of subword levels: how text is cut into learned pieces, and how that cut varies from epoch to epoch of training."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from research.config.node import Node, Positive, Weight

Subword = Literal["bpe", "byte_bpe", "unigram", "wordpiece"]


class SegmentationConfig(Node):
    """What every way to cut the training text has."""

    levels: ClassVar[tuple[str, ...]]  # those that it can vary


class NoRegularisation(SegmentationConfig):
    """A text has one segmentation: the likeliest, or that of all merges."""

    levels: ClassVar[tuple[str, ...]] = ()
    kind: Literal["none"] = "none"


class SubwordSampling(SegmentationConfig):
    """Subword regularisation (Kudo 2018): a segmentation is drawn with probability ~ p^alpha, among the `n_best` or among all."""

    levels: ClassVar[tuple[str, ...]] = ("unigram",)
    kind: Literal["sample"]
    alpha: Weight = 0.1  # 0: uniform; 1: as the unigram model has it
    n_best: Positive | Literal["all"] = "all"


class BPEDropout(SegmentationConfig):
    """Provilkov et al. 2020: each merge that applies is skipped with probability `rate`. 0 is plain BPE, 1 leaves characters."""

    levels: ClassVar[tuple[str, ...]] = ("bpe", "byte_bpe")
    kind: Literal["bpe_dropout"]
    rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1


Regularisation = NoRegularisation | SubwordSampling | BPEDropout
