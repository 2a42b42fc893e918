"""Rows are called by their values, numbers with the word of their axis; every way to write a row finds it."""

import pytest

from research.compare.cell_labels import column_text, label_text, matches, place_text
from research.config.value_labels import row_label, value_text

LABELS = {
    "model.mixer.heads": 4,
    "model.position.kind": "rotary",
    "optim.learning_rate": 5e-4,
    "model.tie": True,
    "label": "LSTM",
    "model.dropout.input": 0.1,
}


def test_a_row_is_called_by_its_values_with_their_words():
    assert row_label(LABELS) == "heads 4, rotary, 5e-4, tie true, LSTM, input 0.1"
    assert row_label(LABELS, "model.tie") == label_text(LABELS, ("model.tie",)) == "tie true"
    assert row_label({"model.encoder.width": 8, "model.decoder.width": 16}) == "encoder width 8, decoder width 16"
    assert place_text(LABELS, ("label",), ("model.mixer.heads",)) == "LSTM, heads 4"
    assert column_text(LABELS, ("model.position.kind",)) == "position rotary"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0005, "5e-4"),
        (0.001, "1e-3"),
        (1.5e-3, "1.5e-3"),
        (0.01, "0.01"),
        (0.0, "0"),
        (-1e-5, "-1e-5"),
        (1e30, "1e+30"),
        (3, "3"),
        (True, "true"),
    ],
)
def test_numbers_are_short(value, said):
    assert value_text(value) == said
    assert said in ("true", "false") or float(said) == value


@pytest.mark.parametrize(
    "wanted",
    [
        "heads 4, rotary, 5e-4",
        "4, rotary, 5e-4",
        "heads=4, learning_rate=0.0005",
        "tie=true",
        "LSTM",
        {"heads": 4, "optim.learning_rate": 0.0005},
        {"tie": True},
    ],
)
def test_every_way_to_write_a_row_finds_it(wanted):
    rows = ("model.mixer.heads", "model.position.kind", "optim.learning_rate")
    assert matches(LABELS, wanted, rows, ("model.tie",))
    assert not matches(LABELS | {"model.mixer.heads": 8, "label": "GRU", "model.tie": False}, wanted, rows, ("model.tie",))


@pytest.mark.parametrize("wanted", ["rotary | true", "rotary | tie true"])
def test_a_place_is_its_row_and_its_column(wanted):
    assert matches(LABELS, wanted, ("model.position.kind",), ("model.tie",))
    assert not matches(LABELS | {"model.tie": False}, wanted, ("model.position.kind",), ("model.tie",))
