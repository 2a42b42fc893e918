"""Runs whose text is cut anew for every epoch: neither a stop, nor a neighbour, nor the cuts of another seed leave a trace in one."""

from threading import Event

import numpy as np
import pytest
from tiny import SMALL, seeds_in, without_times

from research.config.loader import load_config
from research.data.loading import load_dataset
from research.execute.material import training_material
from research.plan.programs import program_of
from research.train.engine import compile_engine
from research.train.events import Progressed
from research.train.runs import train_runs
from research.train.scoring import Interrupted
from research.train.trained_files import Job

HOW = {
    "unigram": {"kind": "sample", "alpha": 0.2},
    "bpe": {"kind": "bpe_dropout", "rate": 0.3},
}


def write(place, level, how, name="tiny", **words):
    data = place.text | SMALL["data"] | {"level": level, "vocabulary": {"size": 40}, "regularisation": how}
    return place.write(
        SMALL, name, data=data, **{"train": {"epochs": 3, "batch_size": 8, "evaluations": 5}, "run": {"log_every": 100}} | words
    )


@pytest.fixture
def prepared(place):
    """A program, and runs of a group that is trained to its end, or to a stop after so many reports of progress."""

    def prepare(level):
        config = load_config(write(place, level, HOW[level])).config
        data = load_dataset(config.data)
        program, first = program_of(config, data), training_material(config, data)
        engine = compile_engine(program, first.source, (first.valid.batches, *first.held_out.shapes), 4)

        def run(name, seeds, reports=None):
            stop, left = Event(), iter(range(reports or 0))
            material = training_material(config, data)
            jobs = [Job("cell", config, seed, place.folder / name / f"seed-{seed}") for seed in seeds]

            def report(event):
                if reports is not None and isinstance(event, Progressed) and next(left, None) is None:
                    stop.set()

            train_runs(engine, jobs, material, stop, report)
            return {seed: without_times(place.folder / name / f"seed-{seed}") for seed in seeds}

        return program, run

    return prepare


@pytest.mark.parametrize("level", ["bpe"])  # that any kind's cut is one of seed and epoch: tests/data/test_subword_regularisation
def test_a_stop_and_the_neighbours_leave_no_trace(prepared, level):
    """Five calls for three epochs; two lanes and four seeds, the same alone and in another order, and stopped after two calls and one."""
    program, run = prepared(level)
    assert program.steps == 3 * program.steps_per_epoch
    assert program.steps < 100
    together = run("together", [0, 1, 2, 3])
    assert len({one["result"] for one in together.values()}) == 4
    assert run("alone", [2])[2] == together[2]
    assert run("reversed", [3, 1, 0]) == {seed: together[seed] for seed in (3, 1, 0)}
    for reports in (3, 1):
        with pytest.raises(Interrupted):
            run("stopped", [0, 1], reports)
    assert run("stopped", [0, 1]) == {seed: together[seed] for seed in (0, 1)}


@pytest.mark.parametrize("level", ["unigram"])
def test_training_alone_is_cut_anew_in_as_many_steps(place, level):
    plain, drawn = (
        place.done("train", write(place, level, how, name), runs=name) for name, how in (("none", {"kind": "none"}), ("drawn", HOW[level]))
    )
    assert plain["cell_id"] != drawn["cell_id"]
    assert plain["valid"] != drawn["valid"]
    (of_plain,), (of_drawn,) = (seeds_in(place.folder / name).values() for name in ("none", "drawn"))
    with np.load(of_plain / "items.npz") as a, np.load(of_drawn / "items.npz") as b:
        np.testing.assert_array_equal(a["tokens"], b["tokens"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.batches=columns"], "use data.batches = windows"),
        (["model.kind=ngram"], "is counted"),
        (["data.level=char"], "is for data.level = unigram"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_run(place, words, said):
    called = place.call("train", write(place, "unigram", HOW["unigram"]), *words)
    assert called.code == 2
    assert said in called.stderr
    assert not list((place.folder / "runs").glob("*"))
