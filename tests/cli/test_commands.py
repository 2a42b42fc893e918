"""What the commands print, for people and for programs."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from research.cli import app

SPEC = """
seeds = 2
[data]
kind = "files"
train = "{folder}/train.txt"
valid = "{folder}/valid.txt"
test = "{folder}/test.txt"
length = 8
[model]
kind = "ngram"
[sweep]
name = "tiny"
axes = {{ "model.order" = [1, 2, 3] }}
table = {{ rows = "model.order" }}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept")
    for name, repeats in (("train", 30), ("valid", 5), ("test", 5)):
        (folder / f"{name}.txt").write_text("a b c d\nb c d a\nc a d\n" * repeats)
    (folder / "tiny.toml").write_text(SPEC.format(folder=folder))
    result = CliRunner().invoke(app, ["sweep", str(folder / "tiny.toml"), "--runs", str(folder / "runs")])
    assert result.exit_code == 0, result.output
    return folder, result


def call(folder, *words):
    result = CliRunner().invoke(app, [*words, "--runs", str(folder / "runs")])
    assert result.exit_code == 0, result.output
    return result


def test_a_sweep_prints_its_table(swept):
    _, result = swept
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines if line[:2] in ("1 ", "2 ", "3 ")] == ["1", "2", "3"]


def test_a_second_call_runs_nothing(swept):
    folder, first = swept
    again = call(folder, "sweep", str(folder / "tiny.toml"))
    assert "all 3 runs are done" in again.stderr
    assert again.stdout == first.stdout


def test_an_ngram_has_one_run_whatever_the_seeds(swept):
    folder, _ = swept
    cells = json.loads(call(folder, "runs", "--json").stdout)["cells"]
    assert len(cells) == 3
    assert all(cell["seeds"] == {"0": "done"} for cell in cells)


def test_train_prints_one_json_object_with_the_contracts_keys(swept):
    folder, _ = swept
    (folder / "one.toml").write_text((folder / "tiny.toml").read_text().split("[sweep]")[0])
    found = json.loads(call(folder, "train", str(folder / "one.toml"), "--json").stdout)
    assert {"cell_id", "status", "config", "params", "flops_per_token", "seconds", "valid", "test", "runs"} <= set(found)
    assert found["status"] == "done"
    assert found["config"]["model"] == {"kind": "ngram", "order": 5, "smoothing": {"kind": "kneser_ney"}}
    assert found["runs"][0]["test"]["perplexity"] == found["test"]["perplexity"]


def test_show_prices_and_starts_nothing(swept, tmp_path):
    folder, _ = swept
    result = CliRunner().invoke(app, ["show", str(folder / "tiny.toml"), "--json", "--runs", str(tmp_path / "runs")])
    found = json.loads(result.stdout)
    assert (found["runs"], found["trained_runs"], found["to_do"]) == (3, 0, 3)
    assert found["predicted_seconds"] > 0
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_is_a_show(swept, tmp_path):
    folder, _ = swept
    words = ["--json", "--runs", str(tmp_path / "runs")]
    dry = CliRunner().invoke(app, ["sweep", str(folder / "tiny.toml"), "--dry-run", *words])
    assert dry.stdout == CliRunner().invoke(app, ["show", str(folder / "tiny.toml"), *words]).stdout
    assert not (tmp_path / "runs").exists()


def test_a_report_is_written_in_the_formats_asked_for(swept, tmp_path):
    folder, _ = swept
    result = call(folder, "report", str(folder / "tiny.toml"), "--out", str(tmp_path / "out"), "--format", "md,csv")
    written = {path.name for path in (tmp_path / "out").glob("table.*")}
    assert written == {"table.md", "table.csv"}
    assert "table.md" in result.stdout


def test_generate_is_a_function_of_the_seed(swept):
    folder, _ = swept
    cell = json.loads(call(folder, "runs", "--json").stdout)["cells"][0]["cell_id"]
    words = ("generate", cell, "--prompt", "a b", "--tokens", "6", "--json", "--seed")
    first, again = (json.loads(call(folder, *words, "3").stdout) for _ in range(2))
    assert first["text"] == again["text"]
    assert first["tokens"] == 6


def test_prompts_of_a_file_are_continued_by_every_decoder(swept, tmp_path):
    """Of counted n-grams: all but the beam, which needs a state to go on from."""
    folder, _ = swept
    (tmp_path / "prompts.txt").write_text("a b\nb\n")
    cell = json.loads(call(folder, "runs", "--json").stdout)["cells"][0]["cell_id"]
    words = ["generate", cell, "--prompts", str(tmp_path / "prompts.txt"), "--tokens", "3", "--json", "--decoder"]
    for decoder in (["greedy"], ["top_k", "--k", "2"], ["top_p", "--p", "0.5"]):
        found = json.loads(call(folder, *words, *decoder).stdout)
        assert found["decoder"]["kind"] == decoder[0]
        assert [(text["prompt"], text["tokens"]) for text in found["texts"]] == [("a b", 3), ("b", 3)]
    refused = CliRunner().invoke(app, [*words, "beam", "--runs", str(folder / "runs")])
    assert refused.exit_code == 2
    assert "a counted n-gram takes greedy, sample, top_k or top_p" in refused.stderr


def test_unknown_words_of_a_prompt_are_told(swept):
    folder, _ = swept
    cell = json.loads(call(folder, "runs", "--json").stdout)["cells"][0]["cell_id"]
    words = ("generate", cell, "--tokens", "1", "--prompt")
    assert json.loads(call(folder, *words, "zebra b zebra", "--json").stdout)["unknown"] == ["zebra", "zebra"]
    assert "the model was trained without zebra: it reads <unk>" in call(folder, *words, "zebra b").stderr
    assert not call(folder, *words, "a b").stderr


def test_experiments_are_listed_with_their_questions_and_costs(swept):
    found = json.loads(CliRunner().invoke(app, ["experiments", "--json"]).stdout)["experiments"]
    assert {"lm_ladder"} <= {one["name"] for one in found}
    assert all(one["question"] and one["presets"]["quick"] for one in found)


def test_help_and_a_config_error_do_not_wait_for_jax():
    script = """
import sys
from typer.testing import CliRunner
from research.cli import app
assert CliRunner().invoke(app, ["--help"]).exit_code == 0
assert "pydantic" not in sys.modules, "help needs no config"
assert CliRunner().invoke(app, ["train", "configs/lm/kneser_ney.toml", "model.ordr=3"]).exit_code == 2
assert not {"jax", "numpy", "scipy", "pandas", "matplotlib"} & set(sys.modules), "slow imports before they are needed"
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_command_leaves_what_few_need_to_the_few(swept, tmp_path):
    """Up to the plan of a language model; and what was imported is no garbage."""
    folder, _ = swept
    model = '[model]\nkind = "language_model"\nlayers = 1\nwidth = 8\nmixer = { kind = "lstm" }\n'
    (folder / "lstm.toml").write_text(SPEC.format(folder=folder).split("[model]")[0] + model)
    script = """
import gc, sys
from pathlib import Path
from research.first_imports import without_collections
with without_collections():
    import research.cli.commands
assert gc.isenabled() and gc.get_freeze_count() > 10_000
from research.config.loader import load_config
from research.plan.resolve_plan import resolve_plan
(cell,) = resolve_plan(load_config(Path(sys.argv[1]), []), Path(sys.argv[2]), None).cells
assert cell.facts["params"]["total"] > 0
few = {"sklearn", "scipy", "pandas", "matplotlib", "PIL", "sentencepiece", "tokenizers", "sacrebleu", "num2words", "jinja2", "orbax"}
assert not few & set(sys.modules), few & set(sys.modules)
"""
    words = [sys.executable, "-c", script, str(folder / "lstm.toml"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
