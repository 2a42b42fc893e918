"""What a run's checkpoint holds: its state, its best parameters on validation with their scores, and the seconds it has had."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from research.train.evaluate import Scores
from research.train.update import State


@dataclass(frozen=True)
class Best:
    """The best parameters on validation so far."""

    params: Any
    loss: float
    step: int
    since: int  # validations since
    scores: Scores


def pack(state: State, best: Best | None, seconds: tuple[float, float], tokens: int) -> dict[str, Any]:
    """One tree of one form, whether or not there is a best yet. `tokens`: scored in validation."""
    none = Best(state.params, 0.0, -1, 0, Scores(np.zeros(tokens, np.float32), np.zeros(tokens, bool), np.zeros(tokens, np.int32)))
    held = best or none
    return {
        "state": state,
        "best": {
            "params": held.params,
            "loss": np.float64(held.loss),
            "step": np.int32(held.step),
            "since": np.int32(held.since),
            "scores": held.scores._asdict(),
        },
        "seconds": np.asarray(seconds, np.float64),
    }


def unpack(saved: dict[str, Any]) -> tuple[State, Best | None, tuple[float, float]]:
    """The state, the best if there is one, and seconds of training and of evaluation."""
    held, (train, evaluate) = saved["best"], saved["seconds"]
    best = Best(held["params"], float(held["loss"]), int(held["step"]), int(held["since"]), Scores(**held["scores"]))
    return jax.tree.map(np.asarray, saved["state"]), best if best.step >= 0 else None, (float(train), float(evaluate))
