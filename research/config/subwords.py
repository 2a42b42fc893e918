"""The words of subword regularisation: how the cut of a text into learned pieces varies from epoch to epoch of training."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from research.config.levels import levels_varied_by
from research.config.node import Node, Positive, Weight


class SegmentationConfig(Node):
    """What every way to cut the training text has."""

    levels: ClassVar[tuple[str, ...]]  # those that it can vary

    @property
    def ranked(self) -> int:
        """How many segmentations of a line are listed, of which one is drawn; 0 where none are."""
        return 0


class NoRegularisation(SegmentationConfig):
    """A text has one segmentation: the likeliest, or that of all merges."""

    levels: ClassVar[tuple[str, ...]] = ()
    kind: Literal["none"] = "none"


class SubwordSampling(SegmentationConfig):
    """Subword regularisation (Kudo 2018): a segmentation is drawn with probability ~ p^alpha, among the `n_best` or among all."""

    levels: ClassVar[tuple[str, ...]] = levels_varied_by("sample")
    kind: Literal["sample"]
    alpha: Weight = 0.1  # 0: uniform; 1: as the unigram model has it
    n_best: Positive | Literal["all"] = "all"

    @property
    def ranked(self) -> int:
        """As the config says, but for all, which are drawn from without a list."""
        return 0 if self.n_best == "all" else self.n_best


class BPEDropout(SegmentationConfig):
    """Provilkov et al. 2020: each merge that applies is skipped with probability `rate`. 0 is plain BPE, 1 leaves characters."""

    levels: ClassVar[tuple[str, ...]] = levels_varied_by("bpe_dropout")
    kind: Literal["bpe_dropout"]
    rate: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1


Regularisation = NoRegularisation | SubwordSampling | BPEDropout
