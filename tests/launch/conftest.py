import os
import subprocess
import sys

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache
from tiny import DROPPED, ELMAN, Place, seeds_in, without_times, write_text

from research.machine import SINGLE_THREAD


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Programs that this session has compiled, for this process, its children and the workers of pytest-xdist beside it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return tmp_path_factory.mktemp("compiled")
    folder = tmp_path_factory.getbasetemp().parent / "compiled"  # that of all workers
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="package", autouse=True)
def _compile_once(compiled):
    words = {"jax_compilation_cache_dir": str(compiled), "jax_persistent_cache_min_compile_time_secs": 0.0}
    before = {name: getattr(jax.config, name) for name in words}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in words.items():
            jax.config.update(name, value)
            patch.setenv(name.upper(), str(value))
        compilation_cache.reset_cache()
        yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, write_text(tmp_path))


@pytest.fixture(scope="package")
def shared_place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    return Place(folder, write_text(folder))


@pytest.fixture(scope="package")
def pair(_compile_once, shared_place):
    """Two models, two seeds each: a carried state with dropout, and windows with dropout. A checkpoint at every boundary."""
    rows = [{"label": "recurrent", "data.batches": "columns", "model": ELMAN["model"]}, {"label": "windows", "model": DROPPED["model"]}]
    base = {key: value for key, value in DROPPED.items() if key != "model"}
    run = {"log_every": 4, "checkpoint_seconds": 0.0}
    return shared_place.write(base, "pair", run=run, seeds=2, sweep={"name": "pair", "list": rows})


@pytest.fixture(scope="package")
def never_stopped(shared_place, pair):
    """All that the pair's runs write, by the command itself in a process of its own."""
    runs = shared_place.folder / "never_stopped"
    words = ["sweep", str(pair), "--workers", "2", "--runs", str(runs)]
    environment = os.environ | {"XLA_FLAGS": os.environ["XLA_FLAGS"].replace(SINGLE_THREAD, "").strip()}  # the command adds it again
    subprocess.run([sys.executable, "-m", "research.cli", *words], env=environment, check=True, capture_output=True)
    found = {name: without_times(run) for name, run in seeds_in(runs).items()}
    assert len(found) == 4
    return found
