"""A card is decided by numbers and tests, and a malformed one says what is wrong with it."""

import pytest
from fake_runs import write_ladder

from research.config.errors import StepladderError
from research.results import store
from research.results.cards import cards_sheet, judge_cards, read_cards
from research.results.cells import load_cells


def judged(fake, *cards):
    return [judgement.verdict for judgement in judge_cards(fake.manifest | {"cards": list(cards)}, load_cells(*fake))]


def test_every_kind_of_card_and_every_verdict(ladder):
    found = judge_cards(ladder.manifest, load_cells(*ladder))
    verdicts = ["within", "outside", "holds", "not shown", "fails", "holds", "holds", "not run here"]
    assert [judgement.verdict for judgement in found] == verdicts
    sheet = cards_sheet(found)
    assert sheet.rows[0][1].text == "141.2 (± 15)"
    assert any("another corpus" in note for note in sheet.notes)


def test_the_edges_of_a_tolerance_are_within(ladder):
    mean = next(cell for cell in load_cells(*ladder) if cell.labels["label"] == "LSTM").values("test.perplexity")
    ours = sum(mean.values()) / 3
    card = {"kind": "number", "label": "LSTM", "metric": "test.perplexity", "source": "s"}
    near = [{**card, "published": ours - 1.0, "tolerance": 1.0 + 1e-9}, {**card, "published": ours - 1.0, "tolerance": 0.99}]
    relative = [{**card, "published": ours / 1.1, "relative_tolerance": share} for share in (0.1001, 0.0999)]
    assert judged(ladder, *near, *relative) == ["within", "outside", "within", "outside"]


def test_an_order_over_columns_holds_only_if_every_column_does(grid):
    order = {"kind": "order", "claim": "c", "metric": "test.perplexity", "source": "s"}
    cards = [
        {**order, "better": "scaled_dot", "worse": "dot"},
        {**order, "better": "mlp", "worse": "scaled_dot"},  # not different with one head, worse with four
        {**order, "better": {"score": "scaled_dot", "heads": 4}, "worse": {"score": "mlp", "heads": 4}},
        {**order, "better": "model.mixer.score.kind=mlp, heads=1", "worse": "scaled_dot | 1"},
    ]
    assert judged(grid, *cards) == ["holds", "fails", "holds", "not shown"]


def test_a_claim_about_rows_of_different_tests_neither_holds_nor_fails(tmp_path):
    manifest = write_ladder(tmp_path, seeds=5)
    for seed in range(5):
        path = store.seed_folder(tmp_path, "2a7c7c7c7c7c", seed) / "items.npz"  # Elman's
        if path.exists():
            items = store.read_arrays(path)
            store.write_arrays(path, **{name: values[1:] for name, values in items.items()})
    order = {"kind": "order", "claim": "c", "better": "LSTM", "worse": "Elman", "metric": "test.perplexity", "source": "s"}
    parts = {name: {"label": label, "metric": "test.perplexity"} for name, label in (("numerator", "LSTM"), ("denominator", "Elman"))}
    ratio = {"kind": "ratio", "claim": "c", **parts, "at_most": 1.0}
    own = {**ratio, "denominator": {"label": "LSTM", "metric": "valid.perplexity"}}
    costs = {**ratio, **{name: {**part, "metric": "params"} for name, part in parts.items()}, "at_most": 2.0}
    cards = [order, {**order, "better": "Elman", "worse": "LSTM"}, ratio, own, costs, {**order, "worse": "GRU"}]
    found = judge_cards(manifest | {"cards": cards}, load_cells(manifest, tmp_path))
    assert [one.verdict for one in found] == [*["not comparable"] * 3, "fails", "holds", "not shown"]
    assert [one.ours for one in found[:3]] == ["other test items or tokens"] * 3
    assert cards_sheet(found).rows[0][3].text == "not comparable"


def test_a_metric_that_no_run_has_is_not_run_here_and_said(ladder):
    card = {"kind": "floor", "label": "LSTM", "metric": "test.blue", "at_least": 1.0, "claim": "c"}
    (found,) = judge_cards(ladder.manifest | {"cards": [card]}, load_cells(*ladder))
    assert (found.verdict, found.ours) == ("not run here", "no such metric")


NUMBER = {"kind": "number", "label": "LSTM", "metric": "m", "published": 1.0, "tolerance": 0.1, "source": "s"}


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({**NUMBER, "relative_tolerance": 0.1}, "either tolerance or relative_tolerance"),
        ({**NUMBER, "kind": "nmber"}, "did you mean `number`"),
        ({**NUMBER, "publishd": 2.0}, "did you mean `published`"),
        ({key: value for key, value in NUMBER.items() if key != "source"}, "`source` is missing"),
        ({**NUMBER, "tolerance": -1.0}, "tolerance"),
        ({"kind": "floor", "claim": "c", "label": "l", "metric": "m"}, "at_most, at_least or both"),
    ],
)
def test_a_malformed_card_is_an_error_with_its_number(card, said):
    with pytest.raises(StepladderError, match=said) as error:
        read_cards([NUMBER, card], "experiments/x/expected.json")
    assert str(error.value).startswith("experiments/x/expected.json, card 2")


def test_a_card_for_a_row_that_is_not_there_names_the_nearest(ladder, grid):
    with pytest.raises(StepladderError, match="did you mean `LSTM`"):
        judged(ladder, {**NUMBER, "label": "LTSM", "metric": "test.perplexity"})
    with pytest.raises(StepladderError, match="is 2 cells: name the column too"):
        judged(grid, {**NUMBER, "label": "mlp", "metric": "test.perplexity"})
