"""A plan carried out on this machine: runs that share a program train together, and the next program is compiled meanwhile."""

import shutil
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from research.config.errors import StepladderError
from research.config.model_facts import model_facts
from research.config.schema import Config
from research.config.serialise import to_toml
from research.data.batches import belongs_on_host, device_arrays, host_arrays
from research.data.dataset import Dataset, TextSplit
from research.data.loading import load_dataset
from research.data.subword_regularisation import resegment
from research.execute.environment import differences, environment
from research.plan.cell_record import write_record
from research.plan.planned_cell import PlannedCell
from research.plan.resolve_plan import Plan, program_of
from research.runs import store
from research.runs.environments import run_environments
from research.runs.lock import HeldError, claimed
from research.runs.trial_choice import chosen_trial, is_decided, parse_reference
from research.tasks.registry import task_of
from research.tasks.task_kind import VALID
from research.train import lanes
from research.train.batch_source import HostSource
from research.train.engine import compile_engine, compile_evaluator, config_mesh
from research.train.events import Blocked, Compiling, Diverged, Done, Failed, Held, Listener, Note, RunEvent, Started, Trained
from research.train.fitted_runs import fit_run, score_fitted
from research.train.latency import latency_ms
from research.train.runs import GroupData, train_runs
from research.train.scoring import HeldOut, Interrupted, score_runs
from research.train.trained_files import ENDED, Job, write_failure

UNDECIDED = "undecided"  # stands for the folder of a run that is not known yet: there is none
FILES = (  # of a run, beside its checkpoints
    *("status.json", "test.json", "items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl", "attention.npz"),
    *("env.json", "result.json", "metrics.jsonl", "tokens.npz", "log.txt"),
)


class Group(NamedTuple):
    """Runs of one program, or runs that are fitted (no program)."""

    program: Any
    jobs: tuple[Job, ...]
    untrained: bool = True  # False where they are trained, and their test split is to be scored


class RunCounts(NamedTuple):
    """How many runs ended how."""

    done: int
    failed: int
    held: int
    blocked: int


def pending_jobs(plan: Plan, runs_dir: Path, rerun: str | None) -> list[Job]:
    """The runs to be trained, or scored where only that is missing; parents first.

    `rerun`: failed (and diverged) runs alone, all, or a cell_id's.
    """
    cell_ids = [cell.cell_id for cell in plan.cells if cell.config]
    if rerun not in (None, "all", "failed") and not any(cell_id.startswith(str(rerun)) for cell_id in cell_ids):
        raise StepladderError(f"--rerun {rerun} is no cell of {plan.name}; it is failed, all, or one of {', '.join(cell_ids)}.")
    untrained = [job for job in _jobs(plan, runs_dir, ()) if _needs_training(job, rerun)]
    return untrained + (_to_score(plan, runs_dir, untrained) if rerun is None else [])


def execute_jobs(
    plan: Plan,
    runs_dir: Path,
    data_dir: Path | None,
    jobs: Sequence[Job],
    stop: Event,
    keep_going: bool,
    anew: bool,
    report: Listener,
) -> RunCounts:
    """Run the jobs; `anew`: from nothing. Raises Interrupted when the user stops it. A failure is a run's own, kept in its folder.

    Of a row whose values are tried, the test split is scored for the chosen one alone, once all of its trials have ended.
    """
    current_environment = environment()
    jobs = [job._replace(environment=current_environment) for job in jobs]
    for job in jobs:
        _prepare_folder(job, anew, report)
    counts: Counter[type[RunEvent]] = Counter()

    def count_and_report(event: RunEvent) -> None:
        counts[type(event)] += 1
        report(event)

    remaining, scored_folders = list(jobs), set[Path]()
    with ThreadPoolExecutor(1, "compile") as compiler:
        while remaining and not (counts[Failed] and not keep_going):
            remaining = _with_parents(remaining, plan, runs_dir)
            ready = [job for job in remaining if _is_ready(job)]
            if not ready:
                for job in remaining:
                    count_and_report(
                        Blocked(
                            job, "a run that it starts from is not done, or its row has no chosen value: a trial failed or none is left"
                        )
                    )
                break
            _run_groups(_groups(ready, data_dir), data_dir, compiler, stop, keep_going, count_and_report)
            remaining = [job for job in remaining if job not in ready]
            to_score = [
                job._replace(environment=current_environment)
                for job in _to_score(plan, runs_dir, remaining)
                if job.folder not in scored_folders
            ]
            scored_folders |= {job.folder for job in to_score}
            remaining += to_score
    return RunCounts(counts[Done] + counts[Trained] + counts[Diverged], counts[Failed], counts[Held], counts[Blocked])


def _jobs(plan: Plan, runs_dir: Path, chosen: Sequence[str]) -> list[Job]:
    """Every run of the plan. Scored are the rows that have no choice, those that were chosen, and what their mixtures are made of."""
    cells = {cell.cell_id: cell for cell in plan.cells if cell.config}
    tested = {*chosen, *plan.settled}
    for cell in reversed(cells.values()):  # children before parents
        if cell.cell_id in tested and _is_mixture(cell.config):
            tested |= set(cell.parents)
    return [_job(cell, seed, cells, runs_dir)._replace(tested=cell.cell_id in tested) for cell in cells.values() for seed in cell.seeds]


def _with_parents(jobs: Sequence[Job], plan: Plan, runs_dir: Path) -> list[Job]:
    """The jobs with the parents that are known by now: the trial of a tuned row is, once all of its trials have ended."""
    parents = {job.folder: job.parents for job in _jobs(plan, runs_dir, ())}
    return [job._replace(parents=parents[job.folder]) for job in jobs]


def _to_score(plan: Plan, runs_dir: Path, untrained: Sequence[Job]) -> list[Job]:
    """The trained runs whose test split is to be scored. A row is not chosen while one of its trials is still to be trained."""
    waiting = {job.cell_id for job in untrained}
    decided = [choice for choice in plan.choices if not waiting & set(choice.trials) and is_decided(choice, runs_dir)]
    chosen_ids = [cell_id for choice in decided if (cell_id := chosen_trial(choice, runs_dir))]
    return [job for job in _jobs(plan, runs_dir, chosen_ids) if job.tested and store.status_of(job.folder) == "trained"]


def _is_mixture(config: Config | None) -> bool:
    """Whether it is made of the scores of its parents: two models, or the folds of a row."""
    return config is not None and (bool(model_facts(config.model).parts(config.model)) or config.pooled)


def _job(cell: PlannedCell, seed: int, cells: dict[str, PlannedCell], runs_dir: Path) -> Job:
    assert cell.config is not None
    start = seed if cell.parent_seed is None else cell.parent_seed
    parents = tuple(_parent(cells, parent, start, runs_dir) for parent in cell.parents)
    folder = store.seed_folder(runs_dir, cell.cell_id, seed)
    return Job(cell.cell_id, cell.config, seed, folder, parents, cell.facts, data_digest=cell.data_digest)


def _parent(cells: dict[str, PlannedCell], name: str, seed: int, runs_dir: Path) -> Path:
    """Seed k starts from seed k; a parent without chance has one run, the parent of all. Of a choice the chosen trial is the parent."""
    choice = parse_reference(name)
    cell_id = name if choice is None else chosen_trial(choice, runs_dir) if is_decided(choice, runs_dir) else None
    if cell_id is None:
        return runs_dir / UNDECIDED
    cell = cells.get(cell_id)
    return store.seed_folder(runs_dir, cell_id, cell.seeds[0] if cell and cell.deterministic else seed)


def _needs_training(job: Job, rerun: str | None) -> bool:
    """Whether it is to be trained."""
    status = store.status_of(job.folder)
    if rerun == "failed":
        return status in ("failed", "diverged")
    if rerun == "all" or (rerun and job.cell_id.startswith(rerun)):
        return True
    return rerun is None and status not in ENDED


def _is_ready(job: Job) -> bool:
    """Whether its parents are trained; of a mixture that is to be scored, whether they are scored."""
    scored = store.status_of(job.folder) == "trained" or (job.tested and _is_mixture(job.config))
    needed = ("done",) if scored and _is_mixture(job.config) else store.TRAINED_STATUSES
    return all(store.status_of(parent) in needed for parent in job.parents)


def _is_finished(job: Job) -> bool:
    """Whether nothing is left to do of it."""
    status = store.status_of(job.folder)
    return status in ENDED and not (status == "trained" and job.tested)


def _prepare_folder(job: Job, anew: bool, report: Listener) -> None:
    cell = job.folder.parent
    if anew and job.folder.exists():
        with claimed(job.folder):
            _delete_results(job.folder)
    store.write_text(cell / "config.toml", to_toml(job.config))
    environments_by_seed = [run_environments(cell / f"seed-{seed}") for seed in store.seeds_of(cell)]
    previous = next((parts[-1] for parts in environments_by_seed if parts), None)
    if previous is not None and (changes := differences(previous, job.environment)):
        report(Note(job, f"{changes}; its numbers may differ from those before"))


def _delete_results(folder: Path) -> None:
    """Status first, so that a crash in between leaves a run that is not done."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _groups(jobs: Sequence[Job], data_dir: Path | None) -> list[Group]:
    """Runs of one program that are all to be trained, or all to be scored alone."""
    groups: dict[Any, list[Job]] = {}
    for job in jobs:
        data, untrained = load_dataset(job.config.data, data_dir), store.status_of(job.folder) not in ENDED
        key = (program_of(job.config, data), data.digest, job.config.eval, untrained) if job.config.trained else None
        groups.setdefault(key, []).append(job)
    ordered = sorted(groups.items(), key=lambda item: item[0] is not None)
    return [Group(key and key[0], tuple(group), key is None or key[-1]) for key, group in ordered]


def _run_groups(
    groups: Sequence[Group], data_dir: Path | None, compiler: ThreadPoolExecutor, stop: Event, keep_going: bool, report: Listener
) -> None:
    for group in (group for group in groups if group.program is None):
        for job in group.jobs:
            _fit(job, data_dir, stop, keep_going, report)
    trained_groups = [group for group in groups if group.program is not None]
    compiling = [compiler.submit(_compile_group, group, data_dir) for group in trained_groups[:1]]
    for i, group in enumerate(trained_groups):
        if stop.is_set():
            raise Interrupted
        report(Compiling(group.jobs[0], len(group.jobs)))
        try:
            try:
                engine, material = compiling.pop().result()
                latency = latency_ms(group.program) if group.untrained else None
            finally:  # the next is compiled also where this one could not be, and not while its latency is measured
                compiling += [compiler.submit(_compile_group, next_group, data_dir) for next_group in trained_groups[i + 1 : i + 2]]
            if group.untrained:
                train_runs(engine, [job._replace(latency_ms=latency) for job in group.jobs], material, stop, report)
            else:
                score_runs(engine, group.jobs, material, stop, report)
        except Interrupted:
            raise
        except Exception as error:
            _fail(group.jobs, error, report)
            if not keep_going:
                raise


def _fail(jobs: Sequence[Job], error: Exception, report: Listener) -> None:
    """What stopped a group stopped those of its runs that are not over, unless another process has them."""
    for job in jobs:
        if not _is_finished(job):
            with suppress(HeldError), claimed(job.folder):
                write_failure(job, error)
                report(Failed(job, str(error)))


def _fit(job: Job, data_dir: Path | None, stop: Event, keep_going: bool, report: Listener) -> None:
    """Fit a run that is not trained, and score its test split where it is to be."""
    if stop.is_set():
        raise Interrupted
    data = load_dataset(job.config.data, data_dir)
    try:
        with claimed(job.folder):
            if _is_finished(job):
                return report(Held(job, "another process finished it meanwhile"))
            if store.status_of(job.folder) != "trained":
                report(Started(job, 0))
                write_record(job.folder.parent, job.config, data, data_dir)
                metrics = fit_run(job, data, data_dir)
            if job.tested:
                metrics = score_fitted(job, data, data_dir)
            report(Done(job, 0, metrics) if job.tested else Trained(job, 0, metrics))
    except HeldError as held:
        report(Held(job, str(held)))
    except Exception as error:
        _fail([job], error, report)
        if not keep_going:
            raise


def _compile_group(group: Group, data_dir: Path | None) -> tuple[Any, Any]:
    """What trains a group and its material, or what scores it and what is held out."""
    config = _longest_call(group.jobs)
    data = load_dataset(config.data, data_dir)
    for job in group.jobs:
        write_record(job.folder.parent, job.config, data, data_dir)
    if not group.untrained:
        held_out = held_out_splits(config, data)
        return compile_evaluator(group.program, held_out.shapes, len(group.jobs)), held_out
    material = training_material(config, data)
    shapes = (material.valid.batches, *(material.held_out.shapes if any(job.tested for job in group.jobs) else ()))
    latency_ms(group.program)  # compiles; it is measured when nothing else is compiling
    return compile_engine(group.program, material.source, shapes, len(group.jobs)), material


def _longest_call(jobs: Sequence[Job]) -> Config:
    """The first job's config with the largest `run.log_every`: a call of the program has room for the batches of any of its runs."""
    config, log_every = jobs[0].config, max(job.config.run.log_every for job in jobs)
    return config.model_copy(update={"run": config.run.model_copy(update={"log_every": log_every})})


def training_material(config: Config, data: Dataset, host_above: int | None = None) -> GroupData:
    """The training split on the devices, or on the host where it is a text of more bytes or one that is cut anew for every epoch; the
    validation split as batches; and what is held out."""
    splits = task_of(config).splits(config, data)
    valid = splits.pop(VALID)
    return GroupData(_source(config, data, host_above), valid, HeldOut(splits, data), data.vocabulary)


def held_out_splits(config: Config, data: Dataset) -> HeldOut:
    """The test split, and further views of it, as batches."""
    return HeldOut({name: split for name, split in task_of(config).splits(config, data).items() if name != VALID}, data)


def _source(config: Config, data: Dataset, host_above: int | None) -> Any:
    if config.data.reads == "text" and config.data.regularisation.levels:
        assert isinstance(data.train, TextSplit), "a text"
        cut = partial(resegment, config.data.regularisation, data.vocabulary, data.vocabulary.decode(data.train.tokens))
        cache_size = 2 * lanes.lane_count(len(config.seeds))  # a call may reach from one epoch into the next
        return HostSource(host_arrays(data.train), config.run.log_every, lru_cache(cache_size)(cut))
    if belongs_on_host(data.train, host_above):
        return HostSource(host_arrays(data.train), config.run.log_every)
    return lanes.replicate(config_mesh(config), device_arrays(data.train, config.train.buckets))
