"""What a run will cost: more of anything costs more, twice the steps twice as much, and the runs that are there give the rate."""

import json
from functools import cache

import pytest

from research.api import print_plan
from research.config.schema import Config
from research.data.loading import load_dataset
from research.models.count import count_parameters, flops_per_token
from research.plan.price import price, total_seconds
from research.plan.programs import program_of
from research.runs.costs import cost_note, machine_rate
from research.tasks.registry import task_of
from research.tasks.sizes import init_sizes

BLOCK = {"kind": "stack", "width": 16, "layers": 1, "mixer": {"kind": "attention", "heads": 2}}
PAIRS = {
    "data": {"kind": "rewrite", "longest": 6, "train_pairs": 64, "valid_pairs": 8, "test_pairs": 8},
    "model": {"kind": "encoder_decoder", "encoder": BLOCK, "decoder": BLOCK},
    "train": {"steps": 100, "batch_size": 8},
}
COPY = {
    "data": {"kind": "copy", "longest": 6, "train_examples": 64, "valid_examples": 8, "test_examples": 8},
    "model": {"kind": "language_model", "width": 16, "layers": 1, "mixer": {"kind": "lstm"}},
    "train": {"steps": 100, "batch_size": 8},
}


@cache
def seconds(text):
    config = Config.model_validate(json.loads(text))
    data = load_dataset(config.data)
    program = program_of(config, data)
    sizes = init_sizes(config.model, program.sizes)
    flops = flops_per_token(config.model, *sizes, scored=task_of(config).scored_share(config, data))
    return price(config, program, data, flops, count_parameters(config.model, *sizes).total)


def of(tree, **changes):
    changed = json.loads(json.dumps(tree))
    for key, value in changes.items():
        *path, last = key.split("__")
        place = changed
        for word in path:
            place = place.setdefault(word, {})
        place[last] = value
    return seconds(json.dumps(changed))


@pytest.mark.parametrize("tree", [PAIRS, COPY])
def test_the_steps_of_training_add_up(tree):
    """Whatever is done once is the same: twice as many further steps cost twice as much more."""
    once, twice, thrice = (of(tree, train__steps=n, train__evaluations=1) for n in (100, 200, 300))
    assert twice - once == pytest.approx(thrice - twice)
    assert once < twice


@pytest.mark.parametrize(
    ("tree", "key", "less", "more"),
    [
        (COPY, "model__width", 16, 32),
        (COPY, "model__layers", 1, 2),
        (COPY, "train__batch_size", 8, 16),
        (COPY, "data__test_examples", 8, 800),
        (PAIRS, "data__test_pairs", 8, 800),
        (PAIRS, "decode", {"kind": "greedy"}, {"kind": "beam", "size": 4}),
        (PAIRS, "decode", {"kind": "beam", "size": 4}, {"kind": "beam", "size": 8}),
        (PAIRS, "decode", {"kind": "sample"}, {"kind": "sample", "texts": 5}),
        (PAIRS, "model__encoder__layers", 1, 3),
    ],
)
def test_more_of_anything_costs_more(tree, key, less, more):
    assert of(tree, **{key: less}) < of(tree, **{key: more})


def test_runs_wait_for_each_other_where_there_are_fewer_workers():
    runs = [(10.0, "a"), (10.0, "a"), (10.0, "b"), (2.0, None)]
    alone, two, more = (total_seconds(runs, workers) for workers in (1, 2, 3))
    assert alone > two >= more
    assert total_seconds([*runs, (5.0, None)], 2) == pytest.approx(two + 5.0)


def written(folder, ratio, n):
    """`n` runs of a sweep that took `ratio` times what was predicted, and one of counts, which says nothing of training."""
    cells = [{"cell_id": f"{i:012x}", "labels": {"n": i}, "seeds": [0], "predicted_seconds": 2.0 + i} for i in range(n + 1)]
    (folder / "sweeps").mkdir(parents=True)
    (folder / "sweeps" / "a.json").write_text(json.dumps({"name": "a", "hash": "0", "spec": {}, "cells": cells}))
    for i, cell in enumerate(cells):
        run = folder / cell["cell_id"] / "seed-0"
        run.mkdir(parents=True)
        cost = {"seconds": {"compile": 50.0, "train": ratio * cell["predicted_seconds"] - 1, "evaluate": 1.0}}
        result = {"steps": 0 if i == n else 10, "cost": cost, "metrics": {"test": {}}}
        (run / "result.json").write_text(json.dumps(result))
        (run / "status.json").write_text(json.dumps({"status": "done"}))
    return {"cells": cells}


@pytest.mark.parametrize(("n", "rate"), [(2, 1.0), (3, 2.5), (8, 2.5)])
def test_the_runs_that_are_there_give_the_rate_of_this_machine(tmp_path, n, rate):
    written(tmp_path, 2.5, n)
    assert machine_rate(tmp_path) == pytest.approx(rate)
    assert machine_rate(tmp_path / "nothing") == 1.0


def test_a_table_says_what_its_runs_cost_beside_what_was_predicted(tmp_path):
    manifest = written(tmp_path, 2.5, 3)
    results = {
        cell["cell_id"]: [json.loads((tmp_path / cell["cell_id"] / "seed-0" / "result.json").read_text())] for cell in manifest["cells"]
    }
    assert cost_note(manifest, results) == ["Core-seconds of 4 runs, without compilation: 35.0; predicted 14.0."]
    twice = {"cells": [*manifest["cells"], manifest["cells"][1]]}
    assert cost_note(twice, results) == cost_note(manifest, results)
    assert cost_note(manifest, {}) == []


def test_the_memory_of_training_does_not_depend_on_how_far_machine_code_is_optimised(monkeypatch):
    small = {"kind": "feed_forward_lm", "context": 2, "width": 6, "hidden": 5}  # compiles in a moment
    config = Config.model_validate(COPY | {"model": small})
    data = load_dataset(config.data)
    sooner = print_plan._training_bytes(program_of(config, data), data, config)
    monkeypatch.setattr(print_plan, "UNOPTIMISED", None)
    assert sooner == print_plan._training_bytes(program_of(config, data), data, config) > 4 * 64 * 6
