"""Shapes are checked while the tests run, and no array is broadcast by accident."""

import os

os.environ.setdefault(
    "XLA_FLAGS",  # the first three compile in a third of the time
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1 "
    "--xla_cpu_multi_thread_eigen=false",
)
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from pathlib import Path
from pkgutil import iter_modules

import flax.struct
import jax
from beartype.claw import beartype_package
from hypothesis import settings
from jaxtyping import install_import_hook

struct_dataclass = flax.struct.dataclass


def unchecked(cls, **words):
    """A pytree class also holds stacked layers, lanes, masks and shapes: what it holds is checked where a function takes it."""
    made = struct_dataclass(cls, **words)
    made.__no_type_check__ = True
    return made


flax.struct.dataclass = unchecked
parts = {part.name for part in iter_modules([str(Path(__file__).parents[1] / "research")])}
beartype_package("research.config")  # which has no arrays: without a memory of shapes a call costs a fifth
install_import_hook([f"research.{part}" for part in sorted(parts - {"config"})], "beartype.beartype")
jax.config.update("jax_numpy_rank_promotion", "raise")
settings.register_profile("without_a_clock", deadline=None)  # a busy machine fails no property
settings.load_profile("without_a_clock")
