"""A card is decided by numbers and tests, and a malformed one says what is wrong with it."""

import shutil
from dataclasses import replace

import pytest
from fake_runs import write_ladder, write_run

from research.compare.card_changes import card_changes
from research.compare.card_schema import read_cards
from research.compare.cards import evaluate_cards
from research.compare.cells import load_cells
from research.compare.families import comparison_families
from research.compare.spec_check import check_spec
from research.compare.tables import build_table
from research.config.errors import StepladderError
from research.report.cards_sheet import cards_sheet
from research.runs import store


def judged(fake, *cards):
    return [judgement.verdict for judgement in evaluate_cards(fake.manifest | {"cards": list(cards)}, load_cells(*fake))]


def test_every_kind_of_card_and_every_verdict(ladder):
    found = evaluate_cards(ladder.manifest, load_cells(*ladder))
    verdicts = [
        "within",
        "outside",
        "not decided: 2 of 3 seeds (Elman)",
        "not shown",
        "fails on these items",
        "holds",
        "holds",
        "not run here",
    ]
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
    found = evaluate_cards(manifest | {"cards": cards}, load_cells(manifest, tmp_path))
    assert [one.verdict for one in found] == [*["not comparable"] * 3, "fails", "holds", "not shown"]
    assert [one.ours for one in found[:3]] == ["other test items or tokens"] * 3
    assert cards_sheet(found).rows[0][3].text == "not comparable"


def test_a_metric_that_no_run_has_is_not_run_here_and_said(ladder):
    card = {"kind": "floor", "label": "LSTM", "metric": "test.blue", "at_least": 1.0, "claim": "c"}
    (found,) = evaluate_cards(ladder.manifest | {"cards": [card]}, load_cells(*ladder))
    assert (found.verdict, found.ours) == ("not run here", "no such metric")


def lose(runs, cell_id, seeds, status):
    """These seeds of a cell are as a crash, a divergence or a sweep that is still under way leaves them; None: not yet begun."""
    for seed in seeds:
        folder = store.seed_folder(runs, cell_id, seed)
        shutil.rmtree(folder)
        if status:
            store.write_json(folder / "status.json", {"status": status, "step": 1, "steps": 2, "message": ""})


CLAIMS = [
    {"kind": "floor", "label": "LSTM", "metric": "test.perplexity", "at_most": 1000.0, "claim": "floor"},
    {"kind": "number", "label": "LSTM", "metric": "test.perplexity", "published": 100.0, "tolerance": 1000.0, "source": "s"},
    {"kind": "order", "claim": "order", "better": "LSTM", "worse": "Elman", "metric": "test.perplexity", "source": "s"},
    {"kind": "order", "claim": "order", "better": "Elman", "worse": "LSTM", "metric": "test.perplexity", "source": "s"},
    {
        "kind": "ratio",
        "claim": "ratio",
        "numerator": {"label": "LSTM", "metric": "test.perplexity"},
        "denominator": {"label": "GRU", "metric": "test.perplexity"},
        "at_most": 1000.0,
    },
]
LSTM = "4a7c7c7c7c7c"


@pytest.mark.parametrize(("status", "lost"), [("diverged", 4), ("failed", 1), (None, 4)])
def test_survivors_decide_no_claim_no_control_and_no_bold(tmp_path, status, lost):
    manifest = write_ladder(tmp_path, seeds=5)
    manifest |= {"cards": CLAIMS, "control": {"label": "LSTM", "metric": "test.perplexity", "at_most": 1000.0}}
    write_run(tmp_path, "2a7c7c7c7c7c", 2, 4.9, 0.01, 1)  # the seeds that the ladder loses
    write_run(tmp_path, "5a7c7c7c7c7c", 1, 4.8, 0.01, 1)
    assert [one.verdict for one in evaluate_cards(manifest, load_cells(manifest, tmp_path))] == [
        "holds",
        "within",
        "holds",
        "fails",
        "holds",
    ]
    assert any(note.startswith("The control holds") for note in build_table(manifest, tmp_path).notes)
    assert any(entry.best for row in build_table(manifest, tmp_path).entries for entry in row if entry)
    lose(tmp_path, LSTM, range(lost), status)
    verdicts = [one.verdict for one in evaluate_cards(manifest, load_cells(manifest, tmp_path))]
    assert all(verdict.startswith(f"not decided: {5 - lost} of 5 seeds") for verdict in verdicts)
    table = build_table(manifest, tmp_path)
    assert any(note.startswith("INCONCLUSIVE") and f"{5 - lost} of 5 seeds" in note for note in table.notes)
    assert not any(entry.best for row in table.entries for entry in row if entry)
    assert any(f"nothing in bold: LSTM ({5 - lost} of 5 seeds)" in note for note in table.notes)


def test_costs_that_are_known_before_a_run_are_decided_without_it(tmp_path):
    manifest = write_ladder(tmp_path)
    lose(tmp_path, LSTM, range(3), None)
    card = {"kind": "floor", "label": "LSTM", "metric": "params", "at_most": 1e9, "claim": "small"}
    assert evaluate_cards(manifest | {"cards": [card]}, load_cells(manifest, tmp_path))[0].verdict == "holds"


def test_an_order_on_few_seeds_is_about_these_items_and_one_of_counted_rows_is_not(tmp_path):
    few, many = (write_ladder(tmp_path / str(seeds), seeds=seeds) for seeds in (3, 5))
    card = {"kind": "order", "claim": "c", "better": "Transformer, rotary", "worse": "LSTM", "metric": "test.perplexity", "source": "s"}
    for manifest, runs, verdict in ((few, "3", "holds on these items"), (many, "5", "holds")):
        found = evaluate_cards(manifest | {"cards": [card]}, load_cells(manifest, tmp_path / runs))
        assert [one.verdict for one in found] == [verdict]
        assert any(note.startswith("On these items") for note in cards_sheet(found).notes) == (runs == "3")


def test_claims_and_comparisons_of_one_pair_are_one_test(tmp_path):
    manifest = write_ladder(tmp_path, seeds=5)  # its baseline is the LSTM
    versus = {"kind": "order", "claim": "c", "better": "LSTM", "metric": "test.perplexity", "source": "s"}
    alone, both = manifest | {"cards": []}, manifest | {"cards": [{**versus, "worse": row} for row in ("GRU", "Elman")] * 3}
    cells = load_cells(manifest, tmp_path)
    for one, other in zip(comparison_families(alone, cells).named, comparison_families(both, cells).named, strict=True):
        assert (one.p_holm, one.verdict) == (other.p_holm, other.verdict)
    found = comparison_families(both, cells)
    by_row = {comparison.better: comparison for comparison in found.named}
    for order in found.orders.values():
        (claimed,) = order
        assert (claimed.p_holm, claimed.significant) == (by_row[claimed.worse].p_holm, by_row[claimed.worse].significant)
        assert claimed.difference == -by_row[claimed.worse].difference


def test_a_claim_about_what_has_no_direction_needs_its_own(tmp_path):
    manifest = write_ladder(tmp_path, seeds=5)
    cells = load_cells(manifest, tmp_path)
    order = {"kind": "order", "claim": "c", "better": "LSTM", "worse": "Elman", "metric": "seconds.train", "source": "s"}
    with pytest.raises(StepladderError, match='Add direction = "higher" or direction = "lower"'):
        check_spec(manifest | {"cards": [order]}, cells)
    with pytest.raises(StepladderError, match="better the other way round"):
        check_spec(manifest | {"cards": [{**order, "metric": "test.perplexity", "direction": "higher"}]}, cells)
    ways = [{**order, "metric": "test.perplexity"}, {**order, "metric": "extra.nats", "direction": "lower"}]
    ways += [{**order, "metric": "extra.nats", "direction": "higher"}]
    numbered = [with_extra(cell) for cell in cells]
    verdicts = [one.verdict for one in evaluate_cards(manifest | {"cards": ways}, numbered)]
    assert [verdict.split(":")[0] for verdict in verdicts] == ["not decided", "not decided", "not decided"]
    write_run(tmp_path, "2a7c7c7c7c7c", 2, 4.9, 0.01, 1)
    numbered = [with_extra(cell) for cell in load_cells(manifest, tmp_path)]
    assert [one.verdict for one in evaluate_cards(manifest | {"cards": ways}, numbered)] == ["holds", "holds", "fails"]


def with_extra(cell):
    results = {seed: result | {"extra": {"nats": result["metrics"]["test"]["loss"]}} for seed, result in cell.results.items()}
    return replace(cell, results=results)


CHANGES = [
    ({"at_most": 2000.0}, "changed since launch. Launched and judged with at_most = 1000.0; now at_most = 2000.0."),
    ({"amended": "a wider bound"}, 'Launched and judged with no amended; now amended = "a wider bound".'),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_what_was_claimed_at_the_launch_is_judged_and_what_was_changed_is_shown(ladder, change, told):
    today = [{**CLAIMS[0], **change}, CLAIMS[1], {**CLAIMS[0], "claim": "another"}]
    manifest = ladder.manifest | {"cards": CLAIMS[:3], "cards_today": today}
    (changed, gone, added) = card_changes(manifest)
    assert changed.startswith("floor: ")
    assert told in changed
    assert gone == "order: taken out since launch, and judged all the same."
    assert added == "another: added since launch, and not judged."
    judged = evaluate_cards(manifest, load_cells(*ladder))
    assert [one.claim for one in judged] == ["floor", "LSTM, test perplexity", "order"]
    assert cards_sheet(judged, changes=card_changes(manifest)).notes[-3:] == (changed, gone, added)
    assert card_changes(ladder.manifest) == card_changes(manifest | {"cards_today": CLAIMS[:3]}) == []


def test_an_amended_card_says_why(ladder):
    card = {**CLAIMS[0], "amended": "the first bound was of another corpus"}
    sheet = cards_sheet(evaluate_cards(ladder.manifest | {"cards": [card]}, load_cells(*ladder)))
    assert "floor: amended: the first bound was of another corpus." in sheet.notes


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
