"""Updates and schedules against their formulas, written again in numpy."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from research.config.errors import StepladderError
from research.config.fields import member_classes
from research.config.node import Node
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
    Optimiser,
    RMSprop,
    Schedule,
)
from research.config.schema import Model
from research.models import language_model
from research.train.optimiser import (
    OPTIMISERS,
    SCHEDULES,
    check_schedule,
    constrain_max_norm,
    learning_rate_factor,
    optimiser,
    traced_hyperparameters,
)


@struct.dataclass
class Params:
    kernel: Any
    output_bias: Any
    norm_scale: Any


NAMES = ("kernel", "output_bias", "norm_scale")
MATRICES = ("kernel",)
STEPS = 4


def draws(seed):
    rng = np.random.default_rng(seed)
    return {"kernel": rng.normal(size=(3, 2)), "output_bias": rng.normal(size=2), "norm_scale": rng.normal(size=3)}


def ours(optim, learning_rates):
    """The parameters after one update for each rate."""
    params = Params(**jax.tree.map(np.float32, draws(0)))
    decay = jnp.float32(traced_hyperparameters(optim)[1])
    state = jax.jit(lambda params: optimiser(optim, jnp.float32(0), decay).init(params))(params)

    @jax.jit
    def updated(params, state, gradient, rate):
        change, state = optimiser(optim, rate, decay).update(gradient, state, params)
        return jax.tree.map(jnp.add, params, change), state

    for step, rate in enumerate(learning_rates):
        gradient = Params(**jax.tree.map(np.float32, draws(step + 1)))
        params, state = updated(params, state, gradient, jnp.float32(rate))
    return params


def clipped(gradient, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradient.values()))
    return gradient if limit == "off" else {name: g * min(1, limit / norm) for name, g in gradient.items()}


def sgd(optim, learning_rates):
    params, velocity = draws(0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates):
        gradient = clipped(draws(step + 1), optim.clip)
        for name in NAMES:
            g = gradient[name] + optim.weight_decay * (name in MATRICES) * params[name]
            velocity[name] = optim.momentum * velocity[name] + g
            params[name] = params[name] - rate * velocity[name]
    return params


def adam(optim, learning_rates):
    """Kingma & Ba 2015, algorithm 1; decay as in Loshchilov & Hutter 2019, algorithm 2."""
    params, first, second = draws(0), dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates, start=1):
        gradient = clipped(draws(step), optim.clip)
        for name in NAMES:
            first[name] = optim.beta1 * first[name] + (1 - optim.beta1) * gradient[name]
            second[name] = optim.beta2 * second[name] + (1 - optim.beta2) * gradient[name] ** 2
            corrected = first[name] / (1 - optim.beta1**step) / (np.sqrt(second[name] / (1 - optim.beta2**step)) + 1e-8)
            decay = getattr(optim, "weight_decay", 0.0) * (name in MATRICES)
            params[name] = params[name] - rate * (corrected + decay * params[name])
    return params


def penalised(optim, params, step):
    """The gradient with that of L2, clipped."""
    penalty = {name: optim.l2 * (name in MATRICES) * params[name] for name in NAMES}
    return clipped({name: draws(step)[name] + penalty[name] for name in NAMES}, optim.clip)


def adagrad(optim, learning_rates):
    """Duchi et al. 2011; torch.optim.Adagrad: g / (sqrt(sum of g^2) + eps)."""
    params, total = draws(0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates, start=1):
        gradient = penalised(optim, params, step)
        for name in NAMES:
            total[name] = total[name] + gradient[name] ** 2
            params[name] = params[name] - rate * gradient[name] / (np.sqrt(total[name]) + optim.epsilon)
    return params


def adadelta(optim, learning_rates):
    """Zeiler 2012, algorithm 1; torch.optim.Adadelta."""
    params, square, moved = draws(0), dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates, start=1):
        gradient = penalised(optim, params, step)
        for name in NAMES:
            square[name] = optim.rho * square[name] + (1 - optim.rho) * gradient[name] ** 2
            change = np.sqrt(moved[name] + optim.epsilon) / np.sqrt(square[name] + optim.epsilon) * gradient[name]
            moved[name] = optim.rho * moved[name] + (1 - optim.rho) * change**2
            params[name] = params[name] - rate * change
    return params


def rmsprop(optim, learning_rates):
    """torch.optim.RMSprop without momentum: g / (sqrt(mean of g^2) + eps)."""
    params, square = draws(0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates, start=1):
        gradient = penalised(optim, params, step)
        for name in NAMES:
            square[name] = optim.decay * square[name] + (1 - optim.decay) * gradient[name] ** 2
            params[name] = params[name] - rate * gradient[name] / (np.sqrt(square[name]) + optim.epsilon)
    return params


def adam_with_penalty(optim, learning_rates):
    """torch.optim.Adam with weight_decay: what it adds goes through both moments."""
    params, first, second = draws(0), dict.fromkeys(NAMES, 0.0), dict.fromkeys(NAMES, 0.0)
    for step, rate in enumerate(learning_rates, start=1):
        gradient = penalised(optim, params, step)
        for name in NAMES:
            first[name] = optim.beta1 * first[name] + (1 - optim.beta1) * gradient[name]
            second[name] = optim.beta2 * second[name] + (1 - optim.beta2) * gradient[name] ** 2
            params[name] -= rate * first[name] / (1 - optim.beta1**step) / (np.sqrt(second[name] / (1 - optim.beta2**step)) + 1e-8)
    return params


@pytest.mark.parametrize(("entries", "words"), [(OPTIMISERS, Optim), (SCHEDULES, Schedule)], ids=["optimisers", "schedules"])
def test_every_kind_of_the_config_is_an_entry(entries, words):
    assert set(entries) == set(member_classes(words))


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_the_chain_does_not_depend_on_the_values_of_what_is_traced(kind):
    """A sweep over the rate and a decay above zero is one program; a decay of zero is another."""
    default = kind(kind=kind.model_fields["kind"].annotation.__args__[0])
    _, decay = kind.traced

    def state(strength):
        optim = default.model_copy(update={decay: strength})
        assert traced_hyperparameters(optim) == (default.learning_rate, strength)
        chain = optimiser(optim, jnp.float32(1), jnp.float32(strength))
        return jax.tree.structure(chain.init(Params(**jax.tree.map(jnp.float32, draws(0)))))

    assert state(0.1) == state(0.3) != state(0.0)


def test_an_optimiser_that_does_not_say_what_is_traced_is_refused():
    with pytest.raises(TypeError, match="Forgetful does not say what its traced is"):
        type("Forgetful", (Optimiser,), {"__module__": __name__, "__annotations__": {"kind": str}})
    assert issubclass(type("Common", (Optimiser,), {"__module__": __name__}), Node)  # a base class without a kind may leave it out


@pytest.mark.parametrize("kind", SCHEDULES)
def test_every_schedule_is_checked(kind):
    """One step is too few for a warm-up of one step or an epoch of one."""
    words = {"warmup": 1} if "warmup" in kind.model_fields else {"hold": 1}
    schedule = kind(kind=kind.model_fields["kind"].annotation.__args__[0], **words)
    with pytest.raises(StepladderError, match=f"optim.schedule.{next(iter(words))} = 1 "):
        check_schedule(schedule, 1, 1)


@pytest.mark.parametrize(
    ("optim", "formula"),
    [
        (Adagrad(kind="adagrad"), adagrad),
        (Adagrad(kind="adagrad", l2=0.3, clip=0.5), adagrad),
        (Adadelta(kind="adadelta"), adadelta),
        (Adadelta(kind="adadelta", rho=0.9, epsilon=1e-4, l2=0.3), adadelta),
        (RMSprop(kind="rmsprop"), rmsprop),
        (RMSprop(kind="rmsprop", decay=0.5, l2=0.2, clip=1.0), rmsprop),
        (Adam(kind="adam", l2=0.4, clip=0.7), adam_with_penalty),
        (SGD(kind="sgd"), sgd),
        (SGD(kind="sgd", momentum=0.9, weight_decay=0.1, clip=0.5), sgd),
        (Adam(kind="adam"), adam),
        (Adam(kind="adam", beta1=0.5, beta2=0.9, clip=100.0), adam),
        (AdamW(weight_decay=0.3, clip=1.0), adam),
    ],
    ids=[
        *("adagrad", "adagrad: l2, clip", "adadelta", "adadelta: rho, epsilon, l2", "rmsprop", "rmsprop: decay, l2, clip"),
        "adam: l2, clip",
        *["sgd", "sgd: momentum, decay, clip", "adam", "adam: betas, a clip that is not reached", "adamw: decay, clip"],
    ],
)
def test_updates_are_the_formulas(optim, formula):
    learning_rates = [0.3, 0.2, 0.1, 0.5]
    found, expected = ours(optim, learning_rates), formula(optim, learning_rates)
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-5, atol=2e-5)  # 1 - 0.999 in float32


def rates(schedule, steps, until):
    """The factor at the steps 0 .. until - 1 of a run of `steps` steps in epochs of ten."""
    return np.asarray(jax.jit(jax.vmap(lambda step: learning_rate_factor(schedule, steps, 10, step)))(np.arange(until)))


@settings(deadline=None, max_examples=5)
@given(steps=st.integers(20, 300), warmup=st.integers(0, 15), final=st.floats(0, 0.9))
def test_schedules_are_their_closed_forms(steps, warmup, final):
    step = np.arange(steps + 1)
    rising = np.minimum(1, (step + 1) / (warmup + 1))
    done = np.maximum(0, (step - warmup) / (steps - warmup))
    forms = {
        ConstantSchedule(warmup=warmup): rising,
        CosineSchedule(kind="cosine", warmup=warmup, final=final): rising * (final + (1 - final) * (1 + np.cos(np.pi * done)) / 2),
        LinearSchedule(kind="linear", warmup=warmup, final=final): rising * (1 + (final - 1) * done),
        InverseSquareRootSchedule(kind="inverse_square_root", warmup=warmup + 1): np.minimum(
            (step + 1) / (warmup + 1), np.sqrt((warmup + 1) / (step + 1))
        ),
    }
    for schedule, expected in forms.items():
        np.testing.assert_allclose(rates(schedule, steps, steps + 1), expected, atol=1e-5)
        assert expected.max() == pytest.approx(1)


def test_the_rate_of_zaremba_falls_from_the_fifth_epoch_on():
    """Zaremba et al. 2014, section 4.1: 4 epochs at the rate, then halved after each epoch."""
    schedule = EpochDecaySchedule(kind="epoch_decay", hold=4, factor=0.5)
    epochs = [set(epoch) for epoch in rates(schedule, 130, 80).reshape(8, 10).tolist()]
    assert epochs == [{1.0}, {1.0}, {1.0}, {1.0}, {0.5}, {0.25}, {0.125}, {0.0625}]


MODEL = {"kind": "language_model", "layers": 2, "width": 8, "norm": {"kind": "layer"}, "position": {"kind": "t5"}}
VECTORS = ("bias", "scale", "shift", "mixer.score")  # of cells, t5 and the output; of norms; the temperatures of cosine


COSINE = {"kind": "attention", "heads": 2, "score": {"kind": "cosine"}}


@pytest.mark.parametrize("mixer", [COSINE, {"kind": "lstm"}, {"kind": "convolution"}], ids=["cosine", "lstm", "convolution"])
def test_matrices_alone_are_decayed(mixer):
    """With a gradient of zero a step of AdamW is its decay."""
    position = MODEL["position"] if mixer["kind"] == "attention" else {"kind": "none"}
    config = TypeAdapter(Model).validate_python(MODEL | {"mixer": mixer, "position": position})
    shapes = jax.eval_shape(lambda: language_model.init(config, jax.random.key(0), 11, 6))
    params = jax.tree.map(lambda leaf: np.ones(leaf.shape, np.float32), shapes)
    chain = optimiser(AdamW(weight_decay=0.5), jnp.float32(0.1), jnp.float32(0.5))
    update = jax.jit(lambda params: chain.update(jax.tree.map(jnp.zeros_like, params), chain.init(params), params)[0])
    change = update(params)
    for path, leaf in jax.tree_util.tree_leaves_with_path(change):
        name = ".".join(entry.name for entry in path if isinstance(entry, jax.tree_util.GetAttrKey))
        np.testing.assert_allclose(leaf, 0.0 if name.endswith(VECTORS) else -0.05, rtol=1e-6, err_msg=name)


@struct.dataclass
class Output:
    output: Any


def test_max_norm_shortens_the_weights_of_a_class_to_its_limit_and_no_others():
    """Kim 2014, sec. 2.1: w is rescaled to |w| = s whenever |w| > s. Of lengths 5, 1, 3 and 0."""
    kernel = np.array([[3.0, 0.6, 0.0, 0.0], [4.0, 0.8, 3.0, 0.0]], np.float32)
    out = constrain_max_norm(Adadelta(kind="adadelta", max_norm=3.0), Output(jnp.asarray(kernel))).output
    np.testing.assert_allclose(out, [[1.8, 0.6, 0.0, 0.0], [2.4, 0.8, 3.0, 0.0]], rtol=1e-6)
    np.testing.assert_array_equal(constrain_max_norm(Adam(kind="adam"), Output(kernel)).output, kernel)
    assert constrain_max_norm(Adam(kind="adam", max_norm=3.0), Output(None)).output is None  # frozen


@pytest.mark.parametrize(
    ("schedule", "steps", "refused"),
    [
        (CosineSchedule(kind="cosine", warmup=9), 10, ""),
        (CosineSchedule(kind="cosine", warmup=10), 10, "warmup = 10"),
        (ConstantSchedule(warmup=11), 10, "warmup = 11"),
        (InverseSquareRootSchedule(kind="inverse_square_root", warmup=10), 10, "warmup = 10"),
        (EpochDecaySchedule(kind="epoch_decay", hold=1, factor=0.5), 10, ""),
        (EpochDecaySchedule(kind="epoch_decay", hold=2, factor=0.5), 10, "hold = 2"),
        (ConstantSchedule(), 1, ""),
    ],
)
def test_a_schedule_of_which_a_part_never_comes_is_refused(schedule, steps, refused):
    """In epochs of five steps; what is refused is a constant factor over the whole run, or never reaches one."""
    factors = np.array([learning_rate_factor(schedule, steps, 5, step) for step in range(steps)])
    if not refused:
        check_schedule(schedule, steps, 5)
        assert factors.max() == 1
        return
    with pytest.raises(StepladderError, match=refused):
        check_schedule(schedule, steps, 5)
    assert (factors == 1).all() or factors.max() < 1 or schedule.kind == "inverse_square_root"
