"""Runs that are fitted, not trained: n-grams are counted, and a mixture of two runs is weighed by what they gave each token."""

import time
import warnings
from typing import Any

import numpy as np

from research.classic import archive, ngram
from research.classic.interpolation import best_weight, mix
from research.config.errors import StepladderError
from research.config.model import NGram
from research.data.dataset import Dataset, TextSplit
from research.results import store
from research.tasks import counting
from research.train.evaluate import Scores
from research.train.result import Belonging, Job, Scored, write_result, write_status


def fit_run(job: Job, data: Dataset, belongs: tuple[Belonging, Belonging]) -> dict[str, Any]:
    """Fit, score both splits, write every file, and return the metrics."""
    write_status(job, "running", 0, 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        scored, figures = (_count if isinstance(job.config.model, NGram) else _interpolate)(job, data)
    store.write_text(job.folder / "log.txt", "".join(f"{warning.message}\n" for warning in said))
    metrics = write_result(job, scored, belongs, {"status": "done", "best_step": None, "steps": 0} | figures)
    write_status(job, "done", 1, 1)
    return metrics


def _count(job: Job, data: Dataset) -> tuple[Scored, dict[str, Any]]:
    assert isinstance(job.config.model, NGram)
    began = time.perf_counter()
    model = counting.fit(job.config.model, data)
    fitted = time.perf_counter()
    scored = Scored(_scores(counting.score(model, data.valid)), _scores(counting.score(model, data.test)), {})
    ended = time.perf_counter()
    archive.save(model, job.folder / "model.npz")
    seen = len(data.train.tokens) if isinstance(data.train, TextSplit) else int(data.train.valid.sum())
    return scored, {
        "params": {"total": ngram.parameters(model), "body": ngram.parameters(model)},
        "flops_per_token": float(2 * model.order),
        "tokens_seen": seen,
        "extra": counting.unseen(model, data.test),
        "cost": {
            "seconds": {"compile": 0.0, "train": fitted - began, "evaluate": ended - fitted},
            "tokens_per_second": seen / (fitted - began),
            "latency_ms": _latency(model, data),
            "peak_memory_mb": sum(keys.nbytes for keys in model.keys) / 2**20,
        },
    }


def _scores(found: counting.Scored) -> Scores:
    return Scores(found.nats, found.correct)


def _latency(model: ngram.Model, data: Dataset) -> float | None:
    """Milliseconds for the distribution of one next token, the median of a few."""
    if not isinstance(data.test, TextSplit):
        return None
    times = []
    for end in range(20, 60, 4):
        began = time.perf_counter()
        ngram.next_log_probabilities(model, data.test.tokens[:end])
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def _interpolate(job: Job, data: Dataset) -> tuple[Scored, dict[str, Any]]:
    began = time.perf_counter()
    parts = [_tokens(folder) for folder in job.parents]
    first, second = ({name: -nats.astype(np.float64) for name, nats in part.items()} for part in parts)
    weight = best_weight(first["valid"], second["valid"])
    mixed = {name: Scores(-mix(first[name], second[name], weight), None) for name in ("valid", "test")}
    results = [store.read_result(folder) or {} for folder in job.parents]
    total = lambda key: sum(result["params"][key] for result in results)
    seconds = [result["cost"]["seconds"] for result in results]
    return Scored(mixed["valid"], mixed["test"], {}), {
        "params": {"total": total("total"), "body": total("body")},
        "flops_per_token": sum(result["flops_per_token"] for result in results),
        "tokens_seen": max(result["tokens_seen"] for result in results),
        "extra": {"weight_of_first": weight},
        "cost": {
            "seconds": {key: sum(one[key] for one in seconds) + (time.perf_counter() - began) * (key == "evaluate") for key in seconds[0]},
            "latency_ms": sum(result["cost"].get("latency_ms") or 0.0 for result in results),
            "peak_memory_mb": max(result["cost"]["peak_memory_mb"] for result in results),
        },
    }


def _tokens(folder: Any) -> dict[str, np.ndarray]:
    found = store.read_tokens(folder)
    if found is None:
        raise StepladderError(f"{folder} has no scored tokens to interpolate: that run did not finish. Run it again with --rerun failed.")
    return found
