"""Runs that are fitted, not trained: n-grams are counted, classifiers fitted, and a mixture of two runs is weighed by its parts' tokens."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from research.classic import ngram, ngram_archive
from research.classic.interpolation import best_weight, interpolate
from research.config.classify import BagOfWords, NGramClassifier
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.node import Node
from research.config.rules import Rules
from research.config.schema import Config
from research.data.dataset import Dataset, ExampleSplit, LabelledSentences, TextSplit
from research.data.prompts import load_prompt_set
from research.data.text_dataset import misspelt_test_split
from research.runs import store
from research.tasks import classifying, ngrams
from research.tasks.language_modelling import MISSPELT, copied_membership, prompted
from research.tasks.outcomes import Outcomes
from research.tasks.prompt_scores import score_prompt_set_by_ngram
from research.tasks.registry import task_of
from research.tasks.regressing import FITTED_REGRESSORS
from research.tasks.tag_counting import COUNTED_TAGGERS
from research.tasks.task_kind import TEST, VALID, Finish, Scored
from research.train import fitted_files
from research.train.fitted_taggers import count_tags, score_test_tags
from research.train.pooled_folds import pool_folds, score_pooled_folds
from research.train.tested_files import write_test
from research.train.trained_files import Job, write_beginning, write_result, write_status


class FittedTest(NamedTuple):
    """What a fitted run says of the test split: outcomes by the names of its views, and what follows."""

    outcomes: dict[str, Outcomes]
    finish: Finish


class FittedTask(NamedTuple):
    """fit(job, data, data_dir) -> outcomes of validation, figures for result.json; test(job, data, data_dir) -> those of the test split;
    passes(config of the model) -> how often each training token is counted, by which its time is predicted.
    """

    fit: Callable[[Job, Dataset, Path | None], tuple[Outcomes | None, dict[str, Any]]]
    test: Callable[[Job, Dataset, Path | None], FittedTest]
    passes: Callable[[Any], int]


def fit_run(job: Job, data: Dataset, data_dir: Path | None) -> dict[str, Any]:
    """Fit, score validation, write the files of a trained run, and return the metrics."""
    write_beginning(job, 0, 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcomes, figures = fitted_task(job.config).fit(job, data, data_dir)
    store.write_text(job.folder / "log.txt", "".join(f"{warning.message}\n" for warning in caught))
    belongs = task_of(job.config).belongs(data, VALID)
    metrics = write_result(job, outcomes, belongs, {"best_step": None, "steps": 0} | figures)
    write_status(job, "trained", 1, 1)
    return metrics


def score_fitted(job: Job, data: Dataset, data_dir: Path | None) -> dict[str, Any]:
    """Score the test split by what a fitted run has kept, write it, and return the metrics of both splits."""
    began = time.perf_counter()
    outcomes, finish = fitted_task(job.config).test(job, data, data_dir)
    seconds = time.perf_counter() - began
    belongs = {TEST: task_of(job.config).belongs(data, TEST)} | (
        {MISSPELT: copied_membership(misspelt_test_split(data, job.config.eval.misspelt))} if MISSPELT in outcomes else {}
    )
    return write_test(job, {name: Scored(view, belongs[name]) for name, view in outcomes.items()}, finish, seconds)


def _count(job: Job, data: Dataset, data_dir: Path | None) -> tuple[Outcomes, dict[str, Any]]:
    assert isinstance(job.config.model, NGram)
    began = time.perf_counter()
    model = ngrams.fit_ngram_model(job.config.model, data)
    fitted = time.perf_counter()
    outcomes = ngrams.score_ngram_model(model, data.valid)
    ended = time.perf_counter()
    ngram_archive.save_ngram(model, job.folder / "model.npz")
    tokens_seen = len(data.train) if isinstance(data.train, TextSplit) else int(data.train.valid.sum())
    return outcomes, {
        "params": {"total": ngram.stored_ngrams(model), "body": ngram.stored_ngrams(model)},
        "flops_per_token": float(2 * model.order),
        "tokens_seen": tokens_seen,
        "cost": {
            "seconds": {"compile": 0.0, "train": fitted - began, "evaluate": ended - fitted},
            "tokens_per_second": tokens_seen / (fitted - began),
            "latency_ms": _latency(model, data),
            "peak_memory_mb": sum(keys.nbytes for keys in model.keys) / 2**20,
        },
    }


def _test_counts(job: Job, data: Dataset, data_dir: Path | None) -> FittedTest:
    model = ngram_archive.load_ngram(job.folder / "model.npz")
    misspelt = {MISSPELT: misspelt_test_split(data, job.config.eval.misspelt)} if job.config.eval.misspelt else {}
    outcomes = {name: ngrams.score_ngram_model(model, split) for name, split in {TEST: data.test, **misspelt}.items()}
    prompt_set = load_prompt_set(job.config.eval, data.vocabulary)
    finish = Finish() if prompt_set is None else prompted(score_prompt_set_by_ngram(model, prompt_set))
    return FittedTest(outcomes, finish._replace(extra={**ngrams.unseen_shares(model, data.test), **finish.extra}))


class SentenceTask(NamedTuple):
    """How sentences are answered by what is fitted.

    fit(config of the model, data, seed, data_dir) -> what was learned
    score(config of the model, data, model, sentences) -> their outcomes
    """

    fit: Callable[[Any, Dataset, int, Path | None], classifying.Fitted]
    score: Callable[[Any, Dataset, Any, LabelledSentences], Outcomes]


def _fit_sentences(kind: SentenceTask, job: Job, data: Dataset, data_dir: Path | None) -> tuple[Outcomes | None, dict[str, Any]]:
    config, began = job.config.model, time.perf_counter()
    fitted = kind.fit(config, data, job.seed, data_dir)
    learned = time.perf_counter()
    valid = data.sentences["valid"]
    outcomes = kind.score(config, data, fitted.model, valid) if len(valid.labels) else None  # a fold may need no validation
    ended = time.perf_counter()
    fitted_files.save_fitted(config, fitted.model, job.folder)
    lengths = [len(sentence) for sentence in data.sentences["train"].words]
    learns = fitted_files.learns(config)
    empty_valid: dict[str, Any] = {} if len(valid.labels) else {"valid": {}}
    return outcomes, empty_valid | {
        "params": {"total": fitted.parameters, "body": fitted.parameters},
        "flops_per_token": 2.0 * max(1, len(data.classes)) if learns else 0.0,
        "tokens_seen": sum(lengths) if learns else 0,
        "extra": fitted.extra,
        "cost": {
            "seconds": {"compile": 0.0, "train": learned - began, "evaluate": ended - learned},
            "latency_ms": 1e3 * (ended - learned) / len(valid.labels) if len(valid.labels) else None,
            "peak_memory_mb": fitted.extra.get("one_hot_mb", 0.0) + 4 * fitted.parameters / 2**20,
        },
    }


def _test_sentences(kind: SentenceTask, job: Job, data: Dataset, data_dir: Path | None) -> FittedTest:
    model = fitted_files.load_fitted(job.config.model, job.folder, data_dir)
    return FittedTest({TEST: kind.score(job.config.model, data, model, data.sentences["test"])}, Finish())


def _score_classes(config: Any, data: Dataset, model: Any, sentences: LabelledSentences) -> Outcomes:
    scores = classifying.class_scores(config, data, model, sentences.words, sentences.texts)
    nats, chosen = classifying.nats_and_predictions(config, scores, sentences.labels)
    return ({} if nats is None else {"nats": nats}) | {"correct": chosen == sentences.labels, "likeliest": chosen}


def _fit_numbers(config: Any, data: Dataset, seed: int, data_dir: Path | None) -> classifying.Fitted:
    return FITTED_REGRESSORS[type(config)].fit(config, data, data_dir)


def _score_numbers(config: Any, data: Dataset, model: Any, sentences: LabelledSentences) -> Outcomes:
    assert isinstance(data.train, ExampleSplit), "a rated sentence is an example"
    predicted = FITTED_REGRESSORS[type(config)].predict(config, data, model, sentences.words, sentences.texts)
    return {"predicted": (predicted - data.train.scale.mean) / data.train.scale.deviation}


def _latency(model: ngram.NGramModel, data: Dataset) -> float | None:
    """Milliseconds for the distribution of one next token, the median of a few."""
    if not isinstance(data.valid, TextSplit):
        return None
    times = []
    for end in range(20, 60, 4):
        began = time.perf_counter()
        ngram.next_log_probabilities(model, data.valid.tokens[:end])
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def _interpolate(job: Job, data: Dataset, data_dir: Path | None) -> tuple[Outcomes, dict[str, Any]]:
    began = time.perf_counter()
    first, second = (_log_probabilities(folder, "valid") for folder in job.parents)
    weight = best_weight(first, second)
    results = [store.read_result(folder) or {} for folder in job.parents]

    def total(key: Literal["total", "body"]) -> int:
        return sum(result["params"][key] for result in results)

    seconds = [result["cost"]["seconds"] for result in results]
    return {"nats": -interpolate(first, second, weight)}, {
        "params": {"total": total("total"), "body": total("body")},
        "flops_per_token": sum(result["flops_per_token"] for result in results),
        "tokens_seen": max(result["tokens_seen"] for result in results),
        "extra": {"weight_of_first": weight},
        "cost": {
            "seconds": {
                key: sum(part[key] for part in seconds) + (time.perf_counter() - began) * (key == "evaluate") for key in seconds[0]
            },
            "latency_ms": sum(result["cost"].get("latency_ms") or 0.0 for result in results),
            "peak_memory_mb": max(result["cost"]["peak_memory_mb"] for result in results),
        },
    }


def _test_mixture(job: Job, data: Dataset, data_dir: Path | None) -> FittedTest:
    weight = (store.read_result(job.folder) or {})["extra"]["weight_of_first"]
    first, second = job.parents

    def mixed(name: str) -> Outcomes:
        return {"nats": -interpolate(_log_probabilities(first, name), _log_probabilities(second, name), weight)}

    return FittedTest({name: mixed(name) for name in (TEST, *((MISSPELT,) if job.config.eval.misspelt else ()))}, Finish())


def _log_probabilities(folder: Path, name: str) -> np.ndarray:
    """Of each scored token of a part's `valid`, `test` or `misspelt`."""
    nats = store.read_tokens(folder) or {}
    if name not in nats:
        raise StepladderError(f"{folder} has no scored tokens of {name} to interpolate. Run it again with --rerun {folder.parent.name}.")
    return -nats[name].astype(np.float64)


def _test_pooled(job: Job, data: Dataset, data_dir: Path | None) -> FittedTest:
    outcomes, extra = score_pooled_folds(job, data)
    return FittedTest({TEST: outcomes}, Finish(extra=extra))


def _test_tags(job: Job, data: Dataset, data_dir: Path | None) -> FittedTest:
    return FittedTest({TEST: score_test_tags(job, data)}, Finish())


def _once(config: Node) -> int:
    return 1


def _once_an_order(config: NGram) -> int:
    return config.order


def fitted_task(config: Config) -> FittedTask:
    """That of the model; a row of folds learns nothing itself."""
    return FittedTask(pool_folds, _test_pooled, _once) if config.pooled else FITTED_TASKS[config.task_name, type(config.model)]


def _sentence_task(kind: SentenceTask) -> FittedTask:
    return FittedTask(partial(_fit_sentences, kind), partial(_test_sentences, kind), _once)


CLASSES = _sentence_task(SentenceTask(classifying.fit_classifier, _score_classes))
NUMBERS = _sentence_task(SentenceTask(_fit_numbers, _score_numbers))
FITTED_TASKS: dict[tuple[str, type], FittedTask] = {
    ("language_modelling", NGram): FittedTask(_count, _test_counts, _once_an_order),
    ("language_modelling", Interpolation): FittedTask(_interpolate, _test_mixture, _once),
    **{("classification", model): CLASSES for model in (Rules, BagOfWords, NGramClassifier)},
    **{("tagging", model): FittedTask(count_tags, _test_tags, _once) for model in COUNTED_TAGGERS},
    **{("regression", model): NUMBERS for model in FITTED_REGRESSORS},
}
