"""Every kind that a config may name has an entry, an entry cannot leave out what its kind costs, and its paths lead to what they say."""

from typing import get_args

import jax
import jax.numpy as jnp
import pytest
import translators
import whole_models

from research.config.classify import ClassifierConfig, SentenceEncoder
from research.config.encoder_decoder import SourceEncoder, TargetDecoder
from research.config.errors import StepladderError
from research.config.mixer import Cell, Mixer, Score
from research.config.position import Position
from research.models import MODELS
from research.models.decoders import DECODERS
from research.models.embeddings import input_embedding, with_input_embedding
from research.models.encoders import ENCODERS
from research.models.fields import field_at
from research.models.sentence_encoders import SENTENCE_ENCODERS
from research.nn.mixers import MIXERS
from research.nn.positions import POSITIONS
from research.nn.recurrent_cells import CELLS
from research.nn.score_functions import SCORES

REGISTRIES = {
    "score": (Score, SCORES),
    "position": (Position, POSITIONS),
    "cell": (Cell, CELLS),
    "mixer": (Mixer, MIXERS),
    "source's encoder": (SourceEncoder, ENCODERS),
    "decoder": (TargetDecoder, DECODERS),
    "sentence's encoder": (SentenceEncoder, SENTENCE_ENCODERS),
}
COSTS = {"cell": ("gates", "serial")}  # else flops
CLASSIFIERS = {
    kind.__name__: ClassifierConfig(kind="classifier", encoder=kind(kind=get_args(kind.model_fields["kind"].annotation)[0]))
    for kind in SENTENCE_ENCODERS
}
MODELS_AND_SIZES = [
    *((config, (whole_models.VOCABULARY, whole_models.LENGTH)) for config in whole_models.CONFIGS.values()),
    *((config, (11, 6, 3)) for config in CLASSIFIERS.values()),
    *((config, translators.SIZES) for config in translators.CONFIGS.values()),
]
EVERY = pytest.mark.parametrize(("config", "sizes"), MODELS_AND_SIZES)


@pytest.mark.parametrize("name", REGISTRIES)
def test_every_kind_that_a_config_may_name_has_an_entry(name):
    union, registry = REGISTRIES[name]
    assert set(registry) == set(get_args(get_args(union)[0]))


@pytest.mark.parametrize("name", [*REGISTRIES, "model"])
def test_an_entry_without_its_cost_cannot_be_written(name):
    entries = MODELS if name == "model" else REGISTRIES[name][1]
    for entry in entries.values():
        for cost in COSTS.get(name, ("flops",)):
            with pytest.raises(TypeError, match=cost):
                type(entry)(**{field: value for field, value in entry._asdict().items() if field != cost})


def shapes(config, sizes):
    return jax.eval_shape(lambda: MODELS[type(config)].init(config, jax.random.key(0), *sizes))


@EVERY
def test_what_is_put_in_the_place_of_an_embedding_is_the_embedding(config, sizes):
    params, table = shapes(config, sizes), jnp.zeros((7, 5))
    changed = with_input_embedding(config, params, table)
    assert input_embedding(config, changed).table is table
    assert jax.tree.structure(changed) == jax.tree.structure(params)


@EVERY
def test_the_embedding_and_the_output_layer_are_outside_of_the_body(config, sizes):
    kind, params = MODELS[type(config)], shapes(config, sizes)
    outside = kind.outside(config)
    assert {kind.embedding_path(config), ("output",), ("output_bias",)} <= set(outside)
    assert all(field_at(params, path) is not None for path in outside)


def test_an_encoder_of_pictures_has_no_embedding():
    config = translators.pair({"kind": "patches"}, translators.recurrent("gru", width=64))
    with pytest.raises(StepladderError, match="reads pictures"):
        input_embedding(config, None)
