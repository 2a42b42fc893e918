"""The words of subword levels: how text is cut into learned pieces, and how that cut varies from epoch to epoch of training."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from research.config.node import Node, Positive, Weight

Subword = Literal["bpe", "byte_bpe", "unigram", "wordpiece"]


class NoRegularisation(Node):
    """A text has one segmentation: the likeliest, or that of all merges."""

    kind: Literal["none"] = "none"
    levels: ClassVar[tuple[str, ...]] = ()


class SubwordSampling(Node):
    """Subword regularisation (Kudo 2018): a segmentation is drawn with probability ~ p^alpha, among the `n_best` or among all."""

    kind: Literal["sample"]
    alpha: Weight = 0.1  # 0: uniform; 1: as the unigram model has it
    n_best: Positive | Literal["all"] = "all"
    levels: ClassVar[tuple[str, ...]] = ("unigram",)


class BPEDropout(Node):
    """Provilkov et al. 2020: each merge that applies is skipped with probability `rate`. 0 is plain BPE, 1 leaves characters."""

    kind: Literal["bpe_dropout"]
    rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    levels: ClassVar[tuple[str, ...]] = ("bpe", "byte_bpe")


Regularisation = NoRegularisation | SubwordSampling | BPEDropout
