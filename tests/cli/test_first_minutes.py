"""What a person types in the first ten minutes is answered: bare names, the beginnings of ids, and commands that can be pasted."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from research.cli import app
from research.cli.next_commands import shell_quote
from research.config.errors import StepladderError
from research.config.find import find_config
from research.report.describe import describe_cells

NGRAM = 'seeds = 1\n[data]\nkind = "files"\nlength = 8\n{texts}\n[model]\nkind = "ngram"\norder = 2\n'
SWEEP = '[sweep]\nname = "orders"\naxes = {{ "model.order" = [1, 3] }}\ntable = {{ rows = "model.order" }}\n'.format()


def call(*words, env=None):
    return CliRunner().invoke(app, [str(word) for word in words], env=env)


def pasted(result):
    """The commands that a command ends with."""
    return [shlex.split(line)[1:] for line in result.stderr.split("next:\n")[1].splitlines()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a cell that was trained, a sweep, and what both commands said."""
    folder = tmp_path_factory.mktemp("a person's folder")
    for split, repeats in (("train", 30), ("valid", 5), ("test", 5)):
        (folder / f"{split}.txt").write_text("it 's $5 ! a b\nb c d a\n" * repeats)
    texts = "\n".join(f'{split} = "{folder / split}.txt"' for split in ("train", "valid", "test"))
    (folder / "pair.toml").write_text(NGRAM.format(texts=texts))
    (folder / "orders.toml").write_text(NGRAM.format(texts=texts) + SWEEP)
    runs = folder / "runs"
    said = {
        "train": call("train", folder / "pair.toml", "--runs", runs),
        "sweep": call("sweep", folder / "orders.toml", "model.smoothing.kind=kneser_ney", "--runs", runs),
    }
    assert [result.exit_code for result in said.values()] == [0, 0], said
    return folder, said


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_the_commands_that_come_next_can_be_pasted(trained, tmp_path, command):
    _, said = trained
    following = pasted(said[command])
    assert len(following) >= 2
    for words in following:
        own = [str(tmp_path / word) if at and words[at - 1] == "--out" else word for at, word in enumerate(words)]
        result = call(*own)
        assert result.exit_code == 0, (words, result.output)


def test_json_is_one_object_and_nothing_else(trained):
    folder, _ = trained
    result = call("train", folder / "pair.toml", "--runs", folder / "runs", "--json")
    assert json.loads(result.stdout)["status"] == "done"
    assert "next:" not in result.stderr


@pytest.mark.parametrize("word", ["plain", "my lord ,", "it 's", 'say "so"', "$HOME", "a`b", "back\\slash", "bang!", "[1, 2]", "*"])
def test_a_word_is_quoted_for_a_shell(word):
    assert shlex.split(shell_quote(word)) == [word]


def test_the_beginning_of_an_id_is_enough_for_runs_and_show(trained):
    folder, said = trained
    cell = said["train"].stdout.split()[0]
    runs = ("--runs", folder / "runs")
    shown = call("show", cell[:6], *runs)
    assert (shown.exit_code, shown.stdout.split()[0]) == (0, cell)
    assert "order = 2" in shown.stdout
    detail = json.loads(call("show", f"{cell[:6]}/0", *runs, "--json").stdout)
    assert [seed["status"] for seed in detail["seeds"]] == ["done"]
    listed = json.loads(call("runs", cell[:6], *runs, "--json").stdout)["cells"]
    assert [one["cell_id"] for one in listed] == [cell]
    assert "no run" in call("runs", "zz", *runs).stderr.lower()


def test_runs_are_described_filtered_and_sorted(trained):
    folder, _ = trained
    listed = lambda *words: json.loads(call("runs", "--runs", folder / "runs", "--json", *words).stdout)["cells"]
    assert {one["label"] for one in listed()} == {"files, 2-gram", "orders: order 1", "orders: order 3"}
    assert {one["label"] for one in listed("--sweep", "orders")} == {"orders: order 1", "orders: order 3"}
    values = [one["value"] for one in listed("--metric", "test.perplexity", "--sort", "metric")]
    assert values == sorted(values)
    assert listed("--status", "failed") == []
    for words, near in (
        (("--sweep", "ordres"), "orders"),
        (("--sort", "agee"), "age"),
        (("--metric", "test.perplexty"), "test.perplexity"),
    ):
        result = call("runs", "--runs", folder / "runs", *words)
        assert result.exit_code == 2
        assert f"did you mean `{near}`" in result.stderr


def test_runs_and_data_are_found_by_the_environment(trained):
    folder, _ = trained
    result = call("runs", "--json", env={"STEPLADDER_RUNS": str(folder / "runs")})
    assert len(json.loads(result.stdout)["cells"]) == 3
    assert call("experiments", env={"STEPLADDER_DATA": str(folder)}).exit_code == 0


def test_cells_of_one_kind_are_told_apart_by_what_differs():
    tree = {"data": {"kind": "shakespeare"}, "model": {"kind": "language_model", "width": 64, "mixer": {"kind": "lstm"}}}
    wide = tree | {"model": tree["model"] | {"width": 128}, "seeds": 5}
    counted = {"data": {"kind": "ptb"}, "model": {"kind": "ngram", "order": 5}}
    assert describe_cells({"a": tree, "b": wide, "c": counted}) == {
        "a": "shakespeare, lstm language model: width 64",
        "b": "shakespeare, lstm language model: width 128",
        "c": "ptb, 5-gram",
    }


def test_a_bare_name_is_a_config(tmp_path, capsys):
    for name in ("lm/lstm.toml", "lm/gru.toml", "classify/gru.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert find_config("lstm", [tmp_path]) == find_config("lstm.toml", [tmp_path]) == tmp_path / "lm" / "lstm.toml"
    assert "lstm is " in capsys.readouterr().err
    assert find_config("lm/gru", [tmp_path]) == tmp_path / "lm" / "gru.toml"
    with pytest.raises(StepladderError, match="2 configs have its name"):
        find_config("gru", [tmp_path])
    with pytest.raises(StepladderError, match="did you mean `lstm`"):
        find_config("lsmt", [tmp_path])
    (tmp_path / "mine").write_text("")
    assert find_config(tmp_path / "mine") == tmp_path / "mine"


def test_a_shipped_config_and_an_experiment_are_known_by_name(tmp_path):
    shown = call("show", "kneser_ney", "data.train_tokens=2000", "--runs", tmp_path)
    assert shown.exit_code == 0, shown.output
    assert f"kneser_ney is {Path('configs/lm/kneser_ney.toml')}" in shown.stderr
    told = call("experiments", "lm_ladder")
    assert told.exit_code == 0
    assert all(word in told.stdout for word in ("quick: ", "claims:", "README.md", "stepladder reproduce lm_ladder"))
    assert "stepladder reproduce lm_ladder" in call("train", "lm_ladder").stderr
    near = call("experiments", "lm_lader")
    assert near.exit_code == 2
    assert "did you mean `lm_ladder`" in near.stderr


def test_version_and_short_help():
    assert call("--version").stdout.startswith("stepladder ")
    for words in (["-h"], ["sweep", "-h"]):
        assert call(*words).exit_code == 0
    assert "continue|stop" in call("sweep", "-h").stdout
