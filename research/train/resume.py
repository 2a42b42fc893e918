"""What a run's checkpoint holds: its state, its best parameters on validation with their scores, and what it has had so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import PyTree

from research.runs.measures import direction
from research.tasks.outcomes import Outcomes
from research.train.update import State


@dataclass(frozen=True)
class BestValidation:
    """The best parameters on validation so far."""

    params: PyTree
    cost: float  # train.select, with its sign changed where higher is better; not finite where the loss is not
    step: int
    since: int  # validations since
    outcomes: Outcomes


class Progress(NamedTuple):
    """What a run has had: seconds of training and of evaluation, real tokens, and the last validation that was not finite."""

    train_seconds: float = 0.0
    evaluate_seconds: float = 0.0
    tokens: int = 0
    not_finite: int = -1  # its step


def cost_of(metrics: Mapping[str, float], select: str) -> float:
    """What is to be low, of a validation: `select`, a metric of `valid`, by its direction. A loss that is not finite is no validation."""
    sign = direction(select) or -1
    loss = metrics.get("loss", 0.0)
    return -sign * metrics[select.removeprefix("valid.")] if math.isfinite(loss) else loss


def better(cost: float, best: BestValidation | None) -> bool:
    """Whether a validation is the best so far. One that is not finite is worse than any that is, and never better than another."""
    return best is None or (math.isfinite(cost) and (not math.isfinite(best.cost) or cost < best.cost))


def checkpoint_tree(state: State, best: BestValidation | None, progress: Progress, blank: Outcomes) -> dict[str, PyTree]:
    """One tree of one form, whether or not there is a best yet. `blank`: outcomes of validation that mean nothing."""
    placeholder = BestValidation(state.params, 0.0, -1, 0, blank)
    stored = best or placeholder
    return {
        "state": state,
        "best": {
            "params": stored.params,
            "cost": np.float64(stored.cost),
            "step": np.int32(stored.step),
            "since": np.int32(stored.since),
            "scores": stored.outcomes,
        },
        "progress": {
            "seconds": np.asarray(progress[:2], np.float64),
            "tokens": np.int64(progress.tokens),
            "not_finite": np.int32(progress.not_finite),
        },
    }


def from_checkpoint_tree(saved: dict[str, PyTree]) -> tuple[State, BestValidation | None, Progress]:
    """The state, the best if there is one, and what the run has had."""
    best_tree, progress_tree = saved["best"], saved["progress"]
    train, evaluate = map(float, progress_tree["seconds"])
    progress = Progress(train, evaluate, int(progress_tree["tokens"]), int(progress_tree["not_finite"]))
    best = BestValidation(
        best_tree["params"], float(best_tree["cost"]), int(best_tree["step"]), int(best_tree["since"]), best_tree["scores"]
    )
    return jax.tree.map(np.asarray, saved["state"]), best if best.step >= 0 else None, progress
