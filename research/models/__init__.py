"""The models that are trained: one entry each."""

from typing import Any, NamedTuple

import jax
from jaxtyping import Array, Float

from research.config.classify import ClassifierConfig
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.model import FeedForwardLMConfig, LanguageModelConfig
from research.models import classifier, encoder_decoder, feed_forward_lm, language_model
from research.nn.linear import dense


class ModelFunctions(NamedTuple):
    init: Any  # (config, key, vocabulary, length), and what else `language_modelling.init_sizes` says
    empty: Any
    hidden: Any
    output: Any  # (config, params, precise=True) -> the kernel and bias that make logits of what `hidden` returns
    unstack: Any = lambda config, params, carry: (config, params, carry)  # quick for chunks of one; rows come first in its carry
    read: Any = None  # (config, params, source, valid, key, capacity) -> the carry of a decoder, where there is an encoder
    rows: Any = lambda carry, index: jax.tree.map(lambda leaf: leaf[index], carry)  # the carry of the rows that `index` [n] names

    def logits(self, config: Any, params: Any, h: Float[Array, "*n d"]) -> Float[Array, "*n v"]:
        """Unnormalised log-probabilities of the next token, in float32 whatever the model's precision."""
        return dense(h, *self.output(config, params))


MODELS: dict[type, ModelFunctions] = {
    LanguageModelConfig: ModelFunctions(
        language_model.init,
        language_model.empty,
        language_model.hidden,
        language_model.output,
        language_model.unstack,
        rows=language_model.rows,
    ),
    EncoderDecoderConfig: ModelFunctions(
        encoder_decoder.init,
        encoder_decoder.empty,
        encoder_decoder.hidden,
        encoder_decoder.output,
        encoder_decoder.unstack,
        encoder_decoder.read_source,
        encoder_decoder.rows,
    ),
    ClassifierConfig: ModelFunctions(classifier.init, classifier.empty, classifier.hidden, classifier.output),
    FeedForwardLMConfig: ModelFunctions(feed_forward_lm.init, feed_forward_lm.empty, feed_forward_lm.hidden, feed_forward_lm.output),
}
