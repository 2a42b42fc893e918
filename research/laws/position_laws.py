"""What holds of every position: it acts where its words say, and beyond the training length where they say so."""

import jax
import jax.numpy as jnp
import numpy as np

from research.config.position import PositionConfig
from research.laws.law import Fault
from research.nn.positions import POSITIONS, add_position, init_position

LENGTH, POSITION_WIDTH = 7, 6


def place_fault(config: PositionConfig) -> Fault:
    """The entry has the function of the place where its config class says that it acts, and no other."""
    entry = POSITIONS[type(config)]
    acts = {"input": entry.vectors, "queries_and_keys": entry.rotate, "logits": entry.bias}
    places = [place for place, function in acts.items() if function]
    expected = [place for place in acts if place == config.acts_on]
    return (
        None if places == expected else f"its class says acts_on = {config.acts_on}, and the entry acts on {', '.join(places) or 'nothing'}"
    )


def extrapolation_fault(config: PositionConfig) -> Fault:
    """Of one that acts on the input: its vectors beyond the training length are finite if, and only if, it says that it extrapolates."""
    if config.acts_on != "input":
        return None
    params = init_position(config, jax.random.key(0), LENGTH, POSITION_WIDTH)
    places = jnp.array([[0, LENGTH - 1, LENGTH, 100]])
    added = np.asarray(add_position(config, params, jnp.zeros((1, 4, POSITION_WIDTH)), places))
    if not np.isfinite(added[0, :2]).all():
        return f"within the training length of {LENGTH} its vectors are not finite"
    if np.isfinite(added[0, 2:]).all() != config.extrapolates:
        finiteness = "finite" if np.isfinite(added[0, 2:]).all() else "not finite"
        said = f"its class says extrapolates = {config.extrapolates}"
        return f"trained on {LENGTH} positions, its vectors at {LENGTH} and 100 are {finiteness}, and {said}"
    return None
