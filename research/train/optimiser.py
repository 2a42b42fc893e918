"""optax chains from the words of [optim]: a rule and a schedule are an entry each. The learning rate, and what draws weights to zero, are
traced, so that a sweep over them is one program.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from research.config.errors import StepladderError
from research.config.optim import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    AdamW,
    ConstantSchedule,
    CosineSchedule,
    EpochDecaySchedule,
    InverseSquareRootSchedule,
    LinearSchedule,
    Optim,
    RMSprop,
    Schedule,
)

Rate = Float[Array, ""]
Step = Int[Array, ""] | int
Rule = list[optax.GradientTransformation]


def learning_rate_factor(schedule: Schedule, steps: int, steps_per_epoch: int, step: Step) -> Float[Array, ""]:
    """What the learning rate is multiplied with at a step, counted from 0; steps is the length of the whole run."""
    return SCHEDULES[type(schedule)](schedule, steps, steps_per_epoch, step).astype(jnp.float32)


def optimiser(optim: Optim, rate: Rate, decay: Rate) -> optax.GradientTransformation:
    """The penalty's gradient, clipping by global norm, then the rule; `rate` is the learning rate at this step, `decay` the optimiser's
    weight decay or L2. The state's shape does not depend on the values.
    """
    penalty = [optax.add_decayed_weights(decay, mask=_matrices)] if getattr(optim, "l2", 0.0) else []
    clip = [] if optim.clip == "off" else [optax.clip_by_global_norm(optim.clip)]
    return optax.chain(*penalty, *clip, *RULES[type(optim)](optim, decay), optax.scale_by_learning_rate(rate))


def traced_hyperparameters(optim: Optim) -> tuple[float, float]:
    """The traced scalars: learning rate, and weight decay or L2."""
    rate, decay = (getattr(optim, word) for word in optim.traced)
    return rate, decay


def constrain_max_norm(optim: Optim, params: PyTree) -> PyTree:
    """A classifier's parameters with the weights of each class no longer than `max_norm` (Kim 2014, sec. 2.1)."""
    if optim.max_norm == "off" or params.output is None:
        return params
    lengths = jnp.sqrt(jnp.square(params.output).sum(axis=0, keepdims=True))
    shrink = jnp.broadcast_to(optim.max_norm / jnp.maximum(lengths, optim.max_norm), params.output.shape)
    return params.replace(output=params.output * shrink)


def check_schedule(schedule: Schedule, steps: int, steps_per_epoch: int) -> None:
    """Raises StepladderError for a schedule of which a part would never come."""
    warmup, hold = getattr(schedule, "warmup", 0), getattr(schedule, "hold", 0)
    if warmup >= steps:
        raise StepladderError(
            f"optim.schedule.warmup = {warmup} is not below the run's {steps} steps: the rate would never be reached. Lower it, or train "
            "for longer."
        )
    if hold * steps_per_epoch >= steps:
        raise StepladderError(
            f"optim.schedule.hold = {hold} epochs are all of the run's {steps} steps ({steps_per_epoch} an epoch): the rate would never "
            "fall. Lower it, train for longer, or use schedule.kind = constant."
        )


def _constant(schedule: ConstantSchedule, steps: int, steps_per_epoch: int, step: Step) -> Rate:
    return _warm(schedule.warmup, step)


def _cosine(schedule: CosineSchedule, steps: int, steps_per_epoch: int, step: Step) -> Rate:
    shape = 0.5 * (1 + jnp.cos(jnp.pi * _share_done(schedule.warmup, steps, step)))
    return _warm(schedule.warmup, step) * (schedule.final + (1 - schedule.final) * shape)


def _linear(schedule: LinearSchedule, steps: int, steps_per_epoch: int, step: Step) -> Rate:
    return _warm(schedule.warmup, step) * (1 - (1 - schedule.final) * _share_done(schedule.warmup, steps, step))


def _inverse_square_root(schedule: InverseSquareRootSchedule, steps: int, steps_per_epoch: int, step: Step) -> Rate:
    ratio = jnp.asarray((step + 1) / schedule.warmup)
    return jnp.minimum(ratio, 1 / jnp.sqrt(ratio))


def _epoch_decay(schedule: EpochDecaySchedule, steps: int, steps_per_epoch: int, step: Step) -> Rate:
    epoch = step // steps_per_epoch
    return jnp.asarray(schedule.factor, jnp.float32) ** jnp.maximum(0, epoch + 1 - schedule.hold)


def _warm(warmup: int, step: Step) -> Rate:
    return jnp.minimum(1.0, (step + 1) / (warmup + 1))


def _share_done(warmup: int, steps: int, step: Step) -> Rate:
    return jnp.clip((step - warmup) / max(1, steps - warmup), 0.0, 1.0)


SCHEDULES: dict[type, Callable[..., Rate]] = {  # (schedule, steps, steps_per_epoch, step)
    ConstantSchedule: _constant,
    CosineSchedule: _cosine,
    LinearSchedule: _linear,
    InverseSquareRootSchedule: _inverse_square_root,
    EpochDecaySchedule: _epoch_decay,
}


def _sgd(optim: SGD, decay: Rate) -> Rule:
    return [*_decayed(optim, decay), *([optax.trace(optim.momentum)] if optim.momentum else [])]


def _adam(optim: Adam, decay: Rate) -> Rule:
    return [optax.scale_by_adam(optim.beta1, optim.beta2)]


def _adamw(optim: AdamW, decay: Rate) -> Rule:
    return [optax.scale_by_adam(optim.beta1, optim.beta2), *_decayed(optim, decay)]


def _adagrad(optim: Adagrad, decay: Rate) -> Rule:
    return [optax.scale_by_rss(0.0, optim.epsilon)]


def _adadelta(optim: Adadelta, decay: Rate) -> Rule:
    return [optax.scale_by_adadelta(optim.rho, optim.epsilon)]


def _rmsprop(optim: RMSprop, decay: Rate) -> Rule:
    return [optax.scale_by_rms(optim.decay, optim.epsilon, eps_in_sqrt=False)]


def _decayed(optim: SGD | AdamW, decay: Rate) -> Rule:
    return [optax.add_decayed_weights(decay, mask=_matrices)] if optim.weight_decay else []


RULES: dict[type, Callable[..., Rule]] = {  # (optim, weight decay) -> what is done to the clipped gradient, before the learning rate
    SGD: _sgd,
    Adam: _adam,
    AdamW: _adamw,
    Adagrad: _adagrad,
    Adadelta: _adadelta,
    RMSprop: _rmsprop,
}


def _matrices(params: Any) -> Any:
    """Biases, the scales of norms and all vectors are not decayed. Layers are stacked on a leading axis, which does not count."""

    def is_matrix(path: tuple[Any, ...], leaf: Array) -> bool:
        names = [entry.name for entry in path if isinstance(entry, jax.tree_util.GetAttrKey)]
        return leaf.ndim - ("blocks" in names) > 1 and not names[-1].endswith("bias")

    return jax.tree_util.tree_map_with_path(is_matrix, params)
