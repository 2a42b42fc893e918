"""One spelling of each science: words that stand for a number become the number, and what has no order is sorted.

A config says "4x", "training" or "head" where a number follows from others. Here it becomes that number, so that both spellings are one
cell, one program and one tree of parameters. A pattern of mixers becomes its shortest period, a period of one its only mixer.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from research.config.classify import Bag, MaxConvolution
from research.config.evaluation import Evaluation
from research.config.mixer import Heads, MlpScore
from research.config.model import FeedForward, FeedForwardLMConfig, StackConfig
from research.config.node import FieldValue, Node
from research.config.schema import Config
from research.config.warm_start import WarmStart

AnyNode = TypeVar("AnyNode", bound=Node)
Value = TypeVar("Value")
WithEmbedding = StackConfig | FeedForwardLMConfig | Bag | MaxConvolution
Above = tuple[Any, ...]  # the nodes that hold a node, the config first
Words = dict[str, Any]


def canonical_config(config: Config) -> Config:
    """The config in its one spelling, unchecked, as it was valid before. What means nothing to it stays as it is."""
    return _resolved(config, ())


def _resolved(node: AnyNode, above: Above) -> AnyNode:
    values = {name: getattr(node, name) for name in type(node).model_fields}
    changed = {name: resolved for name, value in values.items() if (resolved := _resolved_value(value, (*above, node))) != value}
    node = _with(node, changed)
    for kind, words in NUMBERS.items():
        if isinstance(node, kind):
            node = _with(node, words(node, above))
    return node


def _resolved_value(value: FieldValue, above: Above) -> FieldValue:
    if isinstance(value, Node):
        return _resolved(value, above)
    return tuple(_resolved_value(item, above) for item in value) if isinstance(value, tuple) else value


def _with(node: AnyNode, words: Words) -> AnyNode:
    changed = {name: value for name, value in words.items() if value != getattr(node, name)}
    return node.model_copy(update=changed) if changed else node


def _any_embedding_init(node: Node, above: Above) -> Words:
    """An embedding that is drawn as the rest is has no initialisation of its own."""
    embedding_init = getattr(node, "embedding_init", None)
    return {"embedding_init": None} if embedding_init is not None and embedding_init == node.init else {}  # type: ignore[attr-defined]


def _feed_forward(node: FeedForward, above: Above) -> Words:
    return {"width": node.hidden(above[-1].width)}


def _mlp_score(node: MlpScore, above: Above) -> Words:
    """A query's width: that of a head, or of the decoder's state, which has one."""
    holder, stack = above[-1], above[-2]
    return {"width": holder.width_of_head(stack.width)} if node.width == "head" else {}


def _heads(node: Heads, above: Above) -> Words:
    """Heads that are equal parts of the width have none of their own."""
    return {"head_width": "divided"} if node.width_of_heads(above[-1].width) == above[-1].width else {}


def _stack(node: StackConfig, above: Above) -> Words:
    period = _period(node.pattern)
    scale = node.width**0.5 if node.embedding_scale == "sqrt_width" else node.embedding_scale
    return {"embedding_scale": scale, "mixer": period[0] if len(period) == 1 else period} | _embedding_init(node, above)


def _embedding_init(node: WithEmbedding, above: Above) -> Words:
    """None where it is the same as that of all matrices."""
    return {"embedding_init": None} if node.embedding_init == node.init else {}


def _period(pattern: Sequence[Value]) -> tuple[Value, ...]:
    """The shortest pattern that gives this one when it is repeated."""
    n = len(pattern)
    lengths = (length for length in range(1, n + 1) if n % length == 0)
    return next(tuple(pattern[:length]) for length in lengths if list(pattern[:length]) * (n // length) == list(pattern))


def _evaluation(node: Evaluation, above: Above) -> Words:
    """Windows of a text. Lines that start anew know no segments."""
    config: Config = above[0]
    if config.data.reads != "text":
        return {}
    segments = Evaluation.model_fields["segments"].default if node.context == "sentence" else node.segments
    return {"length": config.eval_length, "stride": config.eval_stride, "also": tuple(sorted(set(node.also))), "segments": segments}


def _start(node: WarmStart, above: Above) -> Words:
    return {"freeze": tuple(sorted(set(node.freeze)))}


NUMBERS: dict[type[Node], Callable[[Any, Above], Words]] = {
    Node: _any_embedding_init,
    FeedForward: _feed_forward,
    MlpScore: _mlp_score,
    Heads: _heads,
    StackConfig: _stack,
    FeedForwardLMConfig: _embedding_init,
    Bag: _embedding_init,
    MaxConvolution: _embedding_init,
    Evaluation: _evaluation,
    WarmStart: _start,
}
