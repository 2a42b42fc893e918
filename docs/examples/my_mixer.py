"""A mixer of one's own: h = decay h + (1 - decay) x over what was read, then a matrix; `decay` is learned for each number."""

from typing import Literal

import jax
import jax.numpy as jnp

from research.config.mixer import MixerConfig
from research.nn.initialisers import draw_weights
from research.nn.mixers import MixerKind
from research.plugin import register_mixer


class Average(MixerConfig):
    takes = frozenset()  # no position, mask or dropout of the model's acts inside it
    kind: Literal["average"] = "average"  # in TOML: model.mixer.kind = "average"


def init(config, key, width, initialiser):
    return {"logit": jnp.zeros(width), "out": draw_weights(initialiser, key, (width, width), width)}


def mix(config, params, carry, x, valid, key=None, observe=False):
    decay = jax.nn.sigmoid(params["logit"])[None]

    def step(h, now):
        value, exists = now
        h = jnp.where(exists[:, None], decay * h + (1 - decay) * value, h)
        return h, h

    carry, h = jax.lax.scan(step, carry, (x.swapaxes(0, 1), valid.T))
    return carry, h.swapaxes(0, 1) @ params["out"], {} if observe else ()


entry = {"bind": lambda config, context: config, "init": init, "mix": mix, "in_blocks": lambda config: False, "reference": None}
entry |= {"empty": lambda config, batch, capacity, width: jnp.zeros((batch, width)), "serial": True, "observes": ()}
entry |= {"flops": lambda config, width, length: 2.0 * width**2, "float32": (), "undecayed": ()}
register_mixer(Average, MixerKind(**entry))
