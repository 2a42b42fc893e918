"""optax chains from the words of [optim]: an optimiser is one entry of `OPTIMISERS`, a schedule one of `SCHEDULES`.

The learning rate, and what draws weights to zero, are traced, so that a sweep over them is one program.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

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
    WarmupSchedule,
)
from research.models.fields import field_names
from research.nn.mixers import undecayed_fields

Rate = Float[Array, ""]
Step = Int[Array, ""] | int
Rule = list[optax.GradientTransformation]


def learning_rate_factor(schedule: Schedule, steps: int, steps_per_epoch: int, step: Step) -> Float[Array, ""]:
    """What the learning rate is multiplied with at a step, counted from 0; steps is the length of the whole run."""
    return SCHEDULES[type(schedule)].factor(schedule, steps, steps_per_epoch, step).astype(jnp.float32)


def optimiser(optim: Optim, rate: Rate, decay: Rate) -> optax.GradientTransformation:
    """Clipping by global norm, then the rule, with the decay of weights where the entry has it; `rate` is the learning rate at this step,
    `decay` the optimiser's weight decay or L2. The state's shape does not depend on the values.
    """
    kind = OPTIMISERS[type(optim)]
    decays = [optax.add_decayed_weights(decay, mask=_matrices)] if traced_hyperparameters(optim)[1] else []
    clip = [] if optim.clip == "off" else [optax.clip_by_global_norm(optim.clip)]
    chain = {"decay": decays, "clip": clip, "rule": kind.rule(optim)}
    return optax.chain(*(link for part in kind.order for link in chain[part]), optax.scale_by_learning_rate(rate))


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
    SCHEDULES[type(schedule)].check(schedule, steps, steps_per_epoch)


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


def _check_warmup(schedule: WarmupSchedule, steps: int, steps_per_epoch: int) -> None:
    if schedule.warmup >= steps:
        raise StepladderError(
            f"optim.schedule.warmup = {schedule.warmup} is not below the run's {steps} steps: the rate would never be reached. Lower it, "
            "or train for longer."
        )


def _check_hold(schedule: EpochDecaySchedule, steps: int, steps_per_epoch: int) -> None:
    if schedule.hold * steps_per_epoch >= steps:
        raise StepladderError(
            f"optim.schedule.hold = {schedule.hold} epochs are all of the run's {steps} steps ({steps_per_epoch} an epoch): the rate would "
            "never fall. Lower it, train for longer, or use schedule.kind = constant."
        )


class ScheduleKind(NamedTuple):
    """A schedule: its factor at a step, and the check that every part of it comes within a run."""

    factor: Callable[..., Rate]  # (schedule, steps, steps_per_epoch, step)
    check: Callable[..., None]  # (schedule, steps, steps_per_epoch); raises StepladderError


SCHEDULES: dict[type, ScheduleKind] = {
    ConstantSchedule: ScheduleKind(_constant, _check_warmup),
    CosineSchedule: ScheduleKind(_cosine, _check_warmup),
    LinearSchedule: ScheduleKind(_linear, _check_warmup),
    InverseSquareRootSchedule: ScheduleKind(_inverse_square_root, _check_warmup),
    EpochDecaySchedule: ScheduleKind(_epoch_decay, _check_hold),
}


def _sgd(optim: SGD) -> Rule:
    return [optax.trace(optim.momentum)] if optim.momentum else []


def _adam(optim: Adam | AdamW) -> Rule:
    return [optax.scale_by_adam(optim.beta1, optim.beta2)]


def _adagrad(optim: Adagrad) -> Rule:
    return [optax.scale_by_rss(0.0, optim.epsilon)]


def _adadelta(optim: Adadelta) -> Rule:
    return [optax.scale_by_adadelta(optim.rho, optim.epsilon)]


def _rmsprop(optim: RMSprop) -> Rule:
    return [optax.scale_by_rms(optim.decay, optim.epsilon, eps_in_sqrt=False)]


Part = Literal["decay", "clip", "rule"]
PENALTY: tuple[Part, ...] = ("decay", "clip", "rule")  # L2: a part of the loss, and so of the gradient that is clipped
COUPLED: tuple[Part, ...] = ("clip", "decay", "rule")  # a part of the gradient after clipping
DECOUPLED: tuple[Part, ...] = ("clip", "rule", "decay")  # no part of the gradient (Loshchilov & Hutter 2019)


class OptimiserKind(NamedTuple):
    """An optimiser: its rule, and where in the chain from a gradient to a step the decay of weights stands.

    Which of its words are traced is `traced` of its config: the rate, and what says how strong the decay is.
    """

    rule: Callable[..., Rule]  # (optim) -> what is done to a gradient, before the learning rate
    order: tuple[Part, ...]


OPTIMISERS: dict[type, OptimiserKind] = {
    SGD: OptimiserKind(_sgd, COUPLED),
    Adam: OptimiserKind(_adam, PENALTY),
    AdamW: OptimiserKind(_adam, DECOUPLED),
    Adagrad: OptimiserKind(_adagrad, PENALTY),
    Adadelta: OptimiserKind(_adadelta, PENALTY),
    RMSprop: OptimiserKind(_rmsprop, PENALTY),
}


def _matrices(params: PyTree) -> PyTree:
    """Vectors, so biases and the scales of norms, are not decayed, nor what the mixers' entries name. Layers are stacked on a leading
    axis, which does not count.
    """
    undecayed = undecayed_fields()

    def is_matrix(path: tuple[Any, ...], leaf: Array) -> bool:
        names = field_names(path)
        return leaf.ndim - ("blocks" in names) > 1 and not names & undecayed

    return jax.tree_util.tree_map_with_path(is_matrix, params)
