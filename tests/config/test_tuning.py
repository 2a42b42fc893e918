"""The values of `tune`: drawn reproducibly, given to the rows to which they mean something, in equal number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.sweep import Sweep
from research.config.sweep_points import expand_sweep
from research.config.tuning import trials

RATE, ORDER, SMOOTHING = "optim.learning_rate", "model.order", "model.smoothing"
TREE = {"data": {"kind": "shakespeare"}, "model": {"kind": "language_model", "width": 32}, "train": {"steps": 9}}
COUNTED = {"kind": "ngram"}


def grid_of(tune):
    return Sweep.model_validate({"tune": tune}).tune.grid


def points(rows, **words):
    return expand_sweep(TREE, Sweep.model_validate({"list": rows, "table": {"rows": "label"}} | words), where="spec.toml")


def tried(found, label):
    return [point.tuned for point in found if point.labels["label"] == label]


def refused(rows, **words):
    with pytest.raises(StepladderError) as raised:
        points(rows, **words)
    return str(raised.value)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10), st.floats(1e-6, 1.0), st.floats(1.5, 1e6), st.integers(1, 20))
def test_drawn_values_lie_between_the_bounds_and_more_trials_keep_the_first(seed, low, factor, n):
    draw = lambda n: {RATE: {"log_uniform": [low, low * factor], "trials": n}, "model.init.scale": {"uniform": [0.0, 1.0], "trials": n}}
    some, more = (trials(grid_of(draw(count)), seed) for count in (n, n + 5))
    assert some == more[:n]
    assert len(more) == n + 5
    for one in more:
        assert low <= one[RATE] <= low * factor
        assert one[RATE] in (low, low * factor) or float(f"{one[RATE]:.3g}") == one[RATE]


def test_the_logarithm_of_a_drawn_value_is_uniform_and_another_seed_or_key_draws_others():
    grid = grid_of({RATE: {"log_uniform": [1e-4, 1e-1], "trials": 3000}, "optim.eps": {"log_uniform": [1e-4, 1e-1], "trials": 3000}})
    found = trials(grid, 0)
    for threshold, share in ((1e-3, 1 / 3), (1e-2, 2 / 3)):
        assert abs(sum(one[RATE] < threshold for one in found) / 3000 - share) < 0.03
    assert trials(grid, 0) == found
    assert trials(grid, 1)[0] != found[0]
    assert sum(one[RATE] < one["optim.eps"] for one in found) == pytest.approx(1500, abs=100)


def test_lists_multiply_each_other_and_what_is_drawn_is_drawn_together():
    drawn = {"log_uniform": [1e-3, 1e-2], "trials": 4}
    found = trials(grid_of({"train.batch_size": [8, 16], RATE: drawn, "optim.beta2": {"choice": [0.9, 0.99], "trials": 4}}), 0)
    assert len(found) == 8
    assert {one["optim.beta2"] for one in found} <= {0.9, 0.99}
    with pytest.raises(StepladderError, match=r"optim\.learning_rate has 4, optim\.beta2 has 3"):
        trials(grid_of({RATE: drawn, "optim.beta2": {"choice": [0.9, 0.99], "trials": 3}}), 0)


def test_each_row_takes_the_keys_that_mean_something_to_it_and_that_it_does_not_set_itself():
    rows = [
        {"label": "network"},
        {"label": "n-gram", "model": COUNTED},
        {"label": "3-gram", "model": COUNTED | {"order": 3}},
        {"label": "own", RATE: 0.5, "tune": {"train.batch_size": [4, 8]}},
        {"label": "untuned", "model.width": 16, "tune": {}},
    ]
    smoothing = [{"kind": "kneser_ney"}, {"kind": "add_k", "k": 0.1}]
    found = points(rows, tune={RATE: [1e-3, 1e-2], SMOOTHING: smoothing, ORDER: [2, 4]})
    assert tried(found, "network") == [{RATE: 1e-3}, {RATE: 1e-2}]
    assert tried(found, "n-gram") == [{SMOOTHING: s, ORDER: n} for s in smoothing for n in (2, 4)]
    assert tried(found, "3-gram") == [{SMOOTHING: s} for s in smoothing]
    assert tried(found, "own") == [{"train.batch_size": 4}, {"train.batch_size": 8}]
    assert tried(found, "untuned") == [{}]
    assert {point.config.model.order for point in found if point.labels["label"] == "3-gram"} == {3}
    assert {point.config.optim.learning_rate for point in found if point.labels["label"] == "own"} == {0.5}


def test_a_spec_survives_its_manifest():
    sweep = Sweep.model_validate(
        {"tune": {RATE: {"log_uniform": [1e-3, 1e-2], "trials": 2}}, "list": [{"label": "a", "tune": {"optim": {"beta2": [0.9, 0.99]}}}]}
    )
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep
    assert list(sweep.tuned) == [RATE, "optim.beta2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"tune": {"model.smoothing.k": [0.1, 1.0]}}, "`model.smoothing.k` means nothing to any row"),
        ({"tune": {"optim.learning_rat": [0.1]}}, "did you mean `optim.learning_rate`?"),
        ({"select": "valid.loss"}, "there are none. Which checkpoint of a run is kept is train.select"),
    ],
)
def test_what_would_do_nothing_is_refused(words, said):
    assert said in refused([{"label": "network"}], **words)


@pytest.mark.parametrize(
    "tried", [3, [], {"log_uniform": [1e-2, 1e-3], "trials": 3}, {"log_uniform": [1e-3, 1e-2]}, {"uniform": [1, 2, 3]}]
)
def test_careless_values_are_refused(tried):
    with pytest.raises(ValueError, match="tune"):
        grid_of({RATE: tried})
