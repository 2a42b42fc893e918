"""A preset takes its values from the choices that another one made."""

import json

import pytest

from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.tuned_by import choices_text

SPEC = """
[data]
kind = "shakespeare"
[model]
kind = "language_model"
[train]
steps = 9
[sweep]
list = [{ label = "wide", "model.width" = 64 }, { label = "narrow", "model.width" = 32 }, { label = "counted", model = { kind = "ngram" } }]
"""
RATE = "optim.learning_rate"
ROWS = {
    "wide": {"values": {RATE: 0.02}, "cell_id": "a" * 12, "trials": {"a" * 12: 3.0, "b" * 12: 4.0}},
    "narrow": {"values": {RATE: 0.05}, "cell_id": "c" * 12, "trials": {"c" * 12: 3.0, "d" * 12: 4.0}},
    "counted": {"values": {}, "cell_id": "e" * 12, "trials": {}},
}
CHOICES = {"command": "stepladder reproduce ladder --preset tuning", "select": "valid.perplexity", "rows": ROWS}


@pytest.fixture
def quick(tmp_path):
    def write(choices, more=""):
        (tmp_path / "tuning.json").write_text(json.dumps(choices))
        (tmp_path / "quick.toml").write_text(SPEC + 'tuned_by = "tuning.json"\n' + more)
        return load_config(tmp_path / "quick.toml")

    return write


def test_the_values_are_ordinary_words_of_the_rows_and_the_note_tells_where_they_come_from(quick):
    loaded = quick(CHOICES)
    configs = {point.labels["label"]: point.config for point in loaded.points()}
    assert [configs[row].optim.learning_rate for row in ("wide", "narrow")] == [0.02, 0.05]
    assert not any(point.tuned for point in loaded.points())
    told = choices_text(loaded.choices)
    for word in ("--preset tuning", "2 trials", "wide: learning rate 0.02 (aaaaaaaaaaaa)", "Not tuned there: counted"):
        assert word in told


def test_a_row_that_was_not_tuned_or_a_missing_file_is_an_error(quick, tmp_path):
    with pytest.raises(StepladderError, match=r"the row narrow was not tuned by .* Its rows are wide, counted"):
        quick(CHOICES | {"rows": {row: of for row, of in ROWS.items() if row != "narrow"}}).points()
    with pytest.raises(StepladderError, match="say one of them"):
        quick(CHOICES, 'tune = { "optim.learning_rate" = [0.1, 0.2] }\n').points()
    loaded = quick(CHOICES)
    (tmp_path / "tuning.json").unlink()
    with pytest.raises(StepladderError, match=r"there is no file .*tuning\.json"):
        loaded.points()
