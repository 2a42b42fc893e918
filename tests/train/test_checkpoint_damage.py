"""A checkpoint comes back as it was written or is refused, whatever bit of its files is another."""

import random
import shutil
import warnings
from pathlib import Path

import jax
import numpy as np
import pytest

from research.config.errors import DamagedFileError, StepladderError
from research.train import checkpoint

TREE = {
    "model": {"weights": np.linspace(-1, 1, 64 * 48, dtype=np.float32).reshape(64, 48), "bias": np.zeros(48, np.float32)},
    "step": np.int32(7),
}


def equal(tree, other) -> bool:
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(other), strict=True))


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cell") / "seed-0" / "checkpoints"
    checkpoint.save_checkpoint(folder, 5, TREE)
    checkpoint.save_checkpoint(folder, 7, TREE)
    checkpoint.save_checkpoint(folder, checkpoint.FINAL, TREE)
    return folder


def with_one_damage(saved: Path, folder: Path, name: str, chance: random.Random) -> None:
    """A copy in which one bit of one file is another, most often of the largest, where the numbers are."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved, folder)
    files = sorted(
        (path for path in (folder / name).rglob("*") if path.is_file() and path.stat().st_size), key=lambda path: path.stat().st_size
    )
    path = files[-1] if chance.random() < 0.6 else chance.choice(files)
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def test_a_flipped_bit_is_refused_or_changes_nothing(saved, tmp_path):
    chance, refused = random.Random(0), 0
    for _ in range(40):
        with_one_damage(saved, tmp_path / "checkpoints", "final", chance)
        try:
            assert equal(checkpoint.restore_checkpoint(tmp_path / "checkpoints", checkpoint.FINAL, TREE), TREE)
        except StepladderError as error:
            refused += 1
            assert "final" in str(error) and "\n" not in str(error)  # noqa: PT017, PT018
    assert refused > 10


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one(saved, tmp_path):
    chance, passed_over = random.Random(1), 0
    for _ in range(10):
        with_one_damage(saved, tmp_path / "checkpoints", "7", chance)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            restored = checkpoint.restore_latest_checkpoint(tmp_path / "checkpoints", TREE)
        assert equal(restored, TREE)
        passed_over += any("trying the one before" in str(warning.message) for warning in told)
    assert passed_over > 2


def test_a_checkpoint_without_a_checksum_is_read_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "_flat", lambda tree: {path: np.asarray(leaf) for path, leaf in checkpoint._paths(tree).items()})
    checkpoint.save_checkpoint(tmp_path / "seed-0" / "checkpoints", checkpoint.FINAL, TREE)
    monkeypatch.undo()
    assert equal(checkpoint.restore_checkpoint(tmp_path / "seed-0" / "checkpoints", checkpoint.FINAL, TREE), TREE)


def test_a_checkpoint_of_another_model_is_no_damage(saved):
    with pytest.raises(StepladderError, match="not of this model") as refused:
        checkpoint.restore_checkpoint(saved, checkpoint.FINAL, {"step": np.int32(0)})
    assert not isinstance(refused.value, DamagedFileError)
