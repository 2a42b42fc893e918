"""A user's mistake: one paragraph that says what, where and what to do; exit 2; nothing started."""

import json

import pytest
from typer.testing import CliRunner

from research.cli import app

LSTM = """
[data]
kind = "files"
train = "{train}"
valid = "{valid}"
test = "{test}"
length = 8
[model]
kind = "language_model"
layers = 1
width = 8
{mixer}
[train]
steps = 4
batch_size = 2
"""


@pytest.fixture
def config(tmp_path):
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text("the cat sat on the mat\nthe dog sat on the cat\n" * 20)

    def write(mixer='mixer = { kind = "lstm" }', **files):
        paths = {name: files.get(name, tmp_path / f"{name}.txt") for name in ("train", "valid", "test")}
        path = tmp_path / "cell.toml"
        path.write_text(LSTM.format(mixer=mixer, **paths))
        return str(path)

    return write


def call(tmp_path, *words):
    return CliRunner().invoke(app, [*words, "--runs", str(tmp_path / "runs")])


def assert_mistake(result, tmp_path, *words):
    assert result.exit_code == 2, result.output
    said = result.stderr.strip()
    assert said.startswith("error: ")
    assert "\n" not in said, "one paragraph"
    assert "Traceback" not in said
    for word in words:
        assert word in said
    assert not list((tmp_path / "runs").glob("*")), "nothing was started"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.laers=2", ["model.laers", "did you mean `model.layers`"]),
        ("learning_rate=0.1", ["learning_rate", "optim.learning_rate"]),
        ("model.layers=two", ["model.layers", "two"]),
        ("model.layers=0", ["model.layers"]),
        ("model.residual=no", ["model.residual"]),
        ("model.mixer.kind=lsmt", ["lsmt", "lstm"]),
        ("optim.learning_rate=nan", ["optim.learning_rate"]),
        ("train.epochs=0", ["train.epochs"]),
        ("model.position.kind=rotary", ["rotary", "attention"]),
        ("model", ["key=value"]),
        ("seeds=0", ["seeds"]),
    ],
)
def test_a_wrong_override_is_named(config, tmp_path, override, words):
    assert_mistake(call(tmp_path, "train", config(), override), tmp_path, *words)


def test_heads_that_do_not_divide_the_width(config, tmp_path):
    result = call(tmp_path, "train", config('mixer = { kind = "attention", heads = 3 }'))
    assert_mistake(result, tmp_path, "3 heads", "width 8", "nearest")


def test_a_config_that_is_not_there(tmp_path):
    assert_mistake(call(tmp_path, "train", str(tmp_path / "none.toml")), tmp_path, "none.toml", "no such file")


def test_an_experiment_that_is_not_there(tmp_path):
    assert_mistake(call(tmp_path, "show", "lm_lader"), tmp_path, "lm_lader", "lm_ladder")


def test_a_sweep_is_not_trained(tmp_path):
    assert_mistake(call(tmp_path, "train", "experiments/lm_ladder/quick.toml"), tmp_path, "stepladder sweep")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, ["valid.txt", "no such file"]), (b"", ["valid", "empty"]), (b"caf\xe9 au lait\n", ["valid", "UTF-8"])],
    ids=["missing", "empty", "latin-1"],
)
def test_a_text_that_cannot_be_read(config, tmp_path, content, words):
    path = tmp_path / "elsewhere" / "valid.txt"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    result = call(tmp_path, "train", config(valid=path))
    assert result.exit_code == 2, result.output
    assert "valid.txt" in result.stderr
    assert not list((tmp_path / "runs").glob("*"))


def test_a_text_too_short_for_a_batch(config, tmp_path):
    assert_mistake(call(tmp_path, "train", config(), "train.batch_size=512"), tmp_path, "train.batch_size = 512")


def test_an_option_outside_its_words(config, tmp_path):
    assert_mistake(call(tmp_path, "sweep", config(), "--on-error", "ignore"), tmp_path, "continue or stop")


def test_an_unknown_run(tmp_path):
    (tmp_path / "runs").mkdir()
    result = CliRunner().invoke(app, ["generate", "abc", "--runs", str(tmp_path / "runs")])
    assert_mistake(result, tmp_path, "abc", "stepladder runs")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--decoder beem", ["did you mean `beam`", "greedy, sample, top_k, top_p, beam"]),
        ("--temperature 0", ["--temperature", "above 0", "--decoder greedy"]),
        ("--decoder top_k --temperature -1", ["--temperature", "above 0", "--decoder greedy"]),
        ("--decoder top_k --k 0", ["--k", "at least 1"]),
        ("--decoder top_p --p 0", ["--p", "above 0"]),
        ("--decoder top_p --p 1.5", ["--p", "at most 1"]),
        ("--decoder top_p --p nan", ["--p", "finite"]),
        ("--decoder beam --beam 0", ["--beam", "at least 1"]),
        ("--decoder beam --length-penalty -1", ["--length-penalty", "at least 0"]),
        ("--decoder greedy --temperature 0.5", ["--temperature 0.5 does nothing with --decoder greedy", "sample or top_k or top_p"]),
        ("--k 5", ["--k 5 does nothing with --decoder sample", "--decoder top_k"]),
        ("--decoder beam --p 0.5", ["--p 0.5 does nothing", "--decoder top_p"]),
        ("--beam 3", ["--beam 3 does nothing", "--decoder beam"]),
        ("--n-best 2", ["--n-best 2 does nothing", "--decoder beam"]),
        ("--decoder beam --beam 3 --n-best 4", ["--n-best 4", "3 beams"]),
        ("--prompt a --prompts prompts.txt", ["--prompt and --prompts"]),
        ("--prompts nowhere.txt", ["--prompts nowhere.txt", "No such file"]),
    ],
)
def test_a_decoder_that_cannot_be(tmp_path, words, said):
    result = CliRunner().invoke(app, ["generate", "abc", *words.split(), "--runs", str(tmp_path / "runs")])
    assert_mistake(result, tmp_path, *said)


def test_a_report_of_a_sweep_that_was_never_launched(config, tmp_path):
    assert_mistake(call(tmp_path, "report", config()), tmp_path, "not launched")


def test_learned_positions_refuse_a_prompt_beyond_them(config, tmp_path):
    position = 'mixer = { kind = "attention", heads = 2 }\nposition = { kind = "learned" }'
    trained = call(tmp_path, "train", config(position), "seeds=1", "--json")
    assert trained.exit_code == 0, trained.output
    cell = json.loads(trained.stdout)["cell_id"]
    long = CliRunner().invoke(app, ["generate", cell, "--prompt", "the cat sat", "--tokens", "9", "--runs", str(tmp_path / "runs")])
    assert long.exit_code == 2
    assert "8 learned positions" in long.stderr
    short = call(tmp_path, "generate", cell, "--prompt", "the cat", "--tokens", "4", "--json")
    found = json.loads(short.stdout)
    assert found["tokens"] == 4
    assert set(found["latency_ms"]) == {"first", "each_later"}
    beams = call(tmp_path, "generate", cell, "--prompt", "the cat", "--tokens", "4", "--decoder", "beam", "--beam", "3", "--n-best", "2")
    scores = [float(line.split()[0]) for line in beams.stdout.splitlines()]
    assert len(scores) == 2
    assert 0 > scores[0] >= scores[1]
