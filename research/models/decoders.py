"""What writes a target: a recurrent decoder, or a stack with cross-attention."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.encoder_decoder import RecurrentDecoderConfig, StackDecoder
from research.config.node import Node
from research.models import recurrent_decoder
from research.models.block import Use
from research.models.encoded_source import EncodedSource
from research.models.fields import Path
from research.models.stack import Carry, StackCarry, StackParams, UnstackedCarry, begin_stack, init_stack, stack_hidden, unstack_layers
from research.models.stack_costs import decoder_stack_flops, stack_time_steps
from research.nn.embedding import lookup
from research.nn.positions import last_position

Config = TypeVar("Config", bound=Node)
Params = TypeVar("Params")
AnyCarry = TypeVar("AnyCarry")


class DecoderKind(NamedTuple):
    """What a target's decoder does and costs. `memory`: how wide is what it looks at; `summary`: what it may begin with.

    init(config, key, vocabulary, length, memory, summary) -> params: for targets of up to `length`
    begin(config, params, encoded, capacity) -> the carry before the first symbol
    hidden(config, params, carry, tokens, valid, key, observe) -> (carry, what the output layer reads, aux)
    unstack(config, params, carry) -> the same model, quick for chunks of one
    flops(config, length, memory, places) -> those of the forward pass for one symbol of a target, without the output layer
    first_flops(config, summary) -> those of its first carry, computed once for a source, which are not in `flops`
    time_steps(config, length) -> steps of one pass that must follow each other
    last_position(config, length) -> where positions end that do not extrapolate, in training on such targets; None where nothing ends
    outside: fields of params that are not of the model's body: embedding and positions
    """

    init: Callable[[Any, Array, int, int, int, int], PyTree]
    begin: Callable[[Any, PyTree, EncodedSource, int], PyTree]
    hidden: Callable[..., tuple[PyTree, Array, dict[str, Array] | tuple[dict[str, Array], ...]]]
    unstack: Callable[[Any, PyTree, PyTree], tuple[Any, PyTree, PyTree]]
    flops: Callable[[Any, int, int, int], float]
    first_flops: Callable[[Any, int], float]
    time_steps: Callable[[Any, int], int]
    last_position: Callable[[Any, int], int | None]
    outside: tuple[Path, ...]


def _init_recurrent(
    config: RecurrentDecoderConfig, key: Array, vocabulary: int, length: int, memory: int, summary: int
) -> recurrent_decoder.RecurrentDecoderParams:
    return recurrent_decoder.init(config, key, vocabulary, memory, summary)


def _begin_recurrent(
    config: RecurrentDecoderConfig, params: recurrent_decoder.RecurrentDecoderParams, encoded: EncodedSource, capacity: int
) -> recurrent_decoder.RecurrentDecoderCarry:
    return recurrent_decoder.begin(config, params, encoded.memory, encoded.exists, encoded.summary)


def nothing_to_unstack(config: Config, params: Params, carry: AnyCarry) -> tuple[Config, Params, AnyCarry]:
    """A model without a stack, which is as quick for chunks of one as it can be."""
    return config, params, carry


def _nothing_ends(config: RecurrentDecoderConfig, length: int) -> None:
    return None


def _stack_use(config: StackDecoder) -> Use:
    return Use(config.masked, config.cross)


def _init_stack(config: StackDecoder, key: Array, vocabulary: int, length: int, memory: int, summary: int) -> StackParams:
    return init_stack(config, _stack_use(config), key, vocabulary, length, memory)


def _begin_stack(config: StackDecoder, params: StackParams, encoded: EncodedSource, capacity: int) -> StackCarry:
    return begin_stack(config, _stack_use(config), params, encoded.memory, encoded.exists, capacity)


def _stack_hidden(
    config: StackDecoder,
    params: StackParams,
    carry: Carry,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[Carry, Float[Array, "b t d"], tuple[dict[str, Array], ...]]:
    return stack_hidden(config, _stack_use(config), params, carry, lookup(params.embedding, tokens), valid, key, observe)


def _unstack_layers(config: StackDecoder, params: StackParams, carry: StackCarry) -> tuple[StackDecoder, StackParams, UnstackedCarry]:
    return unstack_layers(config, _stack_use(config), params, carry)


def _stack_flops(config: StackDecoder, length: int, memory: int, places: int) -> float:
    return decoder_stack_flops(config, _stack_use(config), length, memory, places)


def _stack_time_steps(config: StackDecoder, length: int) -> int:
    return stack_time_steps(config, _stack_use(config), length)


def _no_first_flops(config: StackDecoder, summary: int) -> float:
    return 0.0


def _stack_last_position(config: StackDecoder, length: int) -> int | None:
    return last_position(config.position, length)


DECODERS: dict[type, DecoderKind] = {
    RecurrentDecoderConfig: DecoderKind(
        init=_init_recurrent,
        begin=_begin_recurrent,
        hidden=recurrent_decoder.hidden,
        unstack=nothing_to_unstack,
        flops=recurrent_decoder.recurrent_decoder_flops,
        first_flops=recurrent_decoder.first_flops,
        time_steps=recurrent_decoder.recurrent_decoder_time_steps,
        last_position=_nothing_ends,
        outside=(("embedding",),),
    ),
    StackDecoder: DecoderKind(
        init=_init_stack,
        begin=_begin_stack,
        hidden=_stack_hidden,
        unstack=_unstack_layers,
        flops=_stack_flops,
        first_flops=_no_first_flops,
        time_steps=_stack_time_steps,
        last_position=_stack_last_position,
        outside=(("embedding",), ("position",)),
    ),
}
