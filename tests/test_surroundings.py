"""No variable of a person's shell changes what the tests do."""

import os
import subprocess
import sys

from surroundings import DEVICES, FLAGS, surroundings

HOSTILE = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=true --xla_force_host_platform_device_count=5 --xla_cpu_max_isa=AVX",
    "JAX_PLATFORMS": "cuda",
    "JAX_NUM_CPU_DEVICES": "7",
    "JAX_ENABLE_X64": "1",
    "JAX_DISABLE_JIT": "1",
    "STEPLADDER_RUNS": "/elsewhere",
    "STEPLADDER_WORKERS": "3",
    "FORCE_COLOR": "1",
    "COLUMNS": "20",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/home/person",
}


def test_flags_are_appended_so_that_ours_count_and_the_others_stay():
    flags = surroundings(HOSTILE)["XLA_FLAGS"]
    assert flags == f"{HOSTILE['XLA_FLAGS']} {FLAGS}"
    assert surroundings({})["XLA_FLAGS"] == FLAGS


def test_what_would_steer_jax_or_a_command_is_out_and_the_rest_stays():
    ours = surroundings(HOSTILE)
    assert ours.keys() == {"XLA_FLAGS", "HOME", "JAX_PLATFORMS", "JAX_NUM_CPU_DEVICES"}
    assert (ours["JAX_PLATFORMS"], ours["JAX_NUM_CPU_DEVICES"]) == ("cpu", "2")
    assert surroundings(HOSTILE | {DEVICES: "1"})["JAX_NUM_CPU_DEVICES"] == "1"


def test_the_environment_of_a_child_is_that_of_its_parent():
    once = surroundings(HOSTILE)
    assert surroundings(once) == once


def test_this_process_has_it_and_jax_obeys_it():
    assert dict(os.environ) | surroundings(os.environ) == dict(os.environ)
    code = "import jax; print(jax.default_backend(), len(jax.devices()), jax.config.jax_enable_x64)"
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ) | surroundings(dict(os.environ) | HOSTILE), **WORDS)
    assert done.stdout.split() == ["cpu", "2", "False"], done.stderr


WORDS = {"capture_output": True, "text": True, "check": True}
