"""What the commands do that need jax: plan, run, show, report, generate, score. Each prints for a person, or one JSON object."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from research.api.loaded_cell import LoadedCell
from research.api.loaded_sweep import LoadedSweep
from research.api.opened_run import OpenedRun
from research.api.print_plan import plan_data, print_plan
from research.api.result_table import manifest_table
from research.cli.next_commands import after_sweep, after_training, location_options
from research.config.serialise import to_tree
from research.config.unicode import visible_text
from research.data.loading import load_dataset
from research.execute.alive import alive_cells
from research.execute.jobs import read_plan_states
from research.execute.meter import headline_text
from research.plan.work_plan import read_work_plan
from research.runs import store
from research.runs.measures import is_headline, significant_figures
from research.runs.summary import summarise
from research.stops import STOPPED

DRIVERS_PRINTED = 5  # driving words
CHARACTERS_PRINTED = 100  # characters of a classified sentence


def train_command(cell: LoadedCell, workers: int | None, rerun: str | None, as_json: bool, wait: bool = False) -> int:
    """One cell, all its seeds."""
    executed = cell.execute(workers, rerun, quiet=as_json, wait=wait)
    planned, runs, data_dir = cell.planned, cell.runs, cell.launch.data_dir
    summary = summarise(runs, planned.cell_id, planned.seeds)
    summary["config"] = to_tree(planned.config, defaults=True) if planned.config else {}
    if as_json:
        print(store.to_json(summary))
    else:
        _print_summary(dict(summary), runs)
        if summary["status"] == "done" and planned.config:
            _print_next(
                after_training(
                    planned.cell_id, planned.config, load_dataset(planned.config.data, data_dir), location_options(runs, data_dir)
                )
            )
    return executed.code


def sweep_command(
    sweep: LoadedSweep,
    workers: int | None,
    keep_going: bool,
    rerun: str | None,
    as_json: bool,
    words: Sequence[str] = (),
    wait: bool = False,
) -> int:
    """Every cell that is not done, then the table. `words` name the sweep in the commands that are told next; without them none are."""
    from research.report.sheets import table_sheet
    from research.report.terminal import print_sheet

    plan, manifest, code = sweep.execute(workers, keep_going, rerun, quiet=as_json, wait=wait)
    runs = sweep.runs
    if as_json:
        work = read_work_plan(manifest)
        alive = alive_cells(work, read_plan_states(work, runs))
        cells = [
            summarise(runs, row.cell_id, row.seeds) | {"labels": row.labels, "config": to_tree(row.config)}
            for row in plan.rows
            if row.config and row.cell_id in alive
        ]
        print(store.to_json({"name": plan.name, "hash": manifest["hash"], "cells": cells}))
    else:
        print_sheet(table_sheet(manifest_table(manifest, runs).data), Console(highlight=False, markup=False))
        if words and code != STOPPED:
            _print_next(after_sweep(words, plan.name, location_options(runs, sweep.launch.data_dir)))
    return code


def _print_next(commands: Sequence[str]) -> None:
    print("\n".join(["next:", *(f"  {command}" for command in commands)]), file=sys.stderr)


def show_command(shown: LoadedCell | LoadedSweep, as_json: bool) -> int:
    """The plan, checked and priced; nothing is run."""
    plan, runs, data_dir = shown.plan(), shown.runs, shown.launch.data_dir
    if as_json:
        print(store.to_json(plan_data(plan, runs, data_dir)))
    else:
        print_plan(plan, runs, data_dir)
    return 0


def _unknown_text(continuation: dict[str, Any]) -> str:
    words = list(dict.fromkeys(map(visible_text, continuation["unknown"])))
    listed = ", ".join(words[:8]) + (", ..." if words[8:] else "")
    return f"note: the model was trained without {listed}: it reads <unk> instead. `stepladder tokenize` shows how a text is cut."


def generate_command(run: OpenedRun, request: Any, as_json: bool) -> int:
    """Texts from a run, and how long their first and each later token took. One prompt's text stands in the JSON object itself too."""
    generated = run.generated(request)
    if as_json:
        print(store.to_json(generated | (generated["texts"][0] if len(request.prompts) == 1 else {})))
        return 0
    for number, continuation in enumerate(generated["texts"]):
        if continuation["unknown"]:
            print(_unknown_text(continuation), file=sys.stderr)
        n_best = continuation.get("n_best", [])[: request.n_best] if request.n_best > 1 else []
        print("\n" if n_best and number else "", end="")  # the texts of a prompt are together, and each is a line
        print("\n".join(f"{best['score']:9.4f}  {visible_text(best['text'])}" for best in n_best) if n_best else continuation["text"])
    if request.recompute:
        print(", ".join(f"{name} {value:.3f} ms" for name, value in generated["latency_ms"].items()), file=sys.stderr)
    return 0


def score_command(run: OpenedRun, request: Any, as_json: bool) -> int:
    """Each prompt with its completion and what the model writes instead, and the totals."""
    scored = run.scored(request)
    if as_json:
        print(store.to_json(scored))
        return 0
    if any(line["prompt"] for line in scored["each"]):
        Console(highlight=False, markup=False).print(_completions_table(scored["each"]))
    shares = ", ".join(f"{name.replace('_', ' ')} {100 * scored[name]:.1f} %" for name in ("exact_match", "preferred") if name in scored)
    print(
        f"{scored['lines']} lines, {scored['tokens']} tokens, {scored['unknown']} unknown: perplexity "
        f"{significant_figures(scored['perplexity'])}, bits a character {significant_figures(scored['bits_per_character'])}, {shares}"
    )
    return 0


def _completions_table(lines: list[dict[str, Any]]) -> Table:
    """A row a prompt: how likely its completion is, and what the model writes."""
    ranked = "preferred" in lines[0]
    table = Table(*("prompt", "completion", "perplexity", "greedy", "exact"), *(["preferred"] if ranked else []), box=None)
    yes_or_no = {True: "yes", False: "no"}
    for line in lines:
        values = [
            line["prompt"],
            line["completions"][0],
            significant_figures(line["perplexity"]),
            line["greedy"].strip(),
            yes_or_no[line["exact"]],
        ]
        table.add_row(*(Line(value) for value in (*values, *([yes_or_no[line["preferred"]]] if ranked else []))))
    return table


def predict_command(run: OpenedRun, text: str | None, file: Path | None, as_json: bool) -> int:
    """The class or the number of each sentence, and why; or the tag of each word."""
    from research.use.predict import sentences_from_options

    predictions = run.predicted(sentences_from_options(text, file))
    if run.config.data.asks == "tags":
        return _print_tags(run.cell_id, predictions, as_json)
    if as_json:
        print(store.to_json({"cell_id": run.cell_id, "predictions": [prediction._asdict() for prediction in predictions]}))
        return 0
    for prediction in predictions:
        words = prediction.words
        drivers = ", ".join(f"{word} {value:+.2f}" for word, value in prediction.drivers[:DRIVERS_PRINTED])
        unread = f"; read {prediction.read} of {words} words" if prediction.read < words else ""
        unknown = f"; {prediction.unknown} of {words} words unknown" if prediction.unknown else "" if words else "; no words"
        print(f"{prediction.answer:<20}  {prediction.text[:CHARACTERS_PRINTED]}")
        print(f"{'':<22}{drivers or 'no word spoke for or against it'}{unknown}{unread}")
    return 0


def _print_tags(cell_id: str, predictions: Sequence[Any], as_json: bool) -> int:
    """A word and its tag a line, a blank line between two sentences, as files of columns have it; with how sure the tag is."""
    if as_json:
        each = [{"text": sentence.text, "words": [word._asdict() for word in sentence.words]} for sentence in predictions]
        print(store.to_json({"cell_id": cell_id, "predictions": each}))
        return 0
    for sentence in predictions:
        for word in sentence.words:
            print(f"{word.word}\t{word.tag}\t{100 * word.probability:.1f} %{'' if word.in_vocabulary else ', unknown'}")
        print()
    return 0


def probe_command(run: OpenedRun, overrides: list[str], out: Path | None, as_json: bool) -> int:
    """What each layer knows: a table, a figure, and both as a report."""
    from research.report.study import print_study, write_study

    study = run.probed(overrides)
    files = write_study(study, [], out or Path("reports") / study.name)
    print(json.dumps(store.read_json(files["report.json"]))) if as_json else print_study(study, [])
    print(f"report: {files['report.html']}", file=sys.stderr)
    return 0


def _print_summary(summary: dict[str, Any], runs: Path) -> None:
    console = Console(highlight=False, markup=False)
    if summary["params"] is None:  # no seed came to an end
        return console.print(f"{summary['cell_id']}  {summary['status']}")
    console.print(
        f"{summary['cell_id']}  {summary['status']}  {summary['params']['total']:,} parameters, "
        f"{summary['flops_per_token']:,.0f} FLOPs a token"
    )
    for split in ("valid", "test"):
        headlines = [f"{name} {significant_figures(value)}" for name, value in summary[split].items() if is_headline(name)]
        groups = len(summary[split]) - len(headlines)
        console.print(f"{split}: " + ", ".join([*headlines, f"and {groups} of groups in result.json"] if groups else headlines))
    for run in summary["runs"]:
        scores = [score for split in ("valid", "test") if (score := headline_text(split, run[split] or {}, ""))]
        console.print(f"  seed {run['seed']}: {', '.join([run['status'], *scores])}")
    console.print(f"{runs / summary['cell_id']}")
