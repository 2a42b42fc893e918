"""What can be known to be wrong before anything is run is said when the file is read."""

from pathlib import Path

import pytest

from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.node import MAX_SEED
from research.config.value_labels import value_text

LSTM = "configs/lm/lstm_tiny.toml"


def spec(folder: Path, sweep: str, extends: str = LSTM, name: str = "s.toml") -> Path:
    path = folder / name
    path.write_text(f'extends = "{Path(extends).resolve()}"\n{sweep}')
    return path


@pytest.mark.parametrize("seeds", ["100000000000000000000", "1e20", "[4294967296]", "[20261128130000, 1]", "4294967297", "-1", "[-1]"])
@pytest.mark.parametrize("key", ["seeds", "sweep.seeds"])
def test_seeds_that_no_run_can_have(tmp_path: Path, seeds: str, key: str) -> None:
    path = spec(tmp_path, '[sweep]\naxes = { "model.layers" = [1, 2] }\ntable = { rows = "model.layers" }\n')
    with pytest.raises(StepladderError) as said:
        load_config(path, [f"{key}={seeds}"]).points()
    assert "seeds" in str(said.value)


def test_the_greatest_seed_is_named_and_is_a_seed() -> None:
    with pytest.raises(StepladderError, match=str(MAX_SEED)):
        load_config(LSTM, [f"seeds=[{MAX_SEED + 1}]"])
    assert load_config(LSTM, [f"seeds=[{MAX_SEED}]"]).config


SWEEPS = {
    "axes": '[sweep]\naxes = { "model.mixer.forget_bias" = [0.0, 1.0] }\ntable = { rows = "model.mixer.forget_bias" }\n',
    "zip": '[sweep]\nzip = { "model.mixer.forget_bias" = [0.0, 1.0] }\ntable = { rows = "model.mixer.forget_bias" }\n',
    "tune": '[sweep]\ntune = { "model.mixer.forget_bias" = [0.0, 1.0] }\n',
}


@pytest.mark.parametrize("table", SWEEPS)
def test_an_override_of_what_every_point_sets_is_refused_and_its_remedy_works(tmp_path: Path, table: str) -> None:
    path = spec(tmp_path, SWEEPS[table])
    with pytest.raises(StepladderError, match=rf"sweep\.{table}\.model\.mixer\.forget_bias='\[2\]'"):
        load_config(path, ["model.mixer.forget_bias=2"])
    points = load_config(path, [f"sweep.{table}.model.mixer.forget_bias=[2.0]"]).points()
    assert [point.config.model.mixer.forget_bias for point in points if point.config] == [2.0]  # type: ignore[union-attr]


def test_an_override_of_what_every_row_sets_is_refused_and_of_what_some_set_is_not(tmp_path: Path) -> None:
    rows = '{ label = "a", "model.layers" = 1, "model.dropout.input" = 0.1 }, { label = "b", "model.layers" = 2 }'
    path = spec(tmp_path, f"[sweep]\nlist = [{rows}]\n")
    with pytest.raises(StepladderError, match=r"every row of sweep\.list sets model\.layers"):
        load_config(path, ["model.layers=3"])
    points = load_config(path, ["model.dropout.input=0.2"]).points()
    assert [point.config.model.dropout.input for point in points if point.config] == [0.1, 0.2]  # type: ignore[union-attr]


def test_values_that_differ_are_two_points_and_say_how(tmp_path: Path) -> None:
    rates = (1.2345671e-4, 1.2345672e-4, 0.1)
    path = spec(tmp_path, f'[sweep]\naxes = {{ "optim.learning_rate" = {list(rates)} }}\ntable = {{ rows = "optim.learning_rate" }}\n')
    points = load_config(path).points()
    assert len({value_text(point.labels["optim.learning_rate"]) for point in points}) == 3
    assert [value_text(rate) for rate in rates] == ["1.2345671e-4", "1.2345672e-4", "0.1"]
    twice = spec(tmp_path, '[sweep]\naxes = { "optim.learning_rate" = [0.1, 0.1] }\ntable = { rows = "optim.learning_rate" }\n')
    with pytest.raises(StepladderError, match=r"two points of the sweep are one: .* = 0\.1 and .* = 0\.1"):
        load_config(twice).points()


def test_an_unknown_key_of_a_sweep_is_told_the_keys_of_a_sweep(tmp_path: Path) -> None:
    with pytest.raises(StepladderError, match=r"The keys of \[sweep\] are name, axes"):
        load_config(spec(tmp_path, "[sweep]\naxis = 3\n"))
    with pytest.raises(StepladderError, match=r"The keys of \[sweep\.table\] are rows, columns"):
        load_config(spec(tmp_path, "[sweep]\n[sweep.table]\nrow = 3\n"))


CONTROLLED = """
[experiment]
question = "?"
control = { label = "3-gram", metric = "test.perplexity", floor = 9.0, direction = "below" }
[sweep]
list = [{ label = "3-gram", "model.layers" = 1 }, { label = "b", "model.layers" = 2 }]
"""


def test_a_control_is_inherited_with_its_row_alone(tmp_path: Path) -> None:
    base = spec(tmp_path, CONTROLLED, name="base.toml")
    same = load_config(spec(tmp_path, "[train]\nsteps = 3\n", str(base)))
    own = load_config(spec(tmp_path, '[sweep]\nlist = [{ label = "c", "model.layers" = 4 }]\n', str(base)))
    assert same.experiment
    assert own.experiment
    assert same.experiment.control
    assert own.experiment.control is None
    assert own.experiment.question == "?"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lm_ladder", "stepladder reproduce lm_ladder"),
        ("lstm_tiny", "configs/lm/lstm_tiny.toml"),
        ("lstm_tiny.toml", "configs/lm/lstm_tiny.toml"),
        ("nothing_like_it", "check the path"),
    ],
)
def test_a_name_that_is_no_file_is_told_what_it_names(name: str, said: str) -> None:
    with pytest.raises(StepladderError, match=said):
        load_config(name)


def test_files_that_extend_each_other_are_told_as_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n')
    (tmp_path / "b.toml").write_text('extends = "./c.toml"\n')
    (tmp_path / "c.toml").symlink_to(tmp_path / "a.toml")
    with pytest.raises(StepladderError, match="round in a circle"):
        load_config(tmp_path / "a.toml")
