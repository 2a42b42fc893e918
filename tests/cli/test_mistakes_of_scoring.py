"""A user's mistakes with prompt sets: one paragraph each, exit 2."""

import pytest
from test_mistakes import assert_mistake, call

TEXT = """
[data]
kind = "files"
train = "{folder}/text.txt"
valid = "{folder}/text.txt"
test = "{folder}/text.txt"
length = 4
[model]
kind = "language_model"
layers = 1
width = 8
mixer = {{ kind = "attention", heads = 2 }}
[train]
steps = 1
batch_size = 2
"""
LINES = "the cat sat\ton the\nthe dog\tsat\n"
FILE = "eval.prompts.file={folder}/set.tsv"
PARTS = '[{kind="ngram",order=2},{kind="ngram",order=3}]'
IN_A_CONFIG = {
    "eval.prompts.file=none.tsv": ["eval.prompts.file = 'none.tsv'", "cannot be read", "a tab"],
    "eval.prompts.examples=1": ["eval.prompts.file", "is missing"],
    f"{FILE} eval.prompts.examples=2": ["examples = 2", "line 1 has 1 others"],
    f"{FILE} eval.prompts.examples=-1": ["eval.prompts.examples", "at least 0"],
    f"{FILE} model.position.kind=learned": ["5 tokens", "the 4 learned positions", "ask for fewer examples"],
    f"{FILE} model.position.kind=learned data.length=6 eval.prompts.examples=1": ["9 tokens", "the 6 learned positions"],
    f"{FILE} model.kind=interpolation model.parts={PARTS}": ["eval.prompts", "interpolation"],
}
ON_THE_COMMAND = {
    "": ["exactly one of --file and --text"],
    "--file {folder}/set.tsv --text a": ["exactly one of --file and --text"],
    "--text a --examples 1": ["--examples", "leave it out"],
    "--file {folder}/set.tsv --seed 1": ["--seed", "leave it out"],
    "--file {folder}/none.tsv": ["--file", "cannot be read"],
}


@pytest.fixture
def config(tmp_path):
    (tmp_path / "text.txt").write_text("the cat sat on the mat\n" * 9)
    (tmp_path / "set.tsv").write_text(LINES)
    path = tmp_path / "cell.toml"
    path.write_text(TEXT.format(folder=tmp_path))
    return str(path)


@pytest.mark.parametrize(("overrides", "words"), IN_A_CONFIG.items())
def test_in_a_config(config, tmp_path, overrides, words):
    given = [override.replace("{folder}", str(tmp_path)) for override in overrides.split()]
    assert_mistake(call(tmp_path, "train", config, *given), tmp_path, *words)


@pytest.mark.parametrize(("options", "words"), ON_THE_COMMAND.items())
def test_on_the_command(config, tmp_path, options, words):
    assert_mistake(call(tmp_path, "score", "3f2a", *options.format(folder=tmp_path).split()), tmp_path, *words)
