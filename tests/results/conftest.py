from pathlib import Path
from typing import NamedTuple

import pytest
from fake_runs import write_grid, write_ladder, write_texts


class Fake(NamedTuple):
    manifest: dict
    runs: Path


@pytest.fixture(scope="session")
def ladder(tmp_path_factory):
    runs = tmp_path_factory.mktemp("ladder") / "runs"
    return Fake(write_ladder(runs), runs)


@pytest.fixture(scope="session")
def grid(tmp_path_factory):
    runs = tmp_path_factory.mktemp("grid") / "runs"
    return Fake(write_grid(runs), runs)


@pytest.fixture(scope="session")
def texts(tmp_path_factory):
    runs = tmp_path_factory.mktemp("texts") / "runs"
    return Fake(write_texts(runs), runs)
