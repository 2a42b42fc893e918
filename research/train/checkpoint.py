"""Checkpoints of a run, the only file that knows orbax: each a flat dictionary from the path of a leaf to an array, written atomically.

One more array is the sha256 of all others, with their paths, dtypes and shapes. It is compared whenever a checkpoint is read; one that
was written before there was any is read as it is.

Synchronous on purpose: when `save_checkpoint` returns, the checkpoint is on disk, and a save that fails stops the run that asked for it.
"""

import logging
import shutil
import uuid
import warnings
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from research.config.errors import DamagedFileError, StepladderError
from research.runs.atomic_files import check_may_write

KEEP = 2  # of the checkpoints to resume from
FINAL = "final"  # the parameters that were tested
CHECKSUM = "sha256"  # the array that has it


def save_checkpoint(folder: Path, name: int | str, tree: PyTree) -> None:
    """Write a checkpoint under `folder/<name>`, then drop all but the newest `KEEP` numbered ones.

    It is put in its place when it is whole and the run still ours: see `check_may_write`.
    """
    check_may_write()
    path = folder.resolve() / str(name)
    ours = path.with_name(f"{name}.{uuid.uuid4().hex}.orbax-checkpoint-tmp")
    try:
        with _checkpointer() as checkpointer:
            checkpointer.save(ours, _flat(tree), force=True)
        check_may_write()
        shutil.rmtree(path, ignore_errors=True)
        ours.rename(path)
    finally:
        shutil.rmtree(ours, ignore_errors=True)
    for old in _steps(folder)[KEEP:]:
        shutil.rmtree(folder / str(old), ignore_errors=True)


def check_parameters(folder: Path) -> None:
    """Raises StepladderError where the folder of a trained run has no parameters."""
    if not (folder / "checkpoints" / FINAL).exists():
        raise StepladderError(
            f"{folder} has no parameters: it is a record without its checkpoints, as packs hold it. Ask for a pack that was made with "
            f"--checkpoints and merge it, or train the run here with --rerun {folder.parent.name}."
        )


def restore_latest_checkpoint(folder: Path, template: PyTree) -> PyTree | None:
    """The newest numbered checkpoint that can be read, in the template's form; one that cannot is passed over with a warning."""
    for step in _steps(folder):
        try:
            return restore_checkpoint(folder, step, template)
        except DamagedFileError as error:
            warnings.warn(f"checkpoint {folder / str(step)} is damaged ({str(error)[:200]}); trying the one before", stacklevel=2)
    return None


def restore_checkpoint(folder: Path, name: int | str, template: PyTree) -> PyTree:
    """The checkpoint `folder/<name>` in the form of `template`, whose leaves have a shape and a dtype. Every leaf that differs is named.

    Raises DamagedFileError where it is not what was written.
    """
    restored = _read(folder, name)
    if wrong := mismatches(restored, template):
        raise StepladderError(
            f"The checkpoint {folder / str(name)} is not of this model: {'; '.join(wrong)}. Use the config it was made with."
        )
    values = iter([restored[path] for path in _paths(template)])
    return jax.tree.map(lambda leaf: next(values) if np.prod(leaf.shape) else np.zeros(leaf.shape, leaf.dtype), template)


def restore_any_shape(folder: Path, name: int | str, form: PyTree) -> PyTree:
    """The checkpoint `folder/<name>` as a tree of that form, whatever the shapes of its leaves: they were checked when it was planned."""
    restored = _read(folder, name)
    values = iter([restored[path] for path in _paths(form)])
    return jax.tree.map(lambda leaf: next(values) if np.prod(leaf.shape) else np.zeros(leaf.shape, leaf.dtype), form)


def _read(folder: Path, name: int | str) -> dict[str, np.ndarray]:
    """The arrays of a checkpoint by path. Raises DamagedFileError where it cannot be read, or its checksum is another."""
    if name == FINAL:
        check_parameters(folder.parent)
    path = folder.resolve() / str(name)
    advice = f"Bring it back from a copy, or train the run again with --rerun {path.parents[2].name}."
    try:
        with _checkpointer() as checkpointer:
            restored = {key: np.asarray(value) for key, value in checkpointer.restore(path).items()}
    except Exception as error:  # orbax, tensorstore, msgpack and JSON each have their own
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DamagedFileError(path, f"cannot be read ({reason})", advice) from None
    checksum = restored.pop(CHECKSUM, None)
    if checksum is not None and checksum.tobytes() != _checksum(restored):
        raise DamagedFileError(path, "is not what was written: its checksum is another", advice)
    return restored


def _checksum(leaves: Mapping[str, np.ndarray]) -> bytes:
    digest = sha256()
    for path, leaf in sorted(leaves.items()):
        digest.update(f"{path} {leaf.dtype} {leaf.shape}\n".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.digest()


def mismatches(tree: PyTree, template: PyTree) -> list[str]:
    """Every leaf that one tree has and the other has not, or has with another shape or dtype, in words. Leaves may be shapes alone."""
    expected, actual = _paths(template), _paths(tree)
    expected_forms = {path: f"{tuple(leaf.shape)} {leaf.dtype}" for path, leaf in expected.items()}
    actual_forms = {path: f"{tuple(leaf.shape)} {leaf.dtype}" for path, leaf in actual.items()}
    differ = [path for path in {**expected_forms, **actual_forms} if expected_forms.get(path) != actual_forms.get(path)]
    return [f"{path}: expected {expected_forms.get(path, 'nothing')}, found {actual_forms.get(path, 'nothing')}" for path in differ]


def drop_numbered(folder: Path) -> None:
    """A finished run needs no checkpoint to resume from."""
    check_may_write()
    for step in _steps(folder):
        shutil.rmtree(folder / str(step), ignore_errors=True)


def _steps(folder: Path) -> list[int]:
    return sorted((int(p.name) for p in folder.glob("*") if p.name.isdecimal()), reverse=True)


def _paths(tree: PyTree) -> dict[str, PyTree]:
    """Every leaf that holds a number: orbax refuses empty arrays, and a template makes them again."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves if np.prod(leaf.shape)}


def _flat(tree: PyTree) -> dict[str, np.ndarray]:
    """The leaves by path, with their checksum."""
    leaves = {path: np.asarray(leaf) for path, leaf in _paths(tree).items()}
    return leaves | {CHECKSUM: np.frombuffer(_checksum(leaves), np.uint8)}


def _checkpointer() -> Any:
    logging.getLogger("absl").setLevel(logging.ERROR)
    import orbax.checkpoint as ocp

    return ocp.StandardCheckpointer()
