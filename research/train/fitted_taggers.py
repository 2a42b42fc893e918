"""Runs of counted taggers: their figures, and their files."""

import time
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from research.config.node import Node
from research.data.dataset import Dataset
from research.runs.array_files import read_model_arrays, write_arrays
from research.tasks.outcomes import Outcomes
from research.tasks.tag_counting import COUNTED_TAGGERS, fit_tagger, score_tagger
from research.train.trained_files import Job

FILE = "model.npz"


def count_tags(job: Job, data: Dataset, data_dir: Path | None) -> tuple[Outcomes, dict[str, Any]]:
    """Count, write model.npz, and score validation."""
    config, began = job.config.model, time.perf_counter()
    model = fit_tagger(config, data)
    counted = time.perf_counter()
    outcomes = score_tagger(config, model, data.tagged["valid"])
    ended = time.perf_counter()
    arrays: dict[str, np.ndarray] = model._asdict()
    write_arrays(job.folder / FILE, **arrays)
    numbers = sum(array.size for array in arrays.values() if array.dtype.kind != "U")
    return outcomes, {
        "params": {"total": numbers, "body": numbers},
        "flops_per_token": COUNTED_TAGGERS[type(config)].flops(len(data.classes)),
        "tokens_seen": len(data.tagged["train"].tags),
        "cost": {
            "seconds": {"compile": 0.0, "train": counted - began, "evaluate": ended - counted},
            "latency_ms": 1e3 * (ended - counted) / len(data.tagged["valid"].words),
            "peak_memory_mb": sum(array.nbytes for array in arrays.values()) / 2**20,
        },
    }


def score_test_tags(job: Job, data: Dataset) -> Outcomes:
    """The outcomes of the test split."""
    config = job.config.model
    return score_tagger(config, load_tagger(config, job.folder), data.tagged["test"])


def load_tagger(config: Node, folder: Path) -> Any:
    """The model that `count_tags` wrote."""
    model = COUNTED_TAGGERS[type(config)].model
    names = signature(model).parameters.keys()
    arrays = read_model_arrays(folder / FILE, tuple(names))
    return model(**{name: arrays[name] for name in names})
