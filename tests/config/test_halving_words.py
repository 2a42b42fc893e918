"""The word `halving` of `tune`: which trials it plans, each for how long, and what it refuses."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.halving import rung_durations, rung_sizes, rungs_text
from research.config.sweep import Sweep
from research.config.sweep_points import expand_sweep

RATE = "optim.learning_rate"
TREE = {"data": {"kind": "shakespeare"}, "model": {"kind": "language_model", "width": 32}, "train": {"steps": 800}}
EIGHT = [2.0**-k for k in range(8)]


def points(tune, tree=TREE, rows=({"label": "network"},), **words):
    sweep = {"list": list(rows), "table": {"rows": "label"}, "tune": tune} | words
    return expand_sweep(tree, Sweep.model_validate(sweep), where="spec.toml")


@given(st.integers(1, 200), st.integers(2, 5))
def test_each_rung_has_its_part_of_the_one_before_until_one_part_is_left(trials, halving):
    sizes = rung_sizes(trials, halving)
    assert sizes[0] == trials
    assert all(after == (before + halving - 1) // halving for before, after in pairwise(sizes))
    assert halving ** (len(sizes) - 1) <= trials < halving ** len(sizes)


@given(st.integers(1, 10**6), st.integers(2, 5), st.integers(1, 6))
def test_each_rung_trains_for_at_least_its_part_of_the_whole(full, halving, rungs):
    durations = rung_durations(full, halving, rungs)
    assert durations[-1] == full
    assert len(durations) == rungs
    for number, duration in enumerate(durations):
        assert max(1, duration - 1) <= max(1, full / halving ** (rungs - 1 - number)) <= duration


def test_all_trials_of_all_rungs_are_planned_and_those_of_the_last_are_the_trials_in_full():
    halved, full = points({RATE: EIGHT, "halving": 2}), points({RATE: EIGHT})
    assert [(point.config.train.steps, point.tuned[RATE]) for point in halved] == [(n, r) for n in (100, 200, 400, 800) for r in EIGHT]
    assert [point._replace(rung=None) for point in halved[-8:]] == list(full)
    assert {point.rung.candidate for point in halved if point.tuned[RATE] == EIGHT[3]} == {3}
    assert all(point.config.optim.schedule == full[0].config.optim.schedule for point in halved)


def test_epochs_are_cut_as_steps_are_and_what_is_counted_or_has_one_value_is_not():
    rows = [
        {"label": "network"},
        {"label": "n-gram", "model": {"kind": "ngram"}, "tune": {"model.order": [2, 3, 4], "halving": 2}},
        {"label": "own", "tune": {RATE: [0.1, 0.2]}},
        {"label": "untuned", "tune": {}},
    ]
    found = points({RATE: EIGHT[:3], "halving": 3}, TREE | {"train": {"epochs": 10}}, rows)
    lengths = {label: [point.config.train.epochs for point in found if point.labels["label"] == label] for label in ("network", "own")}
    assert lengths == {"network": [4, 4, 4, 10, 10, 10], "own": [10, 10]}
    assert [point.rung for point in found if point.labels["label"] != "network"] == [None] * 6


def test_rows_of_other_lengths_may_share_a_trial():
    rows = [{"label": "long", "train.steps": 80}, {"label": "short", "train.steps": 40}]
    found = points({RATE: EIGHT[:2], "halving": 2}, rows=rows)
    configs = {label: {point.config for point in found if point.labels["label"] == label} for label in ("long", "short")}
    assert len(configs["long"] & configs["short"]) == 2


def test_what_was_left_out_has_no_rung():
    found = points({RATE: EIGHT[:5], "halving": 2}, exclude=[{RATE: EIGHT[0]}])
    assert [point.config.train.steps for point in found] == [200] * 4 + [400] * 4 + [800] * 4


def test_the_word_survives_its_manifest_and_without_it_nothing_is_written_of_it():
    words = {"tune": {RATE: EIGHT, "halving": 2}, "list": [{"label": "a", "tune": {"optim.beta2": [0.9, 0.99], "halving": 3}}]}
    sweep = Sweep.model_validate(words)
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep
    assert sweep.model_dump(mode="json")["tune"] == words["tune"]
    assert sweep.model_dump(mode="json")["list"] == words["list"]
    assert Sweep.model_validate({"tune": {RATE: EIGHT}}).model_dump(mode="json")["tune"] == {RATE: EIGHT}
    assert list(sweep.tuned) == [RATE, "optim.beta2"]


def test_the_rungs_are_told_in_one_line():
    told = "8 values by halving: 8 for 100 steps, 4 for 200, 2 for 400, 1 for 800"
    assert rungs_text(rung_sizes(8, 2), [{"train.steps": n} for n in (100, 200, 400, 800)]) == told
    assert rungs_text([3, 1], [{"train.epochs": 1}, {"train.epochs": 3}]) == "3 values by halving: 3 for 1 epoch, 1 for 3"


@pytest.mark.parametrize(
    "tune", [{"halving": 2}, {RATE: EIGHT, "halving": 1}, {RATE: EIGHT, "halving": 2.5}, {RATE: EIGHT, "halving": True}]
)
@pytest.mark.parametrize("place", ["sweep", "row"])
def test_careless_words_are_refused_and_the_row_is_named(tune, place):
    words = {"tune": tune} if place == "sweep" else {"list": [{"label": "network", "tune": tune}]}
    with pytest.raises(ValueError, match="tune of the row network: halving" if place == "row" else "halving"):
        Sweep.model_validate(words)


@pytest.mark.parametrize(
    ("tune", "words", "told"),
    [
        ({RATE: EIGHT, "halving": 2}, {"tree": TREE | {"train": {"steps": 3}}}, "train.steps = 3 cannot be cut so often (1, 1, 2, 3)"),
        ({RATE: EIGHT[:2], "train.steps": [50, 70], "halving": 2}, {}, "for a part of its train.steps, which is tried itself"),
        ({RATE: EIGHT[:2], "halving": 3}, {}, "halving shortens nothing"),
        ({"model.order": [2, 3], "halving": 2}, {"rows": [{"label": "n-gram", "model": {"kind": "ngram"}}]}, "halving shortens nothing"),
    ],
)
def test_what_cannot_be_halved_is_refused(tune, words, told):
    with pytest.raises(StepladderError) as raised:
        points(tune, **words)
    assert told in str(raised.value)
    assert "\n" not in str(raised.value)
