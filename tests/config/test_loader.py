"""Files, what they extend, and overrides."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.overrides import parse_override
from research.config.schema import Config

BASE = """
[data]
kind = "shakespeare"
[model]
kind = "language_model"
layers = 2
width = 64
mixer = { kind = "attention", heads = 2, score = { kind = "mlp", width = 8 } }
[optim]
learning_rate = 3e-3
[train]
steps = 100
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.toml"
    path.write_text(BASE)
    return path


def child(base: Path, text: str, name: str = "child.toml") -> Path:
    path = base.parent / name
    path.write_text(f'extends = "base.toml"\n{text}')
    return path


def config(path: Path, *overrides: str) -> Config:
    loaded = load_config(path, overrides)
    assert loaded.config is not None
    return loaded.config


def refused(path: Path, *overrides: str) -> str:
    with pytest.raises(StepladderError) as raised:
        load_config(path, overrides)
    message = str(raised.value)
    assert "\n" not in message
    assert "pydantic" not in message
    return message


def test_loading_the_config_imports_no_numerics() -> None:
    code = (
        "import sys, research.config.loader, research.config.cell_identity, research.config.serialise\n"
        "print([name for name in ('jax', 'numpy', 'pandas', 'flax') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_child_merges_tables_and_replaces_scalars_and_arrays(base: Path) -> None:
    path = child(base, "seeds = [3, 4]\n[model]\nlayers = 4\n[model.mixer]\nheads = 4\n")
    found = config(path)
    assert found.model.layers == 4  # type: ignore[union-attr]
    assert found.model.width == 64  # type: ignore[union-attr]
    assert (found.model.mixer.heads, found.model.mixer.score.width) == (4, 8)  # type: ignore[union-attr]
    assert found.seeds == (3, 4)


def test_chains_are_relative_to_each_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "base.toml").write_text(BASE)
    (tmp_path / "middle.toml").write_text('extends = "a/base.toml"\n[model]\nlayers = 3\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "leaf.toml").write_text('extends = "../middle.toml"\n[model]\nwidth = 32\n')
    found = config(tmp_path / "b" / "leaf.toml")
    assert (found.model.layers, found.model.width) == (3, 32)  # type: ignore[union-attr]


def test_a_circle_is_told_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('extends = "two.toml"')
    (tmp_path / "two.toml").write_text('extends = "one.toml"')
    message = refused(tmp_path / "one.toml")
    assert "circle" in message
    assert "one.toml" in message
    assert "two.toml" in message


def test_unreadable_files_are_told_with_file_and_line(tmp_path: Path, base: Path) -> None:
    assert "did you mean `base.toml`" in refused(tmp_path / "bsae.toml")
    assert "directory" in refused(tmp_path)
    (tmp_path / "latin.toml").write_bytes("# Fran\ncois = 'é'".encode("latin-1"))
    assert "latin.toml is not UTF-8: line 2" in refused(tmp_path / "latin.toml")
    (tmp_path / "broken.toml").write_text("[data]\nkind = shakespeare\n")
    message = refused(tmp_path / "broken.toml")
    assert "broken.toml, line 2" in message
    assert "kind = shakespeare" in message
    orphan = child(base, "", "orphan.toml")
    orphan.write_text('extends = "gone.toml"')
    assert "gone.toml" in refused(orphan)
    assert "orphan.toml" in refused(orphan)


def test_a_base_may_be_incomplete_but_not_run(tmp_path: Path) -> None:
    path = tmp_path / "base.toml"
    path.write_text('base = true\n[data]\nkind = "shakespeare"\n')
    message = refused(path)
    assert "`model` is missing" in message
    assert "extend it" in message
    assert config(path, "model.kind=ngram").model.kind == "ngram"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1e-3", 1e-3),
        ("a=3", 3),
        ("a=true", True),
        ("a=no", "no"),
        ("a=True", "True"),
        ("a=lstm", "lstm"),
        ("a=x/y z.txt", "x/y z.txt"),
        ("a=2024-01-01", "2024-01-01"),
        ('a="1"', "1"),
        ("a=[1, 2]", [1, 2]),
        ('a={kind="x"}', {"kind": "x"}),
        ("a=b=c", "b=c"),
    ],
)
def test_a_value_is_toml_or_else_a_text(text: str, value: object) -> None:
    assert parse_override(text) == (("a",), value)
    assert type(parse_override(text)[1]) is type(value)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60) | st.booleans())
def test_numbers_and_booleans_arrive_as_they_are(value: float | bool) -> None:
    _, read = parse_override(f"train.x={str(value).lower()}")
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["model.layers", "=3", "a..b=1", "model.layers=", "model.layers=[1", 'model.layers="x'])
def test_a_malformed_override_is_told(base: Path, text: str) -> None:
    assert "command line" in refused(base, text)


def test_an_override_given_twice_is_an_error(base: Path) -> None:
    assert "twice" in refused(base, "train.steps=1", "train.steps=2")


def test_origin_tells_files_and_command_line(base: Path) -> None:
    path = child(base, "[model]\nlayers = 4\n")
    origin = load_config(path, ["model.width=32"]).origin
    assert origin["model.width"] == "command line"
    assert origin["model.layers"] == str(path)
    assert origin["model.mixer.heads"] == str(base)


def test_a_partial_table_has_its_default_kind(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text('[data]\nkind = "shakespeare"\n[model]\nkind = "language_model"\n')
    assert config(path, "model.mixer.heads=2").model.mixer.heads == 2  # type: ignore[union-attr]
    assert config(path, "model.init.scale=0.5").model.init.scale == 0.5  # type: ignore[union-attr]
    assert config(path, "optim.learning_rate=1").optim.learning_rate == 1.0
    assert config(path, "train.batch_size=4").train.steps == config(path).train.steps


def test_paths_of_the_users_text_stay_as_they_are_written(base: Path) -> None:
    found = config(base, "data.kind=files", "data.train=a.txt", "data.valid=b.txt", "data.test=c/d.txt")
    assert (found.data.train, found.data.test) == ("a.txt", "c/d.txt")  # type: ignore[union-attr]


def test_the_experiment_is_read(base: Path) -> None:
    path = child(
        base, '[experiment]\nquestion = "Which?"\ncontrol = { label = "a", metric = "test.accuracy", floor = 0.9, direction = "above" }'
    )
    experiment = load_config(path).experiment
    assert experiment is not None
    assert experiment.question == "Which?"
    assert experiment.control is not None
    assert experiment.control.floor == 0.9
    path.write_text(path.read_text().replace("question", "questoin"))
    assert "did you mean `question`" in refused(path)


def test_the_command_line_reaches_the_sweep(base: Path) -> None:
    path = child(base, '[sweep]\nseeds = 5\naxes = { "model.layers" = [1, 2] }\ntable = { rows = "model.layers" }\n')
    loaded = load_config(path, ["sweep.axes.model.layers=[4]", "sweep.seeds=2"])
    points = loaded.points()
    assert [point.config.model.layers for point in points if point.config] == [4]  # type: ignore[union-attr]
    assert [point.config.seeds for point in points if point.config] == [(0, 1)]
    assert all(point.config.seeds == (7,) for point in load_config(path, ["seeds=[7]"]).points() if point.config)


def test_a_point_keeps_what_the_spec_and_the_command_name_but_not_what_they_extend(base: Path) -> None:
    spec = '[sweep]\naxes = { "optim.kind" = ["sgd"] }\ntable = { rows = "optim.kind" }\n'

    def decay(text: str, *overrides: str) -> float:
        (point,) = load_config(child(base, text), overrides).points()
        assert point.config is not None
        return point.config.optim.weight_decay  # type: ignore[union-attr]

    base.write_text(base.read_text().replace("[optim]\n", "[optim]\nweight_decay = 0.75\n"))
    assert decay(spec) == 0.0
    assert decay(spec, "optim.weight_decay=0.5") == 0.5
    assert decay("[optim]\nweight_decay = 0.25\n" + spec) == 0.25


def test_a_mistake_in_the_sweep_table_is_told(base: Path) -> None:
    assert "did you mean `axes`" in refused(child(base, '[sweep]\naxis = { "model.layers" = [1] }\n'))
    assert "on validation" in refused(child(base, '[sweep]\nselect = "test.perplexity"\n'))
    assert "`axes.model.layers`" in refused(child(base, '[sweep]\naxes = { "model.layers" = [] }\n'))
