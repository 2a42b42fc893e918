"""The names that other libraries use are answered with ours, wherever an unknown key is explained."""

import pytest

from research.config.aliases import ALIASES, KEY_BY_ALIAS
from research.config.errors import StepladderError
from research.config.fields import all_keys
from research.config.loader import load_config
from research.config.schema import Config

CELL = """
[data]
kind = "shakespeare"
[model]
kind = "language_model"
layers = 1
width = 8
{model}
mixer = {{ kind = "lstm" }}
[train]
steps = 4
{train}
"""


def write(folder, model="", train="", more=""):
    path = folder / "cell.toml"
    path.write_text(CELL.format(model=model, train=train) + more)
    return path


def test_every_answer_is_a_key_and_no_name_has_two():
    assert set(ALIASES) <= set(all_keys(Config))
    assert len(KEY_BY_ALIAS) == sum(map(len, ALIASES.values()))


@pytest.mark.parametrize(
    ("override", "answer"),
    [
        ("optim.lr=1e-3", "optim.learning_rate"),
        ("lr=1e-3", "optim.learning_rate"),
        ("model.dim=64", "model.width"),
        ("d_model=64", "model.width"),
        ("model.encoder.hidden_size=64", "model.encoder.width"),
        ("model.n_layers=2", "model.layers"),
        ("model.num_heads=2", "model.mixer.heads"),
        ("epochs=3", "train.epochs"),
        ("bs=8", "train.batch_size"),
        ("train.batch=8", "train.batch_size"),
        ("wd=0.1", "optim.weight_decay"),
        ("optim.wd=0.1", "optim.weight_decay"),
        ("dropout=0.1", "model.dropout.residual"),
        ("vocab_size=100", "data.vocabulary.size"),
        ("optimizer=sgd", "optim.kind"),
        ("seed=3", "seeds"),
        ("learning_rate=0.1", "optim.learning_rate"),
        ("model.laers=2", "model.layers"),
    ],
)
def test_on_the_command_line(tmp_path, override, answer):
    with pytest.raises(StepladderError, match=f"did you mean `{answer}`"):
        load_config(write(tmp_path), [override])


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ({"train": "bs = 8"}, "train.batch_size"),
        ({"model": "n_layers = 8"}, "model.layers"),
        ({"more": "[optim]\nlr = 0.1"}, "optim.learning_rate"),
    ],
)
def test_in_a_file(tmp_path, words, answer):
    with pytest.raises(StepladderError, match=f"did you mean `{answer}`"):
        load_config(write(tmp_path, **words))


@pytest.mark.parametrize("table", ["axes", "tune"])
def test_in_a_sweep(tmp_path, table):
    path = write(tmp_path, more=f'[sweep]\nname = "s"\n{table} = {{ lr = [0.1, 0.2] }}')
    with pytest.raises(StepladderError, match=r"did you mean `optim\.learning_rate`"):
        load_config(path).points()


def test_a_word_of_another_kind_is_told_with_the_one_of_this(tmp_path):
    with pytest.raises(StepladderError, match=r"feed_forward_lm.* Of this kind it may be `model.width`"):
        load_config(write(tmp_path, model="hidden = 64"))


def test_a_number_in_a_tables_place_is_told_the_tables_keys(tmp_path):
    with pytest.raises(StepladderError, match=r"must be a table.*Its keys are model.dropout.input, model.dropout.residual"):
        load_config(write(tmp_path), ["model.dropout=0.1"])
