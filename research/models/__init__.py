"""The models that are trained: one entry each."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, TypeVar

import jax
from jaxtyping import Array, Float, PyTree

from research.config.classify import ClassifierConfig, RegressorConfig, TokenEncoderConfig
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.mixer import MixerConfig
from research.config.model import FeedForwardLMConfig, LanguageModelConfig
from research.config.node import Node
from research.models import classifier, encoder_decoder, feed_forward_lm, language_model, token_encoder
from research.models.decoders import nothing_to_unstack
from research.models.fields import Path
from research.models.stack import stack_rows
from research.nn.linear import dense

Carry = TypeVar("Carry")


def _leading_rows(carry: Carry, index: Array) -> Carry:
    rows: Carry = jax.tree.map(lambda leaf: leaf[index], carry)
    return rows


def _from_zero(config: Node, params: PyTree) -> int:
    return 0


WordLayers: TypeAlias = Callable[[Any, Any, Array, Array], tuple[Array, ...]]


class ModelFunctions(NamedTuple):
    """What a model does, costs and consists of.

    sizes: what of `tasks.sizes.Sizes` it is made for, in the order in which `init` and `flops` take it
    init(config, key, *sizes) -> params
    empty(config, batch, capacity, vocabulary) -> carry
    hidden(config, params, carry, tokens, valid, key, observe) -> (carry, what the output layer reads, aux)
    output(config, params, precise=True) -> the kernel and bias that make logits of what `hidden` returns
    flops(config, *sizes, scored) -> those of the forward pass for one token; `scored`: the share that pays for the output layer
    time_steps(config, length, source) -> steps of a pass that follow each other; of `length` tokens the first `source` are an encoder's
    last_positions(config, length, source) -> where positions end that do not extrapolate, an encoder's and the text's; None where none does
    embedding_path(config) -> where the table of the symbols that it reads lies in params
    outside(config) -> what of params is not of the body: embedding, positions and output layer
    layer_names(config), layer_vectors(config, params, tokens, valid, pooled) -> of every layer but the embedding a name, and vectors [b _];
    None where no layer reads sentences
    word_layers(config) -> function of (config, params, tokens, valid) that gives each of these layers a vector of every word [b t _]; None
    where a layer has none
    observed_mixers(config) -> the mixers of a text's model whose `aux` lists what each shows, stacked over the periods
    first_symbol(config, params) -> the symbol of the first row of that table
    unstack(config, params, carry) -> the same, quick for chunks of one; rows come first in its carry
    read(config, params, source, valid, key, capacity) -> the carry of a decoder, where there is an encoder
    rows(carry, index) -> the carry of the rows that `index` [n] names
    """

    sizes: tuple[str, ...]
    init: Callable[..., PyTree]
    empty: Callable[[Any, int, int, int], PyTree]
    hidden: Callable[..., tuple[PyTree, Array, PyTree]]
    output: Callable[..., tuple[Array, Array]]
    flops: Callable[..., float]
    time_steps: Callable[[Any, int, int], int]
    last_positions: Callable[[Any, int, int], tuple[int | None, int | None]]
    embedding_path: Callable[[Any], Path]
    outside: Callable[[Any], tuple[Path, ...]]
    layer_names: Callable[[Any], tuple[str, ...]] | None
    layer_vectors: Callable[[Any, PyTree, Array, Array, Array], tuple[Array, ...]] | None
    word_layers: Callable[[Any], WordLayers | None]
    observed_mixers: Callable[[Any], tuple[MixerConfig, ...]]
    first_symbol: Callable[[Any, PyTree], int] = _from_zero
    unstack: Callable[[Any, PyTree, PyTree], tuple[Any, PyTree, PyTree]] = nothing_to_unstack
    read: Any = None
    rows: Callable[[PyTree, Array], PyTree] = _leading_rows

    def logits(self, config: Node, params: PyTree, h: Float[Array, "*n d"]) -> Float[Array, "*n v"]:
        """Unnormalised log-probabilities of the next token, in float32 whatever the model's precision."""
        return dense(h, *self.output(config, params))


OF_TEXT = ("vocabulary", "length")
WITH_HEAD = (*OF_TEXT, "outputs")
OF_PAIRS = ("vocabulary", "text", "source", "targets", "first_source")


def _pattern(config: LanguageModelConfig) -> tuple[MixerConfig, ...]:
    return config.pattern


def _no_mixers(config: Node) -> tuple[()]:
    return ()


SENTENCE_MODEL = ModelFunctions(
    sizes=WITH_HEAD,
    init=classifier.init,
    empty=classifier.empty,
    hidden=classifier.hidden,
    output=classifier.output,
    flops=classifier.classifier_flops,
    time_steps=classifier.classifier_time_steps,
    last_positions=classifier.classifier_last_positions,
    embedding_path=classifier.classifier_embedding_path,
    outside=classifier.outside_classifier_body,
    layer_names=classifier.classifier_layer_names,
    layer_vectors=classifier.classifier_layer_vectors,
    word_layers=classifier.classifier_word_layers,
    observed_mixers=_no_mixers,
)


def _always(layers: WordLayers) -> Callable[[Any], WordLayers]:
    return lambda config: layers


def _no_word_layers(config: Any) -> None:
    return None


MODELS: dict[type, ModelFunctions] = {
    LanguageModelConfig: ModelFunctions(
        sizes=OF_TEXT,
        init=language_model.init,
        empty=language_model.empty,
        hidden=language_model.hidden,
        output=language_model.output,
        flops=language_model.language_model_flops,
        time_steps=language_model.language_model_time_steps,
        last_positions=language_model.language_model_last_positions,
        embedding_path=language_model.language_model_embedding_path,
        outside=language_model.outside_language_model_body,
        layer_names=language_model.language_model_layer_names,
        layer_vectors=language_model.language_model_layers,
        word_layers=_always(language_model.language_model_word_layers),
        observed_mixers=_pattern,
        unstack=language_model.unstack,
        rows=stack_rows,
    ),
    EncoderDecoderConfig: ModelFunctions(
        sizes=OF_PAIRS,
        init=encoder_decoder.init,
        empty=encoder_decoder.empty,
        hidden=encoder_decoder.hidden,
        output=encoder_decoder.output,
        flops=encoder_decoder.encoder_decoder_flops,
        time_steps=encoder_decoder.encoder_decoder_time_steps,
        last_positions=encoder_decoder.encoder_decoder_last_positions,
        embedding_path=encoder_decoder.encoder_decoder_embedding_path,
        outside=encoder_decoder.outside_encoder_decoder_body,
        layer_names=None,
        layer_vectors=None,
        word_layers=_no_word_layers,
        observed_mixers=_no_mixers,
        first_symbol=encoder_decoder.first_source_symbol,
        unstack=encoder_decoder.unstack,
        read=encoder_decoder.read_source,
        rows=encoder_decoder.rows,
    ),
    ClassifierConfig: SENTENCE_MODEL,
    RegressorConfig: SENTENCE_MODEL,
    TokenEncoderConfig: ModelFunctions(
        sizes=WITH_HEAD,
        init=token_encoder.init,
        empty=token_encoder.empty,
        hidden=token_encoder.hidden,
        output=token_encoder.output,
        flops=token_encoder.token_encoder_flops,
        time_steps=token_encoder.token_encoder_time_steps,
        last_positions=token_encoder.token_encoder_last_positions,
        embedding_path=token_encoder.token_encoder_embedding_path,
        outside=token_encoder.outside_token_encoder_body,
        layer_names=token_encoder.token_encoder_layer_names,
        layer_vectors=token_encoder.token_encoder_layer_vectors,
        word_layers=_always(token_encoder.token_encoder_word_layers),
        observed_mixers=_no_mixers,
    ),
    FeedForwardLMConfig: ModelFunctions(
        sizes=OF_TEXT,
        init=feed_forward_lm.init,
        empty=feed_forward_lm.empty,
        hidden=feed_forward_lm.hidden,
        output=feed_forward_lm.output,
        flops=feed_forward_lm.feed_forward_lm_flops,
        time_steps=feed_forward_lm.feed_forward_lm_time_steps,
        last_positions=feed_forward_lm.feed_forward_lm_last_positions,
        embedding_path=feed_forward_lm.feed_forward_lm_embedding_path,
        outside=feed_forward_lm.outside_feed_forward_lm_body,
        layer_names=feed_forward_lm.feed_forward_lm_layer_names,
        layer_vectors=feed_forward_lm.feed_forward_lm_layer_vectors,
        word_layers=_always(feed_forward_lm.feed_forward_lm_word_layers),
        observed_mixers=_no_mixers,
    ),
}


def has_encoder(config: Node) -> bool:
    """Whether a trained model reads a source apart from what it writes."""
    return MODELS[type(config)].read is not None
