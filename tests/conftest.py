"""Shapes are checked while the tests run, and no array is broadcast by accident."""

import os

QUICK_TO_COMPILE = (
    "--xla_backend_optimization_level=0",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
os.environ.setdefault("XLA_FLAGS", " ".join((*QUICK_TO_COMPILE, "--xla_cpu_multi_thread_eigen=false")))
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import flax.struct
import jax
from hypothesis import settings
from jaxtyping import install_import_hook

struct_dataclass = flax.struct.dataclass


def unchecked(cls, **words):
    """A pytree class also holds stacked layers, lanes, masks and shapes: what it holds is checked where a function takes it."""
    made = struct_dataclass(cls, **words)
    made.__no_type_check__ = True
    return made


flax.struct.dataclass = unchecked
install_import_hook("research", "beartype.beartype")
jax.config.update("jax_numpy_rank_promotion", "raise")
settings.register_profile("without_a_clock", deadline=None)  # a busy machine fails no property
settings.load_profile("without_a_clock")
