"""What holds of every score: it is its entry's formula, pair by pair, and prepared keys are as wide as the entry says."""

from functools import partial

import jax
import numpy as np

from research.config.mixer import ScoreConfig
from research.laws.law import Fault
from research.laws.mixer_inputs import jit, noisy_parameters
from research.nn.score_functions import SCORES, attention_logits, init_score, prepare_keys, prepared_width

ROWS, HEADS, QUERIES, KEYS, HEAD_WIDTH = 2, 3, 4, 7, 5
Q, K = (np.random.default_rng(n).normal(size=(ROWS, HEADS, n, HEAD_WIDTH)).astype(np.float32) for n in (QUERIES, KEYS))


def formula_fault(config: ScoreConfig) -> Fault:
    """The logits are those of the entry's reference, of every query and key."""
    params = noisy_parameters(init_score, config, HEADS, HEAD_WIDTH)
    logits = np.asarray(jit(partial(attention_logits, config))(params, Q, K))
    formula = partial(SCORES[type(config)].reference, config, jax.tree.map(np.asarray, params))
    expected = np.array([[[[formula(h, q, k) for k in K[b, h]] for q in Q[b, h]] for h in range(HEADS)] for b in range(ROWS)])
    far = np.argwhere(~np.isclose(logits, expected, rtol=1e-6, atol=5e-6))
    if not far.size:
        return None
    b, h, t, s = far[0]
    pair = f"head {h} of {HEADS}, {HEAD_WIDTH} wide, q = {Q[b, h, t].round(2)}, k = {K[b, h, s].round(2)}"
    return f"{pair}: {logits[b, h, t, s]:.5g}, and {expected[b, h, t, s]:.5g} by the entry's formula"


def key_width_fault(config: ScoreConfig) -> Fault:
    """A prepared key is as wide as `key_width` says."""
    params = init_score(config, jax.random.key(0), HEADS, HEAD_WIDTH)
    width, said = jit(partial(prepare_keys, config))(params, K).shape[-1], prepared_width(config, HEAD_WIDTH, HEAD_WIDTH)
    return None if width == said else f"of keys {HEAD_WIDTH} wide the prepared ones are {width} wide, and the entry says {said}"
