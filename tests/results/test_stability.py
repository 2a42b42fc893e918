"""What turns when numbers move as they do between processors: nothing where they do not, and only what is near where they do."""

import math

import numpy as np
import pytest

from research.compare.cells import load_cells
from research.compare.stability import perturb_verdicts, relative_spread, scale_test_metrics, table_verdicts
from research.report.build_report import collect_findings


@pytest.fixture(scope="module")
def cells(ladder):
    return load_cells(*ladder)


@pytest.fixture(scope="module")
def three(ladder, cells):
    """The table of a counted row and two trained ones, with a claim that a row lies below a bound one per cent above it."""
    chosen = [cell for cell in cells if cell.labels["label"] in ("5-gram Kneser-Ney", "Elman", "LSTM")]
    entries = [entry for entry in ladder.manifest["cells"] if entry["cell_id"] in {cell.cell_id for cell in chosen}]
    mean = float(np.mean(list(chosen[-1].values("test.perplexity").values())))
    card = {"kind": "floor", "claim": "c", "label": chosen[-1].labels["label"], "metric": "test.perplexity", "at_most": mean * 1.01}
    return ladder.manifest | {"cells": entries, "cards": [card], "control": None}, chosen


def test_a_moved_cell_is_one_whose_items_and_metrics_agree(cells):
    cell = next(cell for cell in cells if not cell.deterministic and cell.items.by_seed)
    other = scale_test_metrics(cell, 1.1)
    for seed, value in cell.values("test.perplexity").items():
        assert other.values("test.perplexity")[seed] == pytest.approx(1.1 * value)
        items = other.items.by_seed[seed]
        assert np.exp(items.fields["loss"].sum() / items.tokens.sum()) == pytest.approx(1.1 * value, rel=1e-3)
    assert other.values("valid.perplexity") == cell.values("valid.perplexity")
    fixed = next(cell for cell in cells if cell.deterministic)
    assert scale_test_metrics(fixed, 1.1) is fixed


def test_what_turns_grows_with_the_spread_and_a_bound_turns_where_the_number_can_cross_it(three):
    turned = {spread: {turn.what: turn for turn in perturb_verdicts(*three, spread)} for spread in (0.0, 0.009, 0.011, 0.5)}
    assert not turned[0.0]
    assert turned[0.009].keys() <= turned[0.011].keys() <= turned[0.5].keys()
    assert "claim: c" not in turned[0.009]
    assert turned[0.011]["claim: c"] == ("claim: c", "holds", ("fails",))
    here = table_verdicts(*three)
    for turn in turned[0.5].values():
        assert turn.verdict == here[turn.what]
        assert {*turn.others} - {turn.verdict}


def test_a_spread_is_relative_to_the_smallest():
    assert relative_spread([100.0, 101.0, 100.5]) == pytest.approx(0.01)
    assert relative_spread([3.0]) == 0.0
    assert relative_spread([1.0, math.inf]) == math.inf


def test_what_turns_is_undecided_in_the_report_and_nothing_else_changes(three, ladder):
    manifest, chosen = three
    plain = collect_findings(manifest, chosen)
    assert collect_findings(manifest | {"spread": 0.0}, chosen) == plain
    near = collect_findings(manifest | {"spread": 0.009}, chosen)
    assert [judgement.verdict for judgement in near.judged] == ["holds"]
    far = collect_findings(manifest | {"spread": 0.5}, chosen)
    assert [judgement.verdict for judgement in far.judged] == ["undecided: holds here, or fails on another machine"]
    turned = {turn.what for turn in perturb_verdicts(manifest, chosen, 0.5)}
    for place, verdict in table_verdicts(manifest, chosen).items():
        if place.startswith("bold: "):
            assert (verdict == "bold" and place not in turned) == is_bold(far.table, place)
    (note,) = {*far.table.notes} - {*plain.table.notes}
    assert "by up to 50 %" in note
    assert all(what.removeprefix("bold: ") in note for what in turned if what.startswith("bold: "))


def is_bold(table, place):
    row, *labels, metric = place.removeprefix("bold: ").split(" | ")
    across = [(column.metric, column.labels) for column in table.columns].index((metric, tuple(labels)))
    return table.entries[[", ".join(each) for each in table.rows].index(row)][across].best
