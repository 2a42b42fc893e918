"""What the laws of mixers are tried on: three rows of twelve inputs, eight numbers wide, ragged; and mixers compiled once for them."""

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from research.nn.initialisers import LECUN
from research.nn.mixers import BoundMixer

BATCH, LENGTH, WIDTH = 3, 12, 8
SCALE = 0.5  # of the noise that moves parameters from where they begin
CLOSE = 5e-6  # how far two orders of the same sums may be apart, of numbers about 1
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


class Inputs(NamedTuple):
    """A chunk."""

    x: Float[np.ndarray, "b t d"]
    valid: Bool[np.ndarray, "b t"]

    def cut(self, start: int, end: int) -> "Inputs":
        """Some of its columns."""
        return Inputs(self.x[:, start:end], self.valid[:, start:end])


class Mixed(NamedTuple):
    """What became of a chunk."""

    carry: PyTree
    y: Float[Array, "b t d"]


X = np.random.default_rng(1).normal(size=(BATCH, LENGTH, WIDTH)).astype(np.float32)
ALL = np.ones((BATCH, LENGTH), bool)
GAPS = np.array([[c == "x" for c in row] for row in ("xx..x.xxx.xx", "...xxxx.xx..", "x.xxxxxxx.x.")])


def in_every_row(pattern: str) -> Bool[np.ndarray, "b t"]:
    """Which inputs exist, the same in each row: `x` where one does."""
    return np.array([[c == "x" for c in pattern.ljust(LENGTH, ".")]] * BATCH)


def noisy_parameters(init: Any, spec: Any, *sizes: Any) -> PyTree:
    """Normal numbers in the shape of what `init` would give, so that what begins as zero or one is seen."""
    random = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda key: init(spec, key, *sizes), jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(random.normal(scale=SCALE, size=leaf.shape).astype(np.float32)), shapes)


@cache
def mixer_parameters(mixer: BoundMixer) -> PyTree:
    """Noise in every leaf."""
    return noisy_parameters(mixer.kind.init, mixer.spec, WIDTH, LECUN)


@cache
def empty_carry(mixer: BoundMixer, capacity: int = LENGTH) -> PyTree:
    """Before the first input of each row. `capacity`: how many inputs may be kept; 0 as in training, where a chunk is all."""
    return mixer.kind.empty(mixer.spec, BATCH, capacity, WIDTH)


@cache
def _compiled(mixer: BoundMixer) -> Any:
    return jit(lambda p, carry, x, valid: mixer.kind.mix(mixer.spec, p, carry, x, valid)[:2])


def mix_once(mixer: BoundMixer, inputs: Inputs, carry: PyTree = None) -> Mixed:
    """One chunk, from nothing or from a carry."""
    carry = empty_carry(mixer) if carry is None else carry
    return Mixed(*_compiled(mixer)(mixer_parameters(mixer), carry, inputs.x, inputs.valid))


@cache
def _pulled(mixer: BoundMixer) -> Any:
    def weigh(p: PyTree, x: Array, valid: Array, weights: Array) -> tuple[Array, Mixed]:
        carry, y, _ = mixer.kind.mix(mixer.spec, p, empty_carry(mixer, 0), x, valid)
        return (jnp.where(valid[..., None], y, 0) * weights).sum(), Mixed(carry, y)

    return jit(jax.grad(weigh, argnums=(0, 1), has_aux=True))


def pull_back(mixer: BoundMixer, inputs: Inputs, weights: Float[np.ndarray, "b t d"]) -> tuple[tuple[PyTree, Array], Mixed]:
    """As in training: the gradient of the weighted sum of the outputs, by parameters and by inputs; and what became of the chunk."""
    gradients: tuple[tuple[PyTree, Array], Mixed] = _pulled(mixer)(mixer_parameters(mixer), inputs.x, inputs.valid, weights)
    return gradients
