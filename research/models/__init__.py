"""The models that are trained: one entry each."""

from typing import Any, NamedTuple

from research.config.model import FeedForwardLM, LanguageModel
from research.models import feed_forward_lm, language_model


class Model(NamedTuple):
    init: Any
    empty: Any
    hidden: Any
    logits: Any
    unstack: Any = lambda config, params, carry: (config, params, carry)  # the same model, quick for chunks of one


MODELS: dict[type, Model] = {
    LanguageModel: Model(language_model.init, language_model.empty, language_model.hidden, language_model.logits, language_model.unstack),
    FeedForwardLM: Model(feed_forward_lm.init, feed_forward_lm.empty, feed_forward_lm.hidden, feed_forward_lm.logits),
}
