"""The states of recurrent cells: named tuples of [b, d], of which `h` is the output."""

from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from jaxtyping import Array, Float

Same = TypeVar("Same")


@runtime_checkable
class RecurrentState(Protocol):
    """What a cell keeps, its output `h` [b, d] among it."""

    @property
    def h(self) -> Array:
        """The output."""

    def _replace(self: Same, *, h: Array) -> Same:
        """With another output."""

    def _asdict(self) -> dict[str, Array]:
        """Its fields by name."""


State = TypeVar("State", bound=RecurrentState)


class HiddenState(NamedTuple):
    """A state that is the output alone."""

    h: Float[Array, "b d"]


class LSTMState(NamedTuple):
    """A memory beside the output."""

    c: Float[Array, "b d"]
    h: Float[Array, "b d"]
