"""Shapes are checked while the tests run, and no array is broadcast by accident."""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
os.environ.setdefault("JAX_NUM_CPU_DEVICES", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from jaxtyping import install_import_hook

install_import_hook("research", "beartype.beartype")

import jax

jax.config.update("jax_numpy_rank_promotion", "raise")
