"""What a result is made with: a part of the env.json of each seed, and the compilation cache."""

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from research.data.download import sha256
from research.machine import cache_dir
from research.train import lanes

PACKAGES = ("stepladder", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "scipy", "pydantic")
DECISIVE = (  # what a result, or its last bits, may depend on
    *("commit", "changes", "devices", "cores_of_a_run", "platform", "flags", "machine"),
    *("jax", "jaxlib", "flax", "optax", "numpy"),
)


def environment() -> dict[str, Any]:
    """Versions, machine, devices, flags, commit and command."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "machine": f"{platform.machine()} {_processor()}",
        "cores": os.cpu_count(),
        "platform": jax.default_backend(),
        "devices": len(jax.devices()),
        "device": jax.devices()[0].device_kind,
        "cores_of_a_run": lanes.cores_per_lane(),
        "flags": os.environ.get("XLA_FLAGS", ""),
        **source_state(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """One line of what differs and may move last bits, or nothing."""
    return ", ".join(f"{key} was {old[key]}, is {new[key]}" for key in DECISIVE if key in old and old[key] != new[key])


def use_compilation_cache() -> None:
    """Programs compiled once are found again by the next process, in $STEPLADDER_CACHE/xla; jax's own setting wins."""
    if not jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def source_state() -> dict[str, str]:
    """The commit, and under `changes` a digest of what differs from it: of the whole source where the code is no checkout."""
    root = Path(__file__).parents[1]
    if _git(root, "ls-files", "--error-unmatch", __file__) is None:  # not the repository of someone's virtual environment
        return {"commit": "", "changes": _digest_of_source(root)}
    differs = _git(root, "status", "--porcelain", "--", ".") or ""
    commit = _git(root, "rev-parse", "--short=12", "HEAD") or ""
    return {"commit": f"{commit}-dirty" if differs else commit, "changes": _digest_of_source(root) if differs else ""}


def _git(root: Path, *words: str) -> str | None:
    """What git says; None where it refuses, or is not there."""
    try:
        completed = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, timeout=5, check=True)
        return completed.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _digest_of_source(root: Path) -> str:
    """Of every file of the library, with its name."""
    files = sorted(root.rglob("*.py"))
    return sha256("\0".join(f"{file.relative_to(root)}\0{file.read_text(encoding='utf-8')}" for file in files).encode())[:12]
