"""The environment that tests run in, whatever a person's shell says: their XLA flags stay where they do not speak of the same thing."""

from collections.abc import Mapping

FLAGS = (  # the first three compile in a third of the time; of two mentions of one flag XLA takes the last
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1 "
    "--xla_cpu_multi_thread_eigen=false"
)
DEVICES = "STEPLADDER_TEST_DEVICES"  # CPU devices of the tests' own process, by default two
KEPT = (DEVICES, "STEPLADDER_TEST_DATA", "STEPLADDER_GOLDEN", "STEPLADDER_CACHE")
STEERING = ("JAX_", "STEPLADDER_")  # variables that change what jax or a command does
SLOWING = ("PYTHONDONTWRITEBYTECODE",)  # every process that a test starts would compile all modules anew
TERMINAL = ("FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")  # rich reads


def surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for tests made of a person's; made of its own result it stays as it is."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in KEPT or (not name.startswith(STEERING) and name not in (*TERMINAL, *SLOWING))
    }
    own = kept.get("XLA_FLAGS", "")
    flags = own if own.endswith(FLAGS) else f"{own} {FLAGS}".strip()
    return kept | {"XLA_FLAGS": flags, "JAX_NUM_CPU_DEVICES": kept.get(DEVICES, "2"), "JAX_PLATFORMS": "cpu"}
