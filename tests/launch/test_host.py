"""A text that stays on the host gives the bits of one on the devices."""

from threading import Event

from tiny import SMALL, without_times

from research.config.loader import load_config
from research.data.loading import load_dataset
from research.execute.material import longest_call, training_material
from research.plan.programs import program_of
from research.train.batch_source import HostSource
from research.train.engine import compile_engine
from research.train.runs import train_runs
from research.train.trained_files import Job


def test_a_run_does_not_know_where_its_text_is(place):
    """Three runs over two lanes, two epochs, calls of five steps and of two."""
    config = load_config(place.write(SMALL, train={"steps": 20, "batch_size": 9, "evaluations": 4}, run={"log_every": 7})).config
    data = load_dataset(config.data)
    program = program_of(config, data)
    assert program.steps > program.steps_per_epoch
    found = {}
    for name, limit in (("device", 2**30), ("host", 0)):
        material = training_material(config, data, host_above=limit)
        assert isinstance(material.source, HostSource) == (name == "host")
        jobs = [Job("cell", config, seed, place.folder / name / f"seed-{seed}") for seed in range(3)]
        engine = compile_engine(program, material.source, (material.valid.batches, *material.held_out.shapes), len(jobs))
        train_runs(engine, jobs, material, Event(), lambda *_: None)
        found[name] = [without_times(job.folder) for job in jobs]
    assert found["device"] == found["host"]
    assert len({run["result"] for run in found["host"]}) == 3


def test_a_group_has_room_for_thelongest_call_of_its_runs(place):
    """Runs of one program may differ in how often they log."""
    configs = [load_config(place.write(SMALL, name=f"every{n}", run={"log_every": n})).config for n in (7, 30, 2)]
    jobs = [Job("cell", config, 0, place.folder) for config in configs]
    assert longest_call(jobs).run.log_every == 30
    assert longest_call(jobs).model_copy(update={"run": configs[0].run}) == configs[0]
