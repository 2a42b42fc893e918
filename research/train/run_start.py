"""How a run begins: from nothing, from a parent's parameters, or from its last checkpoint."""

import time
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from research.config.loader import read_config
from research.models.warm_start import inherited_part
from research.runs import store
from research.runs.lock import Claim, HeldError, claim
from research.tasks.outcomes import Outcomes, blank_outcomes
from research.tasks.parameters import init_params
from research.tasks.registry import task_of
from research.tasks.task_kind import SplitToScore
from research.text.vocabulary import Vocabulary
from research.train import checkpoint
from research.train.engine import Engine
from research.train.events import Failed, Held, Listener, Note, Resumed, Started
from research.train.initial_vectors import load_initial_vectors
from research.train.optimiser import traced_hyperparameters
from research.train.resume import BestValidation, Progress, checkpoint_tree, from_checkpoint_tree
from research.train.run_failure import report_failure
from research.train.scoring import HeldOut
from research.train.trained_files import ENDED, Job, write_beginning
from research.train.update import Member, State, jitted_initial_state


class GroupData(NamedTuple):
    """What the runs of a group share beside their program."""

    source: PyTree  # the training split, replicated on the lanes' devices, or OnHost
    valid: SplitToScore
    held_out: HeldOut
    vocabulary: Vocabulary | None = None  # what `init.embeddings` are for


@dataclass(frozen=True)
class Lane:
    """A run under way."""

    job: Job
    claim: Claim
    step: int
    best: BestValidation | None
    progress: Progress
    saved: float  # when it was last checkpointed
    ended: str = ""  # done | diverged


def begin_run(engine: Engine, job: Job, material: GroupData, report: Listener) -> tuple[Lane, State, Member] | None:
    """The lane of a run with its state, and its traced numbers; None where another process has it or has finished it.

    One that cannot be begun, as where its parent's parameters are damaged, is reported as failed, and none beside it.
    """
    try:
        claimed = claim(job.folder)
    except HeldError as error:
        report(Held(job, str(error)))
        return None
    except OSError as error:
        report(Failed(job, str(error)))
        return None
    if store.status_of(job.folder) in ENDED:
        claimed.release()
        report(Held(job, "another process finished it meanwhile"))
        return None
    try:
        with claimed.writing():
            return _start_or_resume(engine, job, claimed, material, report)
    except Exception as error:
        report_failure(job, claimed, error, report)
        return None
    except BaseException:
        claimed.release()
        raise


def _start_or_resume(engine: Engine, job: Job, claimed: Claim, material: GroupData, report: Listener) -> tuple[Lane, State, Member]:
    """From its last checkpoint, or from the start."""
    rate, decay = traced_hyperparameters(job.config.optim)
    member = Member(jnp.uint32(job.seed), jnp.float32(rate), jnp.float32(decay))
    state = jitted_initial_state(engine.program, job.config.model, member)
    if job.parents:
        state = state.replace(params=_inherited(engine, job, state.params))
    if material.vocabulary is not None:
        state = state.replace(params=load_initial_vectors(job.config, state.params, material.vocabulary))
    step, best, progress = 0, None, Progress()
    saved = checkpoint.restore_latest_checkpoint(
        job.folder / "checkpoints", checkpoint_tree(state, None, progress, blank_validation(engine, material))
    )
    if saved is not None:
        state, best, progress = from_checkpoint_tree(saved)
        step = int(state.step)
    if lost := store.truncate_metrics(job.folder / "metrics.jsonl", step):
        report(Note(job, lost))
    write_beginning(job, step, engine.program.steps)
    report(Resumed(job, step, engine.program.steps) if step else Started(job, engine.program.steps))
    return Lane(job._replace(claim=claimed), claimed, step, best, progress, time.monotonic()), state, member


def blank_validation(engine: Engine, material: GroupData) -> Outcomes:
    """Outcomes of validation of the right shapes, for a checkpoint that is read."""
    return blank_outcomes(task_of(engine.program.config).outcomes, material.valid.size)


def _inherited(engine: Engine, job: Job, params: PyTree) -> PyTree:
    """The parent's parameters, or what the entry of this pair of models takes over of them."""
    folder = job.parents[0]
    parent = read_config(folder.parent / "config.toml")
    start = inherited_part(parent, job.config)
    if start is None:
        return checkpoint.restore_checkpoint(folder / "checkpoints", checkpoint.FINAL, params)
    form = jax.eval_shape(lambda: init_params(parent, engine.program.sizes, jax.random.key(0)))
    pretrained = checkpoint.restore_any_shape(folder / "checkpoints", checkpoint.FINAL, form)
    return start.put(params, start.part(jax.tree.map(jnp.asarray, pretrained), params))
