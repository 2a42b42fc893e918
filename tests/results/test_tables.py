"""A table says what the files say: recomputed by hand, with what became of every seed, the same bytes each time."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_runs import write_grid, write_ladder, write_run
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from research.compare.cells import axes_of, load_cells
from research.compare.comparisons import compare_cells, find_best, holm_adjust, unranked
from research.compare.families import named_comparisons
from research.compare.number_texts import DASH
from research.compare.scoring_notes import eval_context
from research.compare.statistics import NO_ITEMS, Items, SeedItems
from research.compare.tables import build_table, measure_cell
from research.config.errors import StepladderError
from research.report.formats.comma_separated import table_csv
from research.report.formats.latex import latex
from research.report.formats.markdown import markdown
from research.report.sheets import comparisons_sheet, table_sheet
from research.report.terminal import terminal_text
from research.runs import store

GOLDEN = Path(__file__).parent / "golden"


def by_label(table, column=0) -> dict:
    return {", ".join(row): line[column] for row, line in zip(table.rows, table.entries, strict=True)}


def test_a_mean_and_its_interval_are_those_of_the_files(ladder):
    entry = by_label(build_table(*ladder))["GRU"]
    values = [store.read_result(store.seed_folder(ladder.runs, "3a7c7c7c7c7c", seed))["metrics"]["test"]["perplexity"] for seed in range(3)]
    assert entry.interval.mean == pytest.approx(np.mean(values))
    np.testing.assert_allclose(entry.interval[1:], stats.t.interval(0.95, 2, np.mean(values), stats.sem(values)))
    assert (entry.source, dict(entry.counts)) == ("seeds", {"done": 3})


def test_what_became_of_every_seed_is_shown(ladder):
    table = build_table(*ladder)
    entries, sheet = by_label(table), table_sheet(table)
    shown = {row[0].text: f"{row[1].text} {row[1].note}" for row in sheet.rows}
    assert entries["Elman"].lost == {"diverged": 1}
    assert shown["Elman"].endswith("1 diverged")
    assert len(entries["Elman"].values) == 2
    assert shown["causal CNN"].endswith("1 failed")
    assert shown["Transformer, learned"].startswith("cannot")
    assert entries["5-gram Kneser-Ney"].source == "items"
    assert shown["5-gram Kneser-Ney"].strip().endswith("*")


@pytest.mark.parametrize(("status", "shown"), [("failed", "3 failed"), ("running", "3 stopped"), (None, "not run")])  # by nobody alive
def test_a_cell_without_any_result_says_why(tmp_path, status, shown):
    manifest = write_ladder(tmp_path)
    for seed in range(3):
        folder = store.seed_folder(tmp_path, "3a7c7c7c7c7c", seed)
        shutil.rmtree(folder)
        if status:
            store.write_json(folder / "status.json", {"status": status, "step": 1, "steps": 2, "message": ""})
    sheet = table_sheet(build_table(manifest, tmp_path))
    assert sheet.rows[2][1].text == shown
    assert named_comparisons(manifest, load_cells(manifest, tmp_path))[2].verdict == "not run"


def test_a_result_without_its_status_is_not_done(tmp_path):
    manifest = write_ladder(tmp_path)
    (store.seed_folder(tmp_path, "3a7c7c7c7c7c", 0) / "status.json").unlink()  # status.json is written last
    assert by_label(build_table(manifest, tmp_path))["GRU"].lost == {"not run": 1}


def test_bold_is_for_the_significantly_best_alone(grid):
    table = build_table(*grid)
    first, second = ([line[column].best for line in table.entries] for column in (0, 1))
    assert first == [False, False, False]  # mlp is ahead of scaled_dot by less than its noise
    assert second == [False, False, True]
    assert any("heads 1: mlp has the best mean, not significantly different from scaled_dot" in note for note in table.notes)


@pytest.mark.parametrize("row", ["7a7c7c7c7c7c", "3a7c7c7c7c7c"])
def test_while_a_row_has_lost_a_seed_nothing_is_bold(tmp_path, row):
    manifest = write_ladder(tmp_path)
    write_run(tmp_path, "2a7c7c7c7c7c", 2, 4.9, 0.01, 1)  # what the ladder loses
    write_run(tmp_path, "5a7c7c7c7c7c", 1, 4.8, 0.01, 1)
    assert by_label(build_table(manifest, tmp_path))["Transformer, rotary"].best
    told = store.seed_folder(tmp_path, row, 1) / "status.json"
    store.write_json(told, store.read_json(told) | {"status": "diverged"})
    table = build_table(manifest, tmp_path)
    assert not any(entry.best for line in table.entries for entry in line)
    assert any("nothing in bold" in note and "2 of 3 seeds" in note for note in table.notes)


def test_a_row_that_diverged_on_every_seed_is_named_and_leaves_the_others_decided(tmp_path):
    manifest = write_ladder(tmp_path)
    for seed in range(3):
        store.write_json(store.seed_folder(tmp_path, "2a7c7c7c7c7c", seed) / "status.json", {"status": "diverged"})
    write_run(tmp_path, "5a7c7c7c7c7c", 1, 4.8, 0.01, 1)
    table = build_table(manifest, tmp_path)
    assert by_label(table)["Transformer, rotary"].best
    assert any("It takes no test to tell Elman (diverged), Transformer, learned (cannot)." in note for note in table.notes)


def test_places_of_one_cell_are_the_same_run_and_bold_together(tmp_path):
    manifest = write_ladder(tmp_path, seeds=5)
    write_run(tmp_path, "2a7c7c7c7c7c", 2, 4.9, 0.01, 1)
    write_run(tmp_path, "5a7c7c7c7c7c", 1, 4.8, 0.01, 1)
    rotary = next(entry for entry in manifest["cells"] if entry["labels"]["label"] == "Transformer, rotary")
    manifest["cells"].insert(0, rotary | {"labels": {"label": "twin"}})
    cells = load_cells(manifest, tmp_path)
    table = build_table(manifest, tmp_path, cells=cells)
    assert {row for row, entry in by_label(table).items() if entry.best} == {"twin", "Transformer, rotary"}
    assert any("twin and Transformer, rotary, one and the same run, (bold)" in note for note in table.notes)
    twins = {cell.labels["label"]: cell for cell in cells}
    same = compare_cells(twins["twin"], twins["Transformer, rotary"], "test.perplexity", axes_of(manifest))
    assert (same.verdict, same.difference, same.p) == ("the same run", 0.0, None)
    spec = manifest["spec"] | {"comparisons": [{"better": "twin", "worse": "Transformer, rotary"}, {"better": "twin", "worse": "LSTM"}]}
    found = named_comparisons(manifest | {"spec": spec, "cards": []}, cells)
    assert [one.verdict for one in found] == ["the same run", "better"]
    assert found[1].p_holm == found[1].p


def test_tuning_picks_on_validation_and_shows_the_pick_alone(tmp_path):
    manifest = write_grid(tmp_path)
    picked = {cell.cell_id[1] for cell in load_cells(manifest, tmp_path)}
    assert picked == {"1"}
    for seed in range(5):  # a better test score of the other value changes nothing; a better validation score does
        for cell in ("00e5e5e5e5e5", "20e5e5e5e5e5"):
            path = store.seed_folder(tmp_path, cell, seed) / "result.json"
            result = store.read_json(path)
            result["metrics"]["test"] = {"perplexity": 1.0, "accuracy": 1.0}
            if cell.startswith("2"):
                result["metrics"]["valid"]["perplexity"] = 2.0
            store.write_json(path, result)
    cells = load_cells(manifest, tmp_path)
    assert [cell.cell_id[:2] for cell in cells if cell.cell_id[1] == "0"] == ["20"]
    assert {cell.trials for cell in cells} == {2}


def test_a_tuned_value_that_lost_seeds_loses_to_one_that_did_not(tmp_path):
    manifest = write_grid(tmp_path)
    for seed in range(4):
        told = store.seed_folder(tmp_path, "01e5e5e5e5e5", seed) / "status.json"
        store.write_json(told, store.read_json(told) | {"status": "diverged"})
    assert load_cells(manifest, tmp_path)[0].cell_id == "00e5e5e5e5e5"


def test_a_comparison_needs_both_tests_where_both_exist(grid):
    cells = {(cell.labels["model.mixer.score.kind"], cell.labels["model.mixer.heads"]): cell for cell in load_cells(*grid)}
    named = {(c.better, c.worse, c.column): c for c in named_comparisons(grid.manifest, tuple(cells.values()))}
    close = named["mlp", "scaled_dot", "heads 1"]
    assert close.p_seeds < 0.05 < close.p_items
    assert (close.p, close.significant, close.verdict) == (close.p_both, False, "not different")
    clear = named["mlp", "scaled_dot", "heads 4"]
    assert clear.p_holm >= clear.p == max(clear.p_seeds, clear.p_items, clear.p_both)
    assert clear.verdict == "worse"
    a, b = cells["mlp", 4].values("test.perplexity"), cells["scaled_dot", 4].values("test.perplexity")
    assert clear.p_seeds == pytest.approx(stats.ttest_rel(list(a.values()), list(b.values())).pvalue)


@pytest.fixture(scope="module")
def grid_cells(grid):
    return load_cells(*grid)


@pytest.fixture(scope="module")
def axes(grid):
    return axes_of(grid.manifest)


def with_values(cell, metric, values):
    """The cell with these results alone, by seed: one metric, and no items."""
    split, name = metric.split(".")
    results = {seed: {"metrics": {split: {name: value}}, "cost": {}} for seed, value in values.items()}
    return replace(cell, results=results, items=NO_ITEMS)


def test_difference_and_tests_are_over_the_seeds_that_both_finished(grid):
    cells, axes = load_cells(*grid), axes_of(grid.manifest)
    noise = np.random.default_rng(0).normal(0, 0.1, 15)
    a = with_values(cells[0], "test.perplexity", {seed: (90 if seed < 5 else 130) + noise[seed] for seed in range(10)})
    b = with_values(cells[2], "test.perplexity", {seed: 95 + noise[10 + seed] for seed in range(5)})
    for left, right, verdict in ((a, b, "better"), (b, a, "worse")):
        (found,) = holm_adjust([compare_cells(left, right, "test.perplexity", axes)])
        assert (found.verdict, found.seeds) == (verdict, 5)
        assert abs(found.difference) == pytest.approx(5, abs=0.2)


@given(
    values=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=7),
    metric=st.sampled_from(["test.perplexity", "test.accuracy", "tokens_per_second", "extra.weight"]),
    lost=st.sets(st.integers(0, 7)),
)
def test_a_verdict_turns_round_with_the_rows(grid_cells, axes, values, metric, lost):
    """Of losses and of scores, of costs without a direction, with lost seeds, with and without items."""
    split, _, name = metric.partition(".")
    result = lambda value: {"metrics": {split: {name: value}}} if split == "test" else {"cost": {metric: value}, "extra": {name: value}}
    seeds = lambda side: {seed: result(100.0 + pair[side]) for seed, pair in enumerate(values) if seed not in lost or side}
    plain = [replace(cell, results=seeds(side)) for side, cell in enumerate(grid_cells[:2])]
    (one,), (other,) = (holm_adjust([compare_cells(*pair, metric, axes)]) for pair in (plain, plain[::-1]))
    turned = {"better": "worse", "worse": "better", "higher": "lower", "lower": "higher"}
    assert other.verdict == turned.get(one.verdict, one.verdict)
    assert (other.p, other.seeds, other.contradicted) == (one.p, one.seeds, one.contradicted)
    assert one.difference is None or other.difference == -one.difference
    assert one.verdict not in (("better", "worse") if split != "test" else ("higher", "lower"))


def test_a_cost_is_higher_or_lower_and_never_better(grid):
    cells, axes = load_cells(*grid), axes_of(grid.manifest)
    speed = lambda cell, base, by: replace(cell, results={s: {"cost": {"tokens_per_second": base + s % by}} for s in range(5)})
    fast, slow = speed(cells[0], 1000, 3), speed(cells[2], 500, 5)
    assert [holm_adjust([compare_cells(*pair, "tokens_per_second", axes)])[0].verdict for pair in ((fast, slow), (slow, fast))] == [
        "higher",
        "lower",
    ]


def test_fewer_than_five_seeds_make_no_claim_about_seeds(ladder):
    found = named_comparisons(ladder.manifest, load_cells(*ladder))
    assert {c.p_seeds for c in found} == {None}
    assert all(c.note.startswith("fewer than 5 seeds") for c in found if c.difference is not None)


def test_a_seed_that_disagrees_outweighs_the_items(tmp_path):
    manifest = write_ladder(tmp_path)
    before = named_comparisons(manifest, load_cells(manifest, tmp_path))[-2]
    assert (before.better, before.verdict) == ("Transformer, rotary", "better")
    path = store.seed_folder(tmp_path, "7a7c7c7c7c7c", 1) / "result.json"
    result = store.read_json(path)
    result["metrics"]["test"]["perplexity"] = 125.0  # the mean is still ahead, the items too
    store.write_json(path, result)
    after = named_comparisons(manifest, load_cells(manifest, tmp_path))[-2]
    assert after.difference < 0
    assert after.p_items < 0.05
    assert (after.verdict, after.note) == ("not different", "fewer than 5 seeds, and they disagree")


def test_a_deterministic_row_stands_beside_every_seed(grid):
    cells, axes = load_cells(*grid), axes_of(grid.manifest)
    one = replace(cells[0], deterministic=True, results={0: cells[0].results[0]})
    found = compare_cells(one, cells[2], "test.perplexity", axes)
    fixed = one.values("test.perplexity")[0]
    assert found.p_seeds == pytest.approx(stats.ttest_1samp(list(cells[2].values("test.perplexity").values()), fixed).pvalue)
    both = compare_cells(one, replace(cells[2], deterministic=True), "test.perplexity", axes)
    assert (both.p_seeds, both.note) == (None, "one run each: items only")
    equal = compare_cells(one, replace(one, cell_id="another"), "test.perplexity", axes)
    assert (equal.difference, equal.verdict, equal.note) == (0.0, "not different", "one run each, and the rows are equal")


def test_a_comparison_on_validation_has_no_items_and_says_so(grid):
    cells = load_cells(*grid)
    (found,) = holm_adjust([compare_cells(cells[5], cells[2], "valid.perplexity", axes_of(grid.manifest))])
    assert found.p_items is None
    assert found.note.startswith("seeds only")
    assert found.verdict == "better"


def score_on(manifest, runs, **targets):
    """Says of each score what its runs predicted: `text/targets`."""
    for entry in manifest["cells"]:
        text, _, predicted = targets[entry["labels"]["model.mixer.score.kind"]].partition("/")
        for seed in entry["seeds"]:
            path = store.seed_folder(runs, entry["cell_id"], seed) / "result.json"
            said = {split: {"text": text, "targets": text + predicted} for split in ("valid", "test")}
            store.write_json(path, store.read_json(path) | {"scored_on": said})
    return load_cells(manifest, runs)


@pytest.mark.parametrize("metric", ["test.perplexity", "test.accuracy", "test.accuracy_at_2", "valid.perplexity"])
def test_five_seeds_on_other_test_data_of_equal_size_make_no_verdict(tmp_path, metric):
    manifest = write_grid(tmp_path)
    spec = manifest["spec"] | {"metric": metric}
    cells = score_on(manifest, tmp_path, mlp="a", dot="b", scaled_dot="a")
    found = {(c.better, c.worse, c.column): c for c in named_comparisons(manifest | {"spec": spec}, cells)}
    apart = found["scaled_dot", "dot", "heads 4"]
    assert apart.verdict == "not comparable"
    assert (apart.difference, apart.p_seeds, apart.p_items, apart.p, apart.p_holm) == (None,) * 5
    assert apart.note == f"other {metric.partition('.')[0]} data"
    near = found["mlp", "scaled_dot", "heads 4"]
    assert near.verdict == "worse"
    assert near.p_holm <= 2 * near.p  # what does not compare takes no part in Holm's family
    row = next(row for row in comparisons_sheet(list(found.values())).rows if row[1].text == "dot")
    assert [text.text for text in row[3:5]] == [DASH, "not comparable"]
    assert {text.text for text in row[5:]} == {DASH}
    assert row[4].note == apart.note


def changed_items(cell, change):
    """The cell with the items of each of its seeds changed."""
    return replace(cell, items=SeedItems({seed: change(items) for seed, items in cell.items.by_seed.items()}))


def test_other_tokens_of_the_same_text_compare_in_bits_a_character_alone(tmp_path):
    manifest = write_grid(tmp_path)
    cells, axes = score_on(manifest, tmp_path, mlp="a/pieces", dot="a/characters", scaled_dot="a/pieces"), axes_of(manifest)
    finer = changed_items(cells[3], lambda items: items._replace(tokens=3 * items.tokens))
    bits = lambda cell: {seed: {**result, "metrics": {"test": {"bits_per_character": seed + 1.0}}} for seed, result in cell.results.items()}
    a, b = cells[1], finer
    found = compare_cells(a, b, "test.perplexity", axes)
    assert (found.verdict, found.note) == ("not comparable", "the same test text, but other targets")
    a, b = (replace(cell, results=bits(cell)) for cell in (a, b))
    assert compare_cells(a, b, "test.bits_per_character", axes).p_items is not None


def test_what_is_no_score_of_a_split_compares_between_any_rows(tmp_path):
    manifest = write_grid(tmp_path)
    cells = score_on(manifest, tmp_path, mlp="a", dot="b", scaled_dot="c")
    assert compare_cells(cells[0], cells[2], "seconds", axes_of(manifest)).verdict != "not comparable"


def test_a_row_with_other_test_data_is_not_ranked_and_the_table_says_so(tmp_path):
    manifest = write_grid(tmp_path)
    score_on(manifest, tmp_path, mlp="a", dot="a", scaled_dot="b")
    table = build_table(manifest, tmp_path)
    assert [line[1].best for line in table.entries] == [True, False, False]  # scaled_dot has the best mean
    assert any(
        "heads 4" in note and note.endswith("not ranked, as scored on other data or in other tokens: scaled_dot.") for note in table.notes
    )
    assert not any("best seed" in note for note in table.notes if "not ranked" in note)


def test_where_no_two_rows_compare_nothing_is_bold(tmp_path):
    manifest = write_grid(tmp_path)
    score_on(manifest, tmp_path, mlp="a", dot="b", scaled_dot="c")
    table = build_table(manifest, tmp_path)
    assert not any(entry.best for line in table.entries for entry in line if entry)
    assert any("no row is ranked: they were scored on different data" in note for note in table.notes)
    assert not any(note.startswith("Tested:") for note in table.notes)


def test_two_groups_of_one_size_rank_nobody(tmp_path):
    manifest = write_ladder(tmp_path)
    cells = [cell for cell in load_cells(manifest, tmp_path) if cell.results][:4]
    two = [changed_items(cell, lambda items, i=i: items._replace(id=items.id + i // 2)) for i, cell in enumerate(cells)]
    assert unranked(two, "test.perplexity") == (0, 1, 2, 3)
    assert find_best(two, "test.perplexity", axes_of(manifest)) is None
    assert unranked(two[:3], "test.perplexity") == (2,)
    assert unranked(cells, "test.perplexity") == unranked(two[:1], "test.perplexity") == unranked(two, "params") == ()


CONTROLS = [(160, "below", "holds"), (140, "below", "INCONCLUSIVE"), (160, "above", "INCONCLUSIVE")]


@pytest.mark.parametrize(("floor", "direction", "said"), CONTROLS)
def test_a_control_that_misses_its_floor_makes_the_table_inconclusive(ladder, floor, direction, said):
    control = ladder.manifest["control"] | {"floor": float(floor), "direction": direction}
    note = build_table(ladder.manifest | {"control": control}, ladder.runs).notes[0]
    assert said in note
    missing = control | {"label": "Transformer, learned"}
    assert "has not run" in build_table(ladder.manifest | {"control": missing}, ladder.runs).notes[0]


def test_a_column_that_is_the_same_everywhere_is_shown_once(grid):
    table = build_table(*grid)
    assert [column.title for column in table.columns if column.metric == "params.body"] == ["body parameters"]
    assert [column.title for column in table.columns if column.metric == "test.perplexity"] == ["1", "4"]


def test_the_best_seed_is_named_so(grid):
    table = build_table(*grid)
    column = next(i for i, column in enumerate(table.columns) if column.metric == "best_seed.test.accuracy")
    for line in table.entries:
        assert line[column].interval.mean == max(line[column].values.values())
        assert not line[column].best
    assert table.columns[column].group.startswith("best seed:")
    assert any("optimistic" in note for note in table.notes)


def test_the_context_of_scoring_is_said_with_its_defaults():
    said = eval_context({"data": {"kind": "ptb"}})
    assert said == "over the running text in windows of 64 tokens (16 segments)"
    assert "the last 8 tokens" in eval_context({"data": {"kind": "files", "length": 32}, "eval": {"stride": 8}})
    assert "sentence by sentence" in eval_context({"data": {"kind": "shakespeare"}, "eval": {"context": "sentence"}})
    assert eval_context({"data": {"kind": "copy"}}) == ""


def test_a_mistake_in_the_spec_is_named(ladder, grid):
    spec = ladder.manifest["spec"]
    with pytest.raises(StepladderError, match=r"did you mean `test\.perplexity`"):
        build_table(ladder.manifest | {"spec": spec | {"metric": "test.perplexty"}}, ladder.runs)
    with pytest.raises(StepladderError, match="did you mean `LSTM`"):
        named_comparisons(ladder.manifest | {"spec": spec | {"comparisons": [{"better": "LSTMs", "worse": "GRU"}]}}, load_cells(*ladder))
    one_axis = grid.manifest["spec"] | {"table": {"rows": "model.mixer.score.kind"}}
    with pytest.raises(StepladderError, match=r"they differ in model\.mixer\.heads"):
        build_table(grid.manifest | {"spec": one_axis}, grid.runs)


@pytest.mark.parametrize("name", ["ladder", "grid"])
def test_tables_are_the_golden_bytes(name, request):
    """After a deliberate change of a renderer, write them anew with STEPLADDER_GOLDEN=write and read the difference."""
    fake = request.getfixturevalue(name)
    table = build_table(*fake)
    sheet = table_sheet(table)
    compared = comparisons_sheet(named_comparisons(fake.manifest, load_cells(*fake)))
    drawn = {
        "md": markdown(sheet) + "\n" + markdown(compared),
        "tex": latex(sheet, f"tab:{name}"),
        "csv": table_csv(table),
        "txt": terminal_text(sheet, 80) + "\n" + terminal_text(sheet, 120),
    }
    for ending, text in drawn.items():
        path = GOLDEN / f"{name}.{ending}"
        if os.environ.get("STEPLADDER_GOLDEN") == "write":
            store.write_text(path, text)
        assert text == path.read_text(), path.name


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("name", ["ladder", "grid"])
def test_a_terminal_of_any_width_shows_every_number_and_breaks_no_word(name, width, request):
    fake = request.getfixturevalue(name)
    sheet = table_sheet(build_table(*fake))
    shown = terminal_text(sheet, width)
    assert max(map(len, shown.splitlines())) <= width
    words = set(shown.split())
    for row in sheet.rows:
        assert all(text.text in shown for text in row[sheet.labels :])
        assert all(word in words for text in row for word in f"{text.text} {text.note}".split())


def test_the_csv_is_read_back_by_pandas(ladder):
    import io

    import pandas as pd

    table = build_table(*ladder)
    frame = pd.read_csv(io.StringIO(table_csv(table))).set_index(["variant", "metric"])
    for label, entry in by_label(table).items():
        line = frame.loc[(label, "test.perplexity")]
        assert line["n"] == len(entry.values)
        if entry.interval is not None:
            wanted = entry.interval if entry.source != "none" else (entry.interval.mean, np.nan, np.nan)
            np.testing.assert_allclose(line[["mean", "low", "high"]].astype(float), wanted)


def test_latex_and_markdown_say_nothing_that_they_would_read_as_their_own(grid):
    manifest = json.loads(json.dumps(grid.manifest).replace('"mlp"', '"50% of_a & b | $c$ #1"'))
    sheet = table_sheet(build_table(manifest, grid.runs))
    assert r"50\% of\_a \& b \textbar{} \$c\$ \#1" in latex(sheet)
    line = next(line for line in markdown(sheet).splitlines() if "50%" in line)
    assert line.replace("\\|", "").count("|") == len(sheet.headings) + 1


@pytest.mark.parametrize(
    ("metric", "values", "shown"),
    [
        ("test.accuracy", [1.0, 1.0, 1.0], ("none", 1.0, 1.0)),  # nothing to say how sure: no interval
        ("test.accuracy", [1.0, 0.6, 0.9], ("seeds", None, 1.0)),
        ("test.perplexity", [890.0, 1062.0], ("none", 976.0, 976.0)),
        ("test.perplexity", [1.0, 1.0, 400.0], ("seeds", 0.0, None)),
        ("test.bleu", [99.0, 60.0, 90.0], ("seeds", None, 100.0)),
        ("test.correlation", [0.99, -0.9, 0.9], ("seeds", -1.0, 1.0)),
    ],
)
def test_an_interval_over_seeds_needs_three_and_some_spread_and_ends_where_the_metric_does(grid_cells, metric, values, shown):
    interval, source, _ = measure_cell(with_values(grid_cells[0], metric, dict(enumerate(values))), metric)
    assert interval.mean == pytest.approx(np.mean(values))
    for side, wanted in zip((interval.low, interval.high), shown[1:], strict=True):
        assert wanted is None or side == wanted
    assert source == shown[0]


def test_seeds_that_come_out_alike_have_the_interval_over_items(grid_cells):
    right = Items(np.arange(20), np.ones(20, np.int64), {"correct": np.ones(20)})
    cell = replace(
        with_values(grid_cells[0], "test.accuracy", dict.fromkeys(range(3), 1.0)), items=SeedItems(dict.fromkeys(range(3), right))
    )
    interval, source, _ = measure_cell(cell, "test.accuracy")
    assert source == "items"
    assert interval.low == pytest.approx(stats.binomtest(20, 20).proportion_ci(method="wilson").low)
