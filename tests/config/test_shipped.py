"""What comes with the code is found from any folder, behind what is there."""

from pathlib import Path

import pytest

from research.config.errors import StepladderError
from research.config.find import find_config
from research.config.loader import load_config
from research.config.shipped import SHIPPED, shipped_file

CONFIGS = sorted(path.relative_to(SHIPPED) for path in (SHIPPED / "configs").rglob("*.toml"))


@pytest.mark.parametrize("name", CONFIGS, ids=str)
def test_a_shipped_config_is_found_by_its_path_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shipped_file(name) == find_config(name) == SHIPPED / name
    (tmp_path / "mine.toml").write_text(f'extends = "{name}"\n[sweep]\nseeds = 2\n')
    (tmp_path / "beside.toml").write_text(f'extends = "{SHIPPED / name}"\n[sweep]\nseeds = 2\n')
    assert load_config("mine.toml").tree == load_config("beside.toml").tree


def test_no_other_path_is_a_shipped_file():
    for path in ("research/config/find.py", "configs/../pyproject.toml", "configs", "configs/gone.toml", str(SHIPPED / CONFIGS[0])):
        assert shipped_file(Path(path)) is None


def test_a_config_of_ones_own_comes_first_and_the_shipped_ones_are_still_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "lstm_tiny.toml").write_text("")
    assert find_config("lstm_tiny").resolve() == tmp_path / "configs" / "lstm_tiny.toml"
    assert find_config("nbsvm") == SHIPPED / "configs" / "classify" / "nbsvm.toml"
    with pytest.raises(StepladderError, match=r"did you mean `nbsvm`"):
        find_config("nbsvn")
