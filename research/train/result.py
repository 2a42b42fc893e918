"""The files of a finished run. status.json is written last, so that a run that says it is done is whole."""

import json
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.pairs import BleuTokenizer, Pairs
from research.config.schema import Config
from research.results import store
from research.results.ranges import ranges
from research.results.text_scores import text_metrics
from research.text import diversity as text_diversity
from research.text import scores as text_scores
from research.train.evaluate import Belonging, Scores, bits_per_character, by_item, measure
from research.train.prompted import Prompted
from research.train.written import Written

ENDED = ("done", "diverged")  # the statuses of a run that is not begun again


class Job(NamedTuple):
    """A run to be done: a cell's config and one seed."""

    cell_id: str
    config: Config
    seed: int
    folder: Path
    parents: tuple[Path, ...] = ()  # the runs it starts from, or is made of
    facts: dict[str, Any] = {}  # noqa: RUF012  of the cell, for result.json: params, flops_per_token, extra
    latency_ms: float | None = None


class Copy(NamedTuple):
    """A changed copy of the test text as it was scored: its tokens belong to the items of the original."""

    scores: Scores
    belongs: Belonging


class Scored(NamedTuple):
    """Both splits of a finished run, the test split at further window lengths, its misspelt copy, its translations, and prompts."""

    valid: Scores
    test: Scores
    also: dict[int, Scores]
    misspelt: Copy | None
    written: Written | None = None
    prompted: Prompted | None = None


def write_result(job: Job, scored: Scored | None, belongs: tuple[Belonging, Belonging], figures: dict[str, Any]) -> dict[str, Any]:
    """result.json, and the arrays of a run that has scores. `figures`: status, steps, cost and what else the run knows."""
    metrics: dict[str, Any] = {}
    if scored is not None:
        valid, test = belongs
        metrics["valid"] = measure(scored.valid, job.config.data, valid)
        metrics["test"] = measure(scored.test, job.config.data, test)
        for length, scores in scored.also.items():
            metrics["test"][f"perplexity_at_{length}"] = measure(scores, job.config.data, Belonging(test.items))["perplexity"]
        found = by_item(scored.test, test)
        if scored.misspelt is not None:
            metrics["test"][f"bits_per_character_at_{job.config.eval.misspelt:g}_misspelt"] = bits_per_character(*scored.misspelt)
            found["misspelt"] = by_item(*scored.misspelt)["loss"]
        if scored.written is not None:
            found |= _write_texts(job, scored.written, metrics["test"])
            figures["signatures"] = _signatures(job, scored.written)
            figures["extra"] = {**figures.get("extra", {}), **scored.written.unknown}
        store.write_arrays(job.folder / "items.npz", **found)
        if scored.prompted is not None:
            metrics["test"] |= {f"{name}_at_prompts": value for name, value in scored.prompted.metrics.items()}
            figures["extra"] = {**figures.get("extra", {}), "unknown_in_prompts": scored.prompted.unknown}
            store.write_arrays(job.folder / "prompts.npz", **scored.prompted.items)
        kept = {"valid": scored.valid, "test": scored.test} | ({"misspelt": scored.misspelt.scores} if scored.misspelt else {})
        tokens = {name: scores.nats for name, scores in kept.items() if scores.nats is not None}
        store.write_arrays(job.folder / "tokens.npz", **{name: nats.astype(np.float32) for name, nats in tokens.items()})
    extra = {**job.facts.get("extra", {}), **figures.pop("extra", {})}
    identities = {name: part.identity._asdict() for name, part in zip(("valid", "test"), belongs, strict=True) if part.identity}
    if scored is not None and scored.prompted is not None:
        identities["prompts"] = scored.prompted.identity._asdict()
    result = {"cell_id": job.cell_id, "seed": job.seed, **job.facts, **figures, "metrics": metrics, "scored_on": identities, "extra": extra}
    store.write_json(job.folder / "result.json", result)
    return metrics


def _write_texts(job: Job, written: Written, metrics: dict[str, float]) -> dict[str, np.ndarray]:
    """texts.jsonl, and attention.npz where there is any; the items of the texts. Their metrics are added to `metrics`."""
    found = text_scores.text_items([texts[0] for texts in written.texts], written.references, _tokenizer(job.config))
    metrics |= text_metrics(found, ranges(written.lengths)) | written.alignment
    if len(written.texts[0]) > 1:
        several = text_diversity.diversity(written.texts)
        metrics |= {name: float(values.mean()) for name, values in several.items()}
        found |= several
    lines = zip(written.sources, written.references, written.texts, strict=True)
    store.write_text(job.folder / "texts.jsonl", "".join(_json_line(*line) for line in lines))
    if written.attention:
        store.write_arrays(job.folder / "attention.npz", **written.attention)
    return found


def _json_line(source: str, reference: str, texts: Sequence[str]) -> str:
    return json.dumps({"source": source, "reference": reference, "written": texts}, ensure_ascii=False) + "\n"


def _tokenizer(config: Config) -> BleuTokenizer:
    assert isinstance(config.data, Pairs), "texts are written of pairs"
    return config.data.bleu_tokenizer


def _signatures(job: Job, written: Written) -> dict[str, str]:
    texts = len(written.texts[0])
    return text_scores.signature(_tokenizer(job.config)) | (text_diversity.signature(texts) if texts > 1 else {})


def write_status(job: Job, status: str, step: int, steps: int, message: str = "") -> None:
    """running | done | diverged | failed | stopped."""
    updated = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    store.write_json(job.folder / "status.json", {"status": status, "step": step, "steps": steps, "message": message, "updated": updated})


def write_failure(job: Job, error: BaseException) -> None:
    """The traceback goes to log.txt, its last line to status.json."""
    store.write_text(job.folder / "log.txt", "".join(traceback.format_exception(error)))
    write_status(job, "failed", 0, 0, f"{type(error).__name__}: {error}")
