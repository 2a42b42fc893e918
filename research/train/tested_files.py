"""The files of a run whose test split was scored, after it was trained and chosen. test.json is written behind all that it stands for."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from research.config.pairs import BleuTokenizer, Pairs
from research.config.schema import Config
from research.results import store
from research.results.corpus_scores import text_metrics
from research.results.length_ranges import length_ranges
from research.text import diversity as text_diversity
from research.text import translation_scores as text_scores
from research.train.evaluate import SplitScores, TokenMembership, bits, by_item, compute_metrics
from research.train.prompt_scores import PromptScores
from research.train.trained_files import UNSCORED, Job, write_status
from research.train.translations import Translations


class ScoredCopy(NamedTuple):
    """A changed copy of the test text as it was scored: its tokens belong to the items of the original."""

    scores: SplitScores
    belongs: TokenMembership


class TestedSplits(NamedTuple):
    """The test split under a run's kept parameters, at further window lengths, its misspelt copy, its translations, and prompts."""

    test: SplitScores
    also: dict[int, SplitScores]
    misspelt: ScoredCopy | None = None
    written: Translations | None = None
    prompted: PromptScores | None = None
    extra: dict[str, float] = {}  # noqa: RUF012


def write_test(job: Job, tested: TestedSplits, belongs: TokenMembership, seconds: float) -> dict[str, Any]:
    """The arrays and texts of the test split, then test.json, then the status: done. Returns the metrics of both splits.

    `seconds`: core-seconds that the scoring took.
    """
    metrics = _metrics(job, tested, belongs)
    items = by_item(tested.test, belongs)
    if tested.misspelt is not None:
        items["misspelt"] = by_item(*tested.misspelt)["loss"]
    if tested.written is not None:
        items |= _write_texts(job, tested.written, metrics)
    store.write_arrays(job.folder / "items.npz", **items)
    _write_tokens(job, tested)
    identities = {"test": belongs.identity._asdict()} if belongs.identity else {}
    extra: dict[str, Any] = {**tested.extra, **(tested.written.shares if tested.written else {})}
    if tested.prompted is not None:
        store.write_arrays(job.folder / "prompts.npz", **tested.prompted.items)
        identities["prompts"] = tested.prompted.identity._asdict()
        extra["unknown_in_prompts"] = tested.prompted.unknown
    contents = {"metrics": {"test": metrics}, "scored_on": identities, "extra": extra, "signatures": _signatures(job, tested.written)}
    store.write_json(
        job.folder / "test.json", store.stamp({"cell_id": job.cell_id, "seed": job.seed, **contents, "seconds": seconds}, job.data_digest)
    )
    status = store.read_status(job.folder) or {"step": 0, "steps": 0, "message": ""}
    message = "" if status["message"].startswith(UNSCORED) else status["message"]
    write_status(job, "done", status["step"], status["steps"], message)
    split_metrics: dict[str, Any] = (store.read_result(job.folder) or {})["metrics"]
    return split_metrics


def _metrics(job: Job, tested: TestedSplits, belongs: TokenMembership) -> dict[str, float]:
    metrics = compute_metrics(tested.test, job.config.data, belongs)
    for length, scores in tested.also.items():
        metrics[f"perplexity_at_{length}"] = compute_metrics(scores, job.config.data, TokenMembership(belongs.items))["perplexity"]
    if tested.misspelt is not None:
        share = f"{job.config.eval.misspelt:g}"
        metrics |= {f"{name}_at_{share}_misspelt": value for name, value in bits(*tested.misspelt).items()}
    if tested.prompted is not None:
        metrics |= {f"{name}_at_prompts": value for name, value in tested.prompted.metrics.items()}
    return metrics


def _write_tokens(job: Job, tested: TestedSplits) -> None:
    scored = {"test": tested.test} | ({"misspelt": tested.misspelt.scores} if tested.misspelt else {})
    nats = {name: scores.nats.astype(np.float32) for name, scores in scored.items() if scores.nats is not None}
    if nats:
        store.write_arrays(job.folder / "test_tokens.npz", **nats)


def _write_texts(job: Job, written: Translations, metrics: dict[str, float]) -> dict[str, np.ndarray]:
    """texts.jsonl, and attention.npz where there is any; the items of the texts. Their metrics are added to `metrics`."""
    items = text_scores.text_items([texts[0] for texts in written.texts], written.references, _tokenizer(job.config))
    metrics |= text_metrics(items, length_ranges(written.lengths)) | written.alignment
    if len(written.texts[0]) > 1:
        diversity = text_diversity.diversity(written.texts)
        metrics |= {name: float(values.mean()) for name, values in diversity.items()}
        items |= diversity
    lines = zip(written.sources, written.references, written.texts, strict=True)
    store.write_text(job.folder / "texts.jsonl", "".join(_json_line(*line) for line in lines))
    if written.attention:
        store.write_arrays(job.folder / "attention.npz", **written.attention)
    return items


def _json_line(source: str, reference: str, texts: Sequence[str]) -> str:
    return json.dumps({"source": source, "reference": reference, "written": texts}, ensure_ascii=False) + "\n"


def _tokenizer(config: Config) -> BleuTokenizer:
    assert isinstance(config.data, Pairs), "texts are written of pairs"
    return config.data.bleu_tokenizer


def _signatures(job: Job, written: Translations | None) -> dict[str, str]:
    if written is None:
        return {}
    texts = len(written.texts[0])
    return text_scores.metric_signatures(_tokenizer(job.config)) | (text_diversity.self_bleu_signature(texts) if texts > 1 else {})
