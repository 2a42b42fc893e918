"""What a result was made with: env.json of a cell, and the compilation cache."""

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from research.train import lanes

PACKAGES = ("stepladder", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "scipy", "pydantic")
DECISIVE = ("devices", "cores_of_a_run", "platform", "flags", "machine", "jax", "jaxlib")  # what the last bits of a result may depend on


def environment() -> dict[str, Any]:
    """Versions, machine, devices, flags, commit and command."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "machine": f"{platform.machine()} {_processor()}",
        "cores": os.cpu_count(),
        "platform": jax.default_backend(),
        "devices": len(jax.devices()),
        "cores_of_a_run": lanes.cores(),
        "flags": os.environ.get("XLA_FLAGS", ""),
        "commit": _commit(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def differences(old: dict[str, Any], new: dict[str, Any]) -> str:
    """One line of what differs and may move last bits, or nothing."""
    return ", ".join(f"{key} was {old[key]}, is {new[key]}" for key in DECISIVE if key in old and old[key] != new[key])


def use_compilation_cache() -> None:
    """Programs compiled once are found again by the next process, in $STEPLADDER_CACHE/xla; jax's own setting wins."""
    if not jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        root = os.environ.get("STEPLADDER_CACHE") or Path.home() / ".cache" / "stepladder"
        jax.config.update("jax_compilation_cache_dir", str(Path(root) / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _commit() -> str:
    try:
        root = Path(__file__).parent
        done = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=5, check=True
        )
        return done.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
