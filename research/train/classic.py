"""Runs that are fitted, not trained: n-grams are counted, classifiers fitted, and a mixture of two runs is weighed by its parts' tokens."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from research.classic import archive, ngram
from research.classic.interpolation import best_weight, mix
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.rules import Rules
from research.config.schema import Config
from research.data.dataset import Dataset, Sentences, TextSplit
from research.data.eval_batches import items
from research.data.load import misspelt
from research.data.prompts import asked_of
from research.results import store
from research.tasks import classifying, counting
from research.train import fitted_files
from research.train.evaluate import Belonging, Scores
from research.train.prompted import prompted_by_counts
from research.train.result import Copy, Job, Scored, write_result, write_status


def fit_run(job: Job, data: Dataset, data_dir: Path | None, belongs: tuple[Belonging, Belonging]) -> dict[str, Any]:
    """Fit, score both splits, write every file, and return the metrics."""
    write_status(job, "running", 0, 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if isinstance(job.config.model, Interpolation):
            scored, figures = _interpolate(job, data)
        else:
            scored, figures = _count(job, data) if isinstance(job.config.model, NGram) else _classify(job, data, data_dir)
    store.write_text(job.folder / "log.txt", "".join(f"{warning.message}\n" for warning in said))
    metrics = write_result(job, scored, belongs, {"status": "done", "best_step": None, "steps": 0} | figures)
    write_status(job, "done", 1, 1)
    return metrics


def _count(job: Job, data: Dataset) -> tuple[Scored, dict[str, Any]]:
    assert isinstance(job.config.model, NGram)
    began = time.perf_counter()
    model = counting.fit(job.config.model, data)
    fitted = time.perf_counter()
    of = lambda split: _scores(counting.score(model, split))
    scored = Scored(of(data.valid), of(data.test), {}, _misspelt(job.config, data, of))
    if (asked := asked_of(job.config.eval, data.vocabulary)) is not None:
        scored = scored._replace(prompted=prompted_by_counts(model, asked))
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


def _misspelt(config: Config, data: Dataset, score: Callable[[TextSplit], Scores]) -> Copy | None:
    """The test text with `eval.misspelt` of its words misspelt; bits are over the characters that it had."""
    if config.eval.misspelt == 0:
        return None
    copy = misspelt(data, config.eval.misspelt)
    assert copy.characters is not None, "a text"
    return Copy(score(copy), Belonging(items(copy), characters=int(copy.characters)))


def _classify(job: Job, data: Dataset, data_dir: Path | None) -> tuple[Scored, dict[str, Any]]:
    config, began = job.config.model, time.perf_counter()
    fitted = classifying.fit(config, data, job.seed, data_dir)
    learned = time.perf_counter()
    valid, test = (_judged(config, data, fitted.model, data.sentences[split]) for split in ("valid", "test"))
    ended = time.perf_counter()
    fitted_files.save(config, fitted.model, job.folder)
    words = [len(sentence) for sentence in data.sentences["train"].words]
    return Scored(valid, test, {}, None), {
        "params": {"total": fitted.parameters, "body": fitted.parameters},
        "flops_per_token": 0.0 if isinstance(config, Rules) else 2.0 * len(data.classes),
        "tokens_seen": 0 if isinstance(config, Rules) else sum(words),
        "extra": fitted.extra,
        "cost": {
            "seconds": {"compile": 0.0, "train": learned - began, "evaluate": ended - learned},
            "latency_ms": 1e3 * (ended - learned) / (len(data.sentences["valid"].labels) + len(data.sentences["test"].labels)),
            "peak_memory_mb": fitted.extra.get("one_hot_mb", 0.0) + 4 * fitted.parameters / 2**20,
        },
    }


def _judged(config: Any, data: Dataset, model: Any, sentences: Sentences) -> Scores:
    scores = classifying.class_scores(config, data, model, sentences.words, sentences.texts)
    nats, chosen = classifying.judge(config, scores, sentences.labels)
    return Scores(nats, chosen == sentences.labels, chosen)


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
    parts = [_tokens(folder, job.config.eval.misspelt > 0) for folder in job.parents]
    first, second = ({name: -nats.astype(np.float64) for name, nats in part.items()} for part in parts)
    weight = best_weight(first["valid"], second["valid"])
    mixed = {name: Scores(-mix(first[name], second[name], weight), None) for name in first}
    copy = _misspelt(job.config, data, lambda _: mixed["misspelt"])
    results = [store.read_result(folder) or {} for folder in job.parents]
    total = lambda key: sum(result["params"][key] for result in results)
    seconds = [result["cost"]["seconds"] for result in results]
    return Scored(mixed["valid"], mixed["test"], {}, copy), {
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


def _tokens(folder: Any, misspelt: bool) -> dict[str, np.ndarray]:
    """The nats of valid and test, and of the misspelt test text where it was asked for."""
    wanted = ("valid", "test", "misspelt") if misspelt else ("valid", "test")
    found = store.read_tokens(folder)
    if found is not None and (lacking := [name for name in wanted if name not in found]):
        raise StepladderError(f"{folder} has no scored tokens of {', '.join(lacking)}: an older code made it. Run it again with --rerun.")
    if found is None:
        raise StepladderError(f"{folder} has no scored tokens to interpolate: that run did not finish. Run it again with --rerun failed.")
    return {name: found[name] for name in wanted}
