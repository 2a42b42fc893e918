"""Runs as a sweep leaves them, drawn from a seeded generator: a ladder of models, and a grid of scores by heads with a tuned rate."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from research.compare.cells import load_cells
from research.metrics.item_values import measure_groups
from research.report.build_report import build_report
from research.report.pictures import Picture
from research.report.report_value import Report
from research.report.section import Section
from research.runs import store
from research.text.translation_scores import metric_signatures, text_items

ITEMS = 400
LADDER = {  # label -> (mean nats a token, spread over seeds, parameters, flops a token)
    "5-gram Kneser-Ney": (5.010, 0.0, 2_140_000, 5.2e3),
    "Elman": (4.900, 0.020, 1_180_000, 2.4e6),
    "GRU": (4.742, 0.006, 1_310_000, 2.7e6),
    "LSTM": (4.731, 0.007, 1_290_000, 2.6e6),
    "causal CNN": (4.832, 0.009, 1_250_000, 2.5e6),
    "Transformer, sinusoidal": (4.685, 0.005, 1_320_000, 2.9e6),
    "Transformer, rotary": (4.610, 0.004, 1_320_000, 2.9e6),
    "Transformer, learned": (4.690, 0.005, 1_330_000, 2.9e6),
}
CONFIG = {"data": {"kind": "shakespeare", "length": 64}, "eval": {"context": "stream", "stride": 32}, "optim": {"learning_rate": 0.001}}
ENVIRONMENT = {"versions": {"jax": "0.10.2", "numpy": "2.4.6"}, "commit": "38c33d2", "data_digest": "856c99ddf50c", "devices": "2 x cpu"}


def report_of(manifest: dict, runs: Path, sections: Sequence[Section] = (), figures: Sequence[Picture] = ()) -> Report:
    """The report of what `write_ladder` and its like have written."""
    return build_report(manifest, load_cells(manifest, runs), sections, figures)


def write_ladder(runs: Path, seeds: int = 3) -> dict:
    """Eight rows: one deterministic, one with a failed seed, one with a diverged seed, one that cannot."""
    cells = []
    for index, (label, (nats, spread, params, flops)) in enumerate(LADDER.items()):
        cell_id = f"{index + 1:x}a{'7c' * 5}"
        entry = _entry(cell_id, {"label": label}, range(seeds), params, flops, deterministic=spread == 0)
        cells.append(entry)
        if label.endswith("learned"):
            entry |= {"state": "cannot", "reason": "learned positions end at data.length = 64; eval.length = 128 goes beyond"}
            continue
        for seed in entry["seeds"]:
            bad = {("Elman", 2): "diverged", ("causal CNN", 1): "failed"}.get((label, seed), "done")
            write_run(runs, cell_id, seed, nats, spread, index, bad, lengths=label.startswith(("Transformer", "LSTM")))
        _write_cell(runs, cell_id)
    return _manifest(
        runs,
        "ladder",
        cells,
        question="Which step of the ladder, from counting to attention, lowers the perplexity of Shakespeare at equal size?",
        spec={
            "name": "ladder",
            "list": [{"label": label} for label in LADDER],
            "seeds": seeds,
            "table": {
                "rows": "label",
                "metrics": ["params", "flops_per_token", "tokens_seen", "seconds", "tokens_per_second", "peak_memory_mb"],
                "baseline": "LSTM",
            },
        },
        cards=CARDS,
        control={"label": "5-gram Kneser-Ney", "metric": "test.perplexity", "floor": 160.0, "direction": "below"},
    )


def _order(claim: str, better: object, worse: object) -> dict:
    return {"kind": "order", "claim": claim, "better": better, "worse": worse, "metric": "test.perplexity", "source": "folklore"}


def _number(label: str, published: float, **tolerance: object) -> dict:
    return {"kind": "number", "label": label, "metric": "test.perplexity", "published": published, **tolerance}


def _floor(label: str, claim: str) -> dict:
    return {"kind": "floor", "label": label, "metric": "test.perplexity", "at_most": 120.0, "claim": claim}


def _flops(label: str) -> dict:
    return {"label": label, "metric": "flops_per_token"}


CARDS = [
    _number("5-gram Kneser-Ney", 141.2, tolerance=15.0, source="Mikolov 2012, table 2", deviations=["another corpus"]),
    _number("LSTM", 78.4, relative_tolerance=0.05, source="Zaremba 2014"),
    _order("A gated cell beats the Elman cell", "LSTM", "Elman"),
    _order("The LSTM beats the GRU", "LSTM", "GRU"),
    _order("Counting beats the rotary Transformer", {"label": "5-gram Kneser-Ney"}, {"label": "Transformer, rotary"}),
    _floor("GRU", "The GRU has learnt something"),
    {
        "kind": "ratio",
        "claim": "The Transformer needs at most 1.2 times the LSTM's FLOPs",
        "numerator": _flops("Transformer, rotary"),
        "denominator": _flops("LSTM"),
        "at_most": 1.2,
    },
    _floor("Transformer, learned", "Learned positions extrapolate"),
]


def write_grid(runs: Path, seeds: int = 5) -> dict:
    """Scores by heads with two learning rates each; the larger rate is the better one, and only it has test scores."""
    nats = {("mlp", 1): 4.70, ("mlp", 4): 4.66, ("dot", 1): 4.80, ("dot", 4): 4.74, ("scaled_dot", 1): 4.71, ("scaled_dot", 4): 4.60}
    cells = []
    for index, ((score, heads), loss) in enumerate(nats.items()):
        for trial, rate in enumerate((3e-4, 1e-3)):
            cell_id = f"{index:x}{trial}{'e5' * 5}"
            labels = {"model.mixer.score.kind": score, "model.mixer.heads": heads}
            entry = _entry(cell_id, labels, range(seeds), 1_000_000 + 5000 * (score == "mlp"), 2.2e6)
            cells.append(entry | {"tuned": {"optim.learning_rate": rate}})
            for seed in range(seeds):
                write_run(runs, cell_id, seed, loss + 0.2 * (1 - trial), 0.006, 10 + index, test=trial == 1, group=True)
            _write_cell(runs, cell_id)
    axes = {"model.mixer.score.kind": ["mlp", "dot", "scaled_dot"], "model.mixer.heads": [1, 4]}
    spec = {
        "name": "scores",
        "axes": axes,
        "seeds": seeds,
        "tune": {"optim.learning_rate": [3e-4, 1e-3]},
        "comparisons": [{"better": "scaled_dot", "worse": "dot"}, {"better": "mlp", "worse": "scaled_dot"}],
        "table": {
            "rows": "model.mixer.score.kind",
            "columns": "model.mixer.heads",
            "metrics": ["params.body", "test.accuracy", "best_seed.test.accuracy"],
        },
    }
    return _manifest(runs, "scores", cells, question="Which attention score, with how many heads?", spec=spec)


RATES = (3e-4, 1e-3, 3e-3, 1e-2)
HALVED = {0: (4.9, 4.7, 4.6, 5.0), 1: (0.0, 4.5, 4.45, 0.0), 2: (0.0, 0.0, 4.3, 0.0)}  # rung -> nats of each rate, 0 of one that has no run


def write_halved(runs: Path, nats: dict[int, tuple[float, ...]] = HALVED, seeds: int = 2) -> dict:
    """A row whose four rates are halved, from 500 steps to 2,000; what was not chosen has no run."""
    cells = []
    for number, losses in nats.items():
        for candidate, (rate, loss) in enumerate(zip(RATES, losses, strict=True)):
            cell_id = f"{number}{candidate}{'f6' * 5}"
            duration = {"train.steps": 500 * 2**number}
            rung = {"halving": 2, "number": number, "rungs": 3, "candidate": candidate, "duration": duration}
            entry = _entry(cell_id, {"label": "LSTM"}, range(seeds), 1_000_000, 2.2e6)
            cells.append(entry | {"tuned": {"optim.learning_rate": rate}, "rung": rung})
            for seed in range(seeds) if loss else ():
                write_run(runs, cell_id, seed, loss, 0.006, 30, test=number == 2)
    spec = {"name": "halved", "list": [{"label": "LSTM"}], "tune": {"optim.learning_rate": RATES, "halving": 2}, "seeds": seeds}
    return _manifest(runs, "halved", cells, question="Which rate?", spec=spec)


TRANSLATORS = {"copy of the source": (0.45, 0.0), "LSTM": (0.20, 0.02), "LSTM + attention": (0.08, 0.01), "Transformer": (0.085, 0.01)}
PAIRS, SYMBOLS = 150, ["red", "green", "blue", "round", "square", "flat", "tall", "small", "old", "new"]


def write_texts(runs: Path, seeds: int = 5) -> dict:
    """Four translators, each drawing its texts by changing a share of the references' words, the more the longer the text."""
    shared = np.random.default_rng(7)
    lengths = shared.integers(4, 13, PAIRS)
    references = [[SYMBOLS[i] for i in shared.integers(len(SYMBOLS), size=length)] for length in lengths]
    hard = shared.uniform(0.5, 1.5, PAIRS)
    cells = []
    for model, (label, (wrong, spread)) in enumerate(TRANSLATORS.items()):
        cell_id = f"{model:x}d{'b3' * 5}"
        entry = _entry(cell_id, {"label": label}, range(seeds), 900_000, 1.8e6, deterministic=spread == 0)
        cells.append(entry | {"config": {"data": {"kind": "pairs"}}})
        for seed in entry["seeds"]:
            random = np.random.default_rng([model, seed])
            share = (wrong + spread * random.standard_normal()) * hard * lengths / 8
            texts = [_changed(words, part, random) for words, part in zip(references, share, strict=True)]
            _write_texts(runs, cell_id, seed, texts, [" ".join(words) for words in references], lengths, random)
        _write_cell(runs, cell_id)
    table = {"rows": "label", "metrics": ["test.chrf", "test.exact_match", "test.token_accuracy"], "baseline": "LSTM"}
    spec = {"name": "texts", "list": [{"label": label} for label in TRANSLATORS], "seeds": seeds, "metric": "test.bleu", "table": table}
    return _manifest(runs, "texts", cells, question="Does attention help a translator?", spec=spec)


def _changed(words: list[str], share: float, random: np.random.Generator) -> str:
    return " ".join(str(random.choice(SYMBOLS)) if random.random() < share else word for word in words)


def _write_texts(
    runs: Path, cell_id: str, seed: int, drawn: list[str], references: list[str], lengths: np.ndarray, random: np.random.Generator
) -> None:
    folder = store.seed_folder(runs, cell_id, seed)
    items = text_items(drawn, references)
    store.write_arrays(folder / "items.npz", id=np.arange(PAIRS), tokens=lengths + 1, **items)
    scores = measure_groups(items, lengths)
    scores |= {"self_bleu": scores["bleu"] - 20 + random.standard_normal(), "distinct_2": 0.5}
    result = {"cell_id": cell_id, "seed": seed, "status": "done", "metrics": {"valid": scores, "test": scores}, "extra": {}, "cost": {}}
    store.write_json(folder / "result.json", result | {"signatures": metric_signatures()})
    store.write_json(folder / "status.json", {"status": "done", "step": 1, "steps": 1, "message": ""})


def write_run(
    runs: Path, cell_id: str, seed: int, nats: float, spread: float, model: int, status: str = "done", test: bool = True, **has: bool
) -> None:
    """One seed of a cell: a learning curve, and where it is done a result with items."""
    folder = store.seed_folder(runs, cell_id, seed)
    random = np.random.default_rng([model, seed])
    loss = nats + spread * random.standard_normal()
    steps = 2000 if status == "done" else 600
    if spread:
        store.append_metrics(folder / "metrics.jsonl", _curve(loss, steps, random))
    message = {"diverged": "the loss is not finite at step 613", "failed": "MemoryError: 2.1 GB asked for"}.get(status, "")
    told = {"status": status, "step": steps, "steps": 2000, "message": message, "updated": "2026-01-02T03:04:05+00:00"}
    store.write_json(folder / "status.json", told)
    store.write_json(folder / "env.json", {"parts": [{"step": 0, **ENVIRONMENT}]})
    store.write_text(folder / "log.txt", f"seed {seed}\nstep {steps} of 2000\n{message}\n")
    if status == "done":
        items = _items(loss, model, random)
        store.write_arrays(folder / "items.npz", **items)
        store.write_json(folder / "result.json", _result(cell_id, seed, items, loss, bool(spread), random, test, **has))


def _curve(loss: float, steps: int, random: np.random.Generator) -> list[dict]:
    lines = []
    for step in range(100, steps + 1, 100):
        now = loss + 2.6 * np.exp(-step / 300) + 0.01 * random.standard_normal()
        lines.append({"step": step, "split": "train", "loss": now - 0.1, "gradient_norm": 0.8, "learning_rate": 1e-3, "seconds": step / 20})
        lines.append({"step": step, "split": "valid", "loss": now, "perplexity": np.exp(now), "seconds": step / 20})
    return lines


def _items(loss: float, model: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    shared = np.random.default_rng(0)
    tokens = shared.integers(5, 30, ITEMS)
    hard = 0.5 * shared.standard_normal(ITEMS)  # how hard an item is for every model
    own = 0.1 * np.random.default_rng([99, model]).standard_normal(ITEMS) + 0.02 * random.standard_normal(ITEMS)
    each = hard + own
    each += loss - (each * tokens).sum() / tokens.sum()
    correct = random.binomial(tokens, min(0.95, np.exp(3.5 - loss)))
    return {"id": np.arange(ITEMS), "loss": each * tokens, "tokens": tokens, "correct": correct}


def _result(cell_id: str, seed: int, items: dict, loss: float, trained: bool, random: np.random.Generator, test: bool, **has: bool) -> dict:
    accuracy = items["correct"].sum() / items["tokens"].sum()
    scores = {"loss": loss, "perplexity": np.exp(loss), "accuracy": accuracy}
    if has.get("lengths"):
        scores |= {f"perplexity_at_{length}": np.exp(loss + 0.03 * power) for power, length in enumerate((64, 128, 256))}
    if has.get("group"):
        scores |= {f"accuracy_at_{k}": accuracy - 0.02 * np.log2(k) for k in (1, 2, 4, 8)}
    return {
        "cell_id": cell_id,
        "seed": seed,
        "status": "done",
        "metrics": {"valid": {"loss": loss - 0.02, "perplexity": np.exp(loss - 0.02)}, **({"test": scores} if test else {})},
        "tokens_seen": 2000 * 32 * 64 if trained else 840_000,
        "steps": 2000 if trained else 0,
        "best_step": 1900 if trained else 0,
        "extra": {},
        "cost": {
            "seconds": {"compile": 4.0 if trained else 0.0, "train": 90.0 + 5 * random.random() if trained else 1.4, "evaluate": 2.0},
            "tokens_per_second": 45_000 + 500 * random.random(),
            "latency_ms": 1.2,
            "peak_memory_mb": 412.0,
        },
    }


def _entry(cell_id: str, labels: dict, seeds: range, params: int, flops: float, deterministic: bool = False) -> dict:
    return {
        "cell_id": cell_id,
        "labels": labels,
        "config": CONFIG,
        "seeds": [0] if deterministic else list(seeds),
        "deterministic": deterministic,
        "state": "ok",
        "reason": "",
        "params": {"total": params, "body": params // 2},
        "flops_per_token": flops,
        "predicted_seconds": 100,
        "tuned": {},
    }


def _write_cell(runs: Path, cell_id: str) -> None:
    store.write_text(store.cell_folder(runs, cell_id) / "config.toml", '[data]\nkind = "shakespeare"\nlength = 64\n')


def _manifest(runs: Path, name: str, cells: list, question: str, spec: dict, **also: object) -> dict:
    manifest = {
        "name": name,
        "hash": "0123abcd",
        "question": question,
        "preset": "quick",
        "spec": spec,
        "spec_file": f"experiments/{name}/quick.toml",
        "created": "2026-01-02T03:04:05+00:00",
        "cells": cells,
        "cards": [],
        "control": None,
        **also,
    }
    store.write_json(store.sweeps_folder(runs) / f"{name}-0123abcd.json", manifest)
    return manifest
