"""What a checkpoint holds comes back as it was; which validation is the best; what becomes of a run whose validation is not finite."""

import json
import math
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from research.config.schema import Config
from research.runs.lock import claim
from research.tasks.membership import TokenMembership
from research.tasks.outcomes import blank_outcomes
from research.tasks.sizes import Sizes
from research.tasks.symbols import SYMBOL_OUTCOMES
from research.tasks.task_kind import SplitToScore
from research.train.engine import Engine, Evaluator
from research.train.resume import BestValidation, Progress, better, checkpoint_tree, cost_of, from_checkpoint_tree
from research.train.run_start import GroupData, Lane
from research.train.runs import _divergence_message, _update_best
from research.train.trained_files import Job
from research.train.update import Program, State

OUTCOMES = blank_outcomes(SYMBOL_OUTCOMES, 3)


def best_of(loss: float) -> BestValidation:
    return BestValidation({"w": np.ones(2)}, loss, 5, 1, OUTCOMES)


@pytest.mark.parametrize("best", [None, best_of(1.5), best_of(math.inf), best_of(math.nan)])
def test_a_checkpoint_is_unpacked_as_it_was_packed(best: BestValidation | None) -> None:
    state = State({"w": jnp.ones(2)}, (), jnp.int32(7), ())
    progress = Progress(1.5, 0.25, 2**40, 3)
    _, again, had = from_checkpoint_tree(checkpoint_tree(state, best, progress, OUTCOMES))
    assert had == progress
    assert (again is None) == (best is None)
    if best is not None and again is not None:
        assert np.array_equal([again.cost, again.step, again.since], [best.cost, best.step, best.since], equal_nan=True)


def test_no_validation_that_is_not_finite_is_better_than_one_that_is() -> None:
    for odd in (math.nan, math.inf):
        assert better(odd, None)
        assert not better(odd, best_of(2.0))
        assert better(2.0, best_of(odd))
        assert not better(odd, best_of(odd))
    assert better(1.9, best_of(2.0))
    assert not better(2.0, best_of(2.0))


def judged(losses: list[float], patience: int | str, tmp_path: Path) -> Lane:
    """A run after validations with these losses, or after the one at which it stopped."""
    config = Config.model_validate(
        {
            "data": {"kind": "shakespeare"},
            "model": {"kind": "feed_forward_lm"},
            "train": {"steps": len(losses), "evaluations": len(losses), "patience": patience},
        }
    )
    program = Program(config, Sizes(3, 4), steps=len(losses), steps_per_epoch=1)
    evaluator = tuple.__new__(Evaluator, (program, *[None] * (len(Evaluator._fields) - 1)))
    engine = tuple.__new__(Engine, (evaluator, *[None] * (len(Engine._fields) - 1)))
    material = tuple.__new__(GroupData, (None, SplitToScore((), TokenMembership(np.zeros(2, int))), *[None] * (len(GroupData._fields) - 2)))
    lane = Lane(Job("0" * 12, config, 0, tmp_path), claim(tmp_path), 0, None, Progress(), 0.0)
    for step, loss in enumerate(losses, start=1):
        outcomes = blank_outcomes(SYMBOL_OUTCOMES, 2) | {"nats": np.full(2, loss, np.float32)}
        lane = _update_best(engine, replace(lane, step=step), outcomes, {}, material, 0.0, lambda *_: None)
        if lane.ended:
            return lane
    raise AssertionError("the last validation ends a run")


def test_a_first_validation_that_is_not_finite_is_beaten_and_told(tmp_path: Path) -> None:
    lane = judged([math.nan, 2.0, 3.0], "off", tmp_path)
    assert (lane.ended, lane.best.step, lane.best.cost) == ("done", 2, 2.0)  # type: ignore[union-attr]
    assert _divergence_message(lane) == "validation was not finite at step 1"


def test_patience_takes_a_validation_that_is_not_finite_for_a_worse_one(tmp_path: Path) -> None:
    lane = judged([2.0, math.nan, math.inf, 1.0], 2, tmp_path)
    assert (lane.ended, lane.step, lane.best.step) == ("done", 3, 1)  # type: ignore[union-attr]
    assert _divergence_message(lane) == "validation was not finite at step 3"


def test_a_run_without_a_finite_validation_has_diverged(tmp_path: Path) -> None:
    lane = judged([math.nan, math.inf], "off", tmp_path)
    assert lane.ended == "diverged"
    assert _divergence_message(lane) == "validation was not finite at step 2"
    assert [json.loads(line)["loss"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()] == [None, "infinite"]


def test_the_best_is_known_by_the_metric_that_select_names_and_its_direction():
    a, b = {"loss": 1.0, "perplexity": 2.7, "accuracy": 0.5}, {"loss": 1.2, "perplexity": 3.3, "accuracy": 0.7}
    for select, lower in (("valid.loss", a), ("valid.perplexity", a), ("valid.accuracy", b)):
        assert min((a, b), key=lambda metrics: cost_of(metrics, select)) is lower
    assert math.isnan(cost_of(a | {"loss": math.nan}, "valid.accuracy"))
