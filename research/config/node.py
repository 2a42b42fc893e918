"""The base of every config node: frozen, strict, hashable, so that a node can be a static argument of a jitted function."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from research.config.plain import Json, Scalar

Value = TypeVar("Value")


class Node(BaseModel):
    """A frozen value. Unknown keys, wrong types, NaN and infinity are errors; arrays are tuples."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    paths: ClassVar[tuple[str, ...]] = ()  # words that name files: another path to the same bytes is the same data
    alone: ClassVar[tuple[str, ...]] = ()  # words on a scale of this kind's own: the value of another kind would mean something else here

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """A base class may ask its kinds for facts, class variables without a value. Raises TypeError for a kind that leaves one out."""
        missing = sorted(name for name in cls.__class_vars__ if not _has_value(cls, name))
        if "kind" in cls.model_fields and missing:
            raise TypeError(f"{cls.__name__} does not say what its {', '.join(missing)} is, which every kind of its base class says")


@runtime_checkable
class Kinded(Protocol):
    """A node that is one kind of several."""

    @property
    def kind(self) -> str:
        """Its name."""


if TYPE_CHECKING:
    FieldValue = Scalar | Node | tuple["FieldValue", ...] | Mapping[str, Json]  # what a field of a node may hold
else:
    FieldValue = Scalar | Node | tuple | Mapping


def _has_value(cls: type, name: str) -> bool:
    """Whether the first class that speaks of a class variable gives it a value."""
    first = next(base for base in cls.__mro__ if name in vars(base) or name in vars(base).get("__annotations__", {}))
    return name in vars(first)


def as_tuple(value: Value) -> Value | tuple[Any, ...]:
    """An array of a file as fields have it; what is no list is what it is."""
    return tuple(value) if isinstance(value, list) else value


GREATEST = 2**31 - 1  # of a size or a count: what 32 bits hold, as arrays and loops of a device count
Positive = Annotated[int, Field(ge=1, le=GREATEST)]
NonNegative = Annotated[int, Field(ge=0, le=GREATEST)]
TokenCount = Annotated[int, Field(ge=1)]  # of a text of any size
MOST_LAYERS = 1000
Layers = Annotated[int, Field(ge=1, le=MOST_LAYERS)]
MAX_SEED = 2**32 - 1
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
HeldOut = Positive | Annotated[float, Field(gt=0.0, lt=1.0)]  # so many lines of the training file, or such a share of them
Rate = Annotated[float, Field(gt=0.0)]
Weight = Annotated[float, Field(ge=0.0)]
Strings = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
Integers = Annotated[tuple[Positive, ...], BeforeValidator(as_tuple)]
