"""The words of a position: how a model is told where a symbol stands."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from research.config.errors import IncompatibleConfig
from research.config.node import Node, Rate

ActsOn = Literal["nothing", "input", "queries_and_keys", "logits"]


class PositionConfig(Node):
    """What every position states."""

    acts_on: ClassVar[ActsOn]
    backward_only: ClassVar[bool]  # whether it knows only distances to what came before, so that a query may not look ahead
    extrapolates: ClassVar[bool]  # whether it has positions beyond the training length

    @property
    def needs_attention(self) -> bool:
        """Whether it acts inside attention."""
        return self.acts_on in ("queries_and_keys", "logits")

    def check(self, head_width: int) -> None:
        """Raises an error where attention heads of this width cannot have this position, or its own words contradict each other."""


class NoPosition(PositionConfig):
    """Order enters through the mixer and the causal mask alone (Haviv et al. 2022)."""

    acts_on: ClassVar[ActsOn] = "nothing"
    backward_only: ClassVar[bool] = False
    extrapolates: ClassVar[bool] = True
    kind: Literal["none"] = "none"


class Learned(PositionConfig):
    """A learned vector for each position up to the training length; cannot go beyond it."""

    acts_on: ClassVar[ActsOn] = "input"
    backward_only: ClassVar[bool] = False
    extrapolates: ClassVar[bool] = False
    kind: Literal["learned"]


class Sinusoidal(PositionConfig):
    """Vaswani et al. 2017, sec. 3.5."""

    acts_on: ClassVar[ActsOn] = "input"
    backward_only: ClassVar[bool] = False
    extrapolates: ClassVar[bool] = True
    kind: Literal["sinusoidal"]
    base: Rate = 10_000.0


class Rotary(PositionConfig):
    """Queries and keys turned by their position (Su et al. 2021)."""

    acts_on: ClassVar[ActsOn] = "queries_and_keys"
    backward_only: ClassVar[bool] = False
    extrapolates: ClassVar[bool] = True
    kind: Literal["rotary"]
    base: Rate = 10_000.0

    def check(self, head_width: int) -> None:
        """Raises IncompatibleConfig where a head has an odd number of channels."""
        if head_width % 2:
            raise IncompatibleConfig("rotary turns pairs of numbers: the width of a head must be even")


class Alibi(PositionConfig):
    """A penalty linear in distance, a slope for each head (Press et al. 2021)."""

    acts_on: ClassVar[ActsOn] = "logits"
    backward_only: ClassVar[bool] = True
    extrapolates: ClassVar[bool] = True
    kind: Literal["alibi"]


class T5(PositionConfig):
    """A learned bias for each head and bucket of distance (Raffel et al. 2020); a table for each layer."""

    acts_on: ClassVar[ActsOn] = "logits"
    backward_only: ClassVar[bool] = True
    extrapolates: ClassVar[bool] = True
    kind: Literal["t5"]
    buckets: Annotated[int, Field(ge=2)] = 32
    max_distance: Annotated[int, Field(ge=2)] = 128

    def check(self, head_width: int) -> None:
        """Raises ValueError where the buckets of one distance each reach `max_distance`."""
        if self.max_distance <= self.buckets // 2:
            raise ValueError("t5 needs max_distance above half the number of buckets")


Position = Annotated[NoPosition | Learned | Sinusoidal | Rotary | Alibi | T5, Field(discriminator="kind")]
