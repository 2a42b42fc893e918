"""What holds of every recurrent cell's entry: the widths of its kernels, and what it shows."""

import jax
import jax.numpy as jnp

from research.config.mixer import MixerConfig
from research.laws.law import Fault
from research.nn.initialisers import LECUN
from research.nn.recurrent_cells import CELLS, empty_recurrent, init_recurrent, mix_recurrent

ROWS, TIMES, STATE = 2, 5, 4


def cell_entry_fault(config: MixerConfig) -> Fault:
    """Kernels and bias have as many blocks as the entry says, and the cell returns the state's fields and the gates that it names."""
    kind = CELLS[type(config)]
    params = jax.eval_shape(lambda key: init_recurrent(config, key, STATE, LECUN), jax.random.key(0))
    shapes = params.recurrent_kernel.shape, params.bias.shape
    said = (STATE, kind.gates * STATE), (kind.biases * STATE,)
    if shapes != said:
        return f"of a state {STATE} wide kernel and bias are {shapes}, and by gates and biases of the entry {said}"
    x, valid = jnp.zeros((ROWS, TIMES, STATE)), jnp.ones((ROWS, TIMES), bool)
    state = empty_recurrent(config, ROWS, 0, STATE)
    shown = set(jax.eval_shape(lambda p: mix_recurrent(config, p, state, x, valid, observe=True)[2], params))
    named = {*kind.fields, *kind.observes}
    return None if shown == named else f"it shows {sorted(shown)}, and the entry names {sorted(named)}"
