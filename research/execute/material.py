"""What a group of runs is trained on and scored on, as the engine takes it."""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from research.config.schema import Config
from research.data.dataset import Dataset, TextSplit
from research.data.loading import load_dataset
from research.data.split_memory import belongs_on_host, device_arrays, host_arrays
from research.data.subword_regularisation import resegment
from research.plan.cell_record import write_record
from research.plan.programs import program_of
from research.tasks.registry import task_of
from research.tasks.task_kind import VALID
from research.train import lanes
from research.train.batch_source import HostSource
from research.train.engine import Engine, Evaluator, compile_engine, compile_evaluator, config_mesh
from research.train.latency import latency_ms
from research.train.run_start import GroupData
from research.train.scoring import HeldOut
from research.train.trained_files import Job


def compile_training(jobs: Sequence[Job], data_dir: Path | None) -> tuple[Engine, GroupData]:
    """What trains runs of one program, and their material."""
    config, data = _opened(jobs, data_dir)
    program, material = program_of(config, data), training_material(config, data)
    shapes = (material.valid.batches, *(material.held_out.shapes if any(job.tested for job in jobs) else ()))
    latency_ms(program)  # compiles; it is measured when nothing else is compiling
    return compile_engine(program, material.source, shapes, len(jobs)), material


def compile_scoring(jobs: Sequence[Job], data_dir: Path | None) -> tuple[Evaluator, HeldOut]:
    """What scores runs of one program, and what is held out."""
    config, data = _opened(jobs, data_dir)
    held_out = held_out_splits(config, data)
    return compile_evaluator(program_of(config, data), held_out.shapes, len(jobs)), held_out


def training_material(config: Config, data: Dataset, host_above: int | None = None) -> GroupData:
    """The training split on the devices, or on the host where it is a text of more bytes or one that is cut anew for every epoch; the
    validation split as batches; and what is held out.
    """
    splits = task_of(config).splits(config, data)
    valid = splits.pop(VALID)
    return GroupData(_source(config, data, host_above), valid, HeldOut(splits, data), data.vocabulary)


def held_out_splits(config: Config, data: Dataset) -> HeldOut:
    """The test split, and further views of it, as batches."""
    return HeldOut({name: split for name, split in task_of(config).splits(config, data).items() if name != VALID}, data)


def _opened(jobs: Sequence[Job], data_dir: Path | None) -> tuple[Config, Dataset]:
    """The config that compiles, and the data, whose record each cell keeps."""
    config = longest_call(jobs)
    data = load_dataset(config.data, data_dir)
    for job in jobs:
        write_record(job.folder.parent, job.config, data, data_dir)
    return config, data


def longest_call(jobs: Sequence[Job]) -> Config:
    """The first job's config with the largest `run.log_every`: a call of the program has room for the batches of any of its runs."""
    config, log_every = jobs[0].config, max(job.config.run.log_every for job in jobs)
    return config.model_copy(update={"run": config.run.model_copy(update={"log_every": log_every})})


def _source(config: Config, data: Dataset, host_above: int | None) -> Any:
    if config.data.reads == "text" and config.data.regularisation.levels:
        assert isinstance(data.train, TextSplit), "a text"
        cut = partial(resegment, config.data.regularisation, data.vocabulary, data.vocabulary.decode(data.train.tokens))
        cache_size = 2 * lanes.lane_count(len(config.seeds))  # a call may reach from one epoch into the next
        return HostSource(host_arrays(data.train), config.run.log_every, lru_cache(cache_size)(cut))
    if belongs_on_host(data.train, host_above):
        return HostSource(host_arrays(data.train), config.run.log_every)
    return lanes.replicate(config_mesh(config), device_arrays(data.train, config.train.buckets))
