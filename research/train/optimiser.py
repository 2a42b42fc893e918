"""optax chains from the words of [optim]. The learning rate and the weight decay are traced, so that a sweep over them is one program."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from research.config.optim import SGD, Adam, AdamW, Constant, Cosine, EpochDecay, InverseSquareRoot, Linear, Optim, Schedule

Rate = Float[Array, ""]


def factor(schedule: Schedule, steps: int, steps_per_epoch: int, step: Int[Array, ""] | int) -> Float[Array, ""]:
    """What the learning rate is multiplied with at a step, counted from 0; steps is the length of the whole run."""
    if isinstance(schedule, EpochDecay):
        epoch = step // steps_per_epoch
        return jnp.asarray(schedule.factor, jnp.float32) ** jnp.maximum(0, epoch + 1 - schedule.hold)
    if isinstance(schedule, InverseSquareRoot):
        at = (step + 1) / schedule.warmup
        return jnp.minimum(at, 1 / jnp.sqrt(at)).astype(jnp.float32)
    warm = jnp.minimum(1.0, (step + 1) / (schedule.warmup + 1))
    done = jnp.clip((step - schedule.warmup) / max(1, steps - schedule.warmup), 0.0, 1.0)
    if isinstance(schedule, Cosine):
        shape = schedule.final + (1 - schedule.final) * 0.5 * (1 + jnp.cos(jnp.pi * done))
    elif isinstance(schedule, Linear):
        shape = 1 - (1 - schedule.final) * done
    else:
        assert isinstance(schedule, Constant)
        shape = jnp.ones(())
    return (warm * shape).astype(jnp.float32)


def optimiser(optim: Optim, rate: Rate, weight_decay: Rate) -> optax.GradientTransformation:
    """Clipping by global norm, then the rule; `rate` is the learning rate at this step. The state's shape does not depend on the values."""
    clip = [] if optim.clip == "off" else [optax.clip_by_global_norm(optim.clip)]
    return optax.chain(*clip, *_rule(optim, weight_decay), optax.scale_by_learning_rate(rate))


def hyper(optim: Optim) -> tuple[float, float]:
    """The traced scalars: learning rate and weight decay."""
    return optim.learning_rate, getattr(optim, "weight_decay", 0.0)


def _rule(optim: Optim, weight_decay: Rate) -> list[optax.GradientTransformation]:
    decay = [optax.add_decayed_weights(weight_decay, mask=_matrices)] if getattr(optim, "weight_decay", 0.0) else []
    if isinstance(optim, SGD):
        return [*decay, *([optax.trace(optim.momentum)] if optim.momentum else [])]
    assert isinstance(optim, Adam | AdamW)
    return [optax.scale_by_adam(optim.beta1, optim.beta2), *decay]


def _matrices(params: Any) -> Any:
    """Biases, the scales of norms and all vectors are not decayed. Layers are stacked on a leading axis, which does not count."""

    def is_matrix(path: tuple[Any, ...], leaf: Array) -> bool:
        names = [entry.name for entry in path if isinstance(entry, jax.tree_util.GetAttrKey)]
        return leaf.ndim - ("blocks" in names) > 1 and not names[-1].endswith("bias")

    return jax.tree_util.tree_map_with_path(is_matrix, params)
