"""What a person is told while runs are under way: an order, a limit, and names that tell runs apart."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tiny import SMALL

from research.config.loader import load_config
from research.config.schema import Config
from research.execute.meter import Meter
from research.execute.progress import log_lines, meter_of, progress_table, remaining, run_name
from research.plan.build_manifest import work_plan_of
from research.plan.planned_cell import PlannedCell
from research.plan.resolve_plan import resolve_plan
from research.runs.run_state import RunId
from research.train.events import Compiling, Diverged, Done, Held, Progressed, Resumed, Started, Validated, broadcast
from research.train.trained_files import Job

CONFIG = Config.model_construct()
JOBS = [Job("a", CONFIG, 0, Path()), Job("a", CONFIG, 1, Path())]


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def meter_with(clock, jobs=JOBS, metric="test.accuracy", predicted=80.0):
    runs = [RunId(job.cell_id, job.seed) for job in jobs]
    return Meter({"a": "LSTM, learning rate 0.001"}, {"a": 40.0}, runs, predicted, metric, clock)


def progress_at(job, step, steps=100):
    return Progressed(job, step, steps, 1e-3, 4.5, 1.0, tokens=step, seconds=1.0)


def test_the_time_left_is_the_predicted_one_and_then_the_measured_one():
    clock = Clock()
    meter = meter_with(clock)
    assert meter.left == 80.0
    clock.now += 5
    assert meter.left == 75.0
    assert remaining(meter) == "1:15 left"
    late = meter_with(clock, predicted=3.0)
    clock.now += 4
    assert remaining(late) == "longer than predicted"
    clock.now -= 4
    meter(Started(JOBS[0], 100))
    meter(progress_at(JOBS[0], 50))
    clock.now += 5  # a quarter of all in ten seconds
    assert meter.left == pytest.approx(30.0)
    meter(Done(JOBS[0], 100, {}))
    meter(Done(JOBS[1], 100, {}))
    assert (meter.left, meter.ended, meter.under_way) == (0.0, 2, {})


def test_a_run_that_another_process_left_is_not_over_until_it_was_done_here():
    meter = meter_with(Clock())
    meter(Held(JOBS[0], "another has it"))
    meter(Started(JOBS[1], 100))
    assert (meter.ended, len(meter.under_way)) == (1, 1)
    meter(Started(JOBS[0], 100))
    assert (meter.ended, len(meter.under_way)) == (0, 2)
    for job in JOBS:
        meter(Done(job, 100, {}))
    assert (meter.ended, meter.under_way, meter.left) == (2, {}, 0.0)


def test_what_was_done_before_counts_neither_as_work_nor_as_time():
    clock = Clock()
    meter = meter_with(clock, JOBS[:1])
    meter(Resumed(JOBS[0], 80, 100))
    meter(progress_at(JOBS[0], 90))
    clock.now += 7
    assert meter.left == pytest.approx(7.0)


def test_a_log_says_when_it_compiles_and_validates_in_the_sweeps_own_metric_but_never_floods():
    clock, lines = Clock(), []
    meter = meter_with(clock)
    tell = broadcast([meter, log_lines(meter, lines.append)])
    tell(Compiling(JOBS[0], 2))
    for job in JOBS:
        tell(Started(job, 1000))
    for step in range(1, 250):
        clock.now += 0.4
        for job in JOBS:
            tell(progress_at(job, step, 1000))
            tell(Validated(job, step, {"loss": 1.0, "perplexity": 2.7, "accuracy": 0.5}))
    tell(Done(JOBS[0], 1000, {"valid": {"accuracy": 0.5}, "test": {"accuracy": 0.25}}))
    tell(Diverged(JOBS[1], "not finite"))
    assert lines[0].startswith("[0/2] LSTM, learning rate 0.001: compiling (a program of 2 runs)")
    assert "seed 0: started, 1,000 steps" in lines[1]
    assert "seed 0: done, valid accuracy 50.00 %, test accuracy 25.00 %" in lines[-2]
    assert "[2/2] LSTM, learning rate 0.001, seed 1: diverged: not finite; 0:00 left" in lines[-1]
    between = lines[2:-2]
    assert all("loss 4.500, valid accuracy 50.00 %" in line and " left, " in line for line in between)
    for seed in (0, 1):  # a hundred seconds
        assert 3 <= sum(f"seed {seed}" in line for line in between) <= 5


def test_a_log_goes_on_with_a_resumed_run():
    clock, lines = Clock(), []
    meter = meter_with(clock, JOBS[:1])
    tell = broadcast([meter, log_lines(meter, lines.append)])
    tell(Resumed(JOBS[0], 80, 100))
    tell(progress_at(JOBS[0], 81))
    clock.now += 60
    tell(progress_at(JOBS[0], 90))
    tell(Done(JOBS[0], 100, {}))
    words = ("goes on from step 80 of 100", "loss 4.500", "done")
    assert all(word in line for word, line in zip(words, lines, strict=True))


def test_a_metric_that_validation_lacks_is_answered_by_the_nearest():
    meter = meter_with(Clock(), metric="test.perplexity_at_128")
    assert meter.score("valid", {"loss": 1.0, "perplexity": 2.718}) == "valid perplexity 2.718"
    assert meter.score("valid", {}) == ""


def test_a_picture_shows_what_was_typed_as_typed_and_stays_within_the_terminal():
    meter = meter_with(Clock())
    meter.names = {"a": "[bold]x[/bold]" + 60 * "y"}
    for job in JOBS:
        meter(Started(job, 10))
    console = Console(width=60, record=True, force_terminal=True, file=StringIO())
    console.print(progress_table(meter))
    lines = console.export_text().splitlines()
    assert lines[0].startswith("[bold]x[/bold]yyy")
    assert all(len(line) <= 60 for line in lines)
    assert "0 of 2 runs" in lines[-1]


def test_a_listener_that_fails_is_left_out_and_the_others_go_on(capsys):
    heard = []

    def broken(event):
        raise ZeroDivisionError("of the listener")

    tell = broadcast([broken, heard.append])
    for step in (1, 2):
        tell(progress_at(JOBS[0], step))
    assert [event.step for event in heard] == [1, 2]
    assert capsys.readouterr().err.count("ZeroDivisionError: of the listener") == 1


def test_trials_are_named_by_their_tuned_values():
    cell = PlannedCell({"label": "LSTM"}, None, tuned={"optim.learning_rate": 1e-3, "model.layers": 2})
    assert run_name(cell) == "LSTM, 1e-3, layers 2"


def test_parts_and_folds_are_named_by_what_differs_between_them(place):
    rows = [{"label": "both", "model": {"kind": "interpolation", "parts": [{"kind": "ngram", "order": 1}, {"kind": "ngram", "order": 3}]}}]
    path = place.write({key: SMALL[key] for key in ("data", "eval")}, sweep={"name": "s", "list": rows}, model=rows[0]["model"])
    meter = meter_of(work_plan_of(resolve_plan(load_config(path), place.folder / "runs", None)), [], 1.0)
    assert sorted(meter.names.values()) == ["both", "files, 1-gram", "files, 3-gram"]
