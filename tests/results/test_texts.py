"""Drawn texts in tables, comparisons and figures: errors of scores against a loop over sacrebleu, levels by simulation."""

import json

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.significance import PairedTest
from test_plots import texts as said

from research.compare.cells import load_cells
from research.compare.families import named_comparisons
from research.compare.item_tests import estimate_items, has_statistic, item_interval, paired_items_p
from research.compare.statistics import Items, average_items, read_run_items
from research.compare.tables import build_table
from research.metrics.corpus_texts import corpus_bleu
from research.metrics.diversity import DIVERSITIES
from research.metrics.item_values import measure_fields
from research.report.alignment_plot import Alignment, alignment_plot
from research.report.figures import sweep_figures
from research.report.sheets import table_sheet
from research.report.terminal import terminal_text
from research.runs import store
from research.runs.measures import direction, number, title
from research.text.translation_scores import metric_signatures, text_items

WORDS = np.array(["a", "b", "c", "d", "e", "f", "g", "h"])


def corpus(random, n: int = 60) -> list[list[str]]:
    return [list(random.choice(WORDS, random.integers(4, 9))) for _ in range(n)]


def drawn_from(references, wrong: float, random) -> list[str]:
    return [" ".join(random.choice(WORDS) if random.random() < wrong else word for word in words) for words in references]


def run(drawn: list[str], references, ids=None) -> Items:
    arrays = {"id": np.arange(len(drawn)) if ids is None else ids, "tokens": np.array([len(words) for words in references])}
    return read_run_items(arrays | text_items(drawn, [" ".join(words) for words in references]))


def matched(right: np.ndarray) -> Items:
    """Items of texts of eight words, of which these are right: the counts of BLEU alone."""
    n = len(right)
    runs = [np.lib.stride_tricks.sliding_window_view(right, k, axis=1).all(-1).sum(1) for k in (1, 2, 3, 4)]
    counts = np.stack([np.full(n, 8), np.full(n, 8), *runs, *(np.full(n, 9 - k) for k in (1, 2, 3, 4))], axis=1)
    return read_run_items({"id": np.arange(n), "tokens": np.full(n, 8), "bleu": counts})


@pytest.mark.parametrize(("metric", "scorer"), [("bleu", lambda: BLEU(force=True)), ("chrf", CHRF)])
def test_the_error_of_a_score_over_seeds_is_the_jackknife_of_sacrebleus_scores(metric, scorer):
    random = np.random.default_rng(0)
    references = corpus(random, 12)
    seeds = [drawn_from(references, wrong, random) for wrong in (0.1, 0.5, 0.9)]
    wanted = [" ".join(words) for words in references]

    def score(chosen):
        each = [scorer().corpus_score([texts[i] for i in chosen], [[wanted[i] for i in chosen]]).score for texts in seeds]
        return float(np.mean(each))

    found = estimate_items(average_items([run(texts, references) for texts in seeds]), metric)
    without = np.array([score([i for i in range(12) if i != left_out]) for left_out in range(12)])
    assert found.value == pytest.approx(score(range(12)), abs=1e-9)
    assert found.error == pytest.approx(np.sqrt(11 / 12 * np.sum((without - without.mean()) ** 2)))


def test_texts_of_several_seeds_are_joined_by_id_and_their_counts_kept_apart():
    random = np.random.default_rng(1)
    references = corpus(random, 9)
    first, second = drawn_from(references, 0.2, random), drawn_from(references, 0.4, random)
    order = random.permutation(9)
    shuffled = run([second[i] for i in order], [references[i] for i in order], order)
    found, straight = average_items([run(first, references), shuffled]), average_items([run(first, references), run(second, references)])
    assert found.fields["bleu"].shape == (9, 2, 10)
    assert found.fields["chrf"].shape == (9, 2, 18)
    np.testing.assert_array_equal(found.id, straight.id)
    assert found.fields.keys() == straight.fields.keys()
    for name, values in found.fields.items():
        np.testing.assert_array_equal(values, straight.fields[name])
    exact = [run(texts, references).fields["exact"] for texts in (first, second)]
    np.testing.assert_array_equal(found.fields["exact"], sum(exact) / 2)


def test_the_p_of_a_corpus_score_is_near_sacrebleus_own_test():
    random = np.random.default_rng(2)
    references = corpus(random, 80)
    wanted = [" ".join(words) for words in references]
    a, b = (drawn_from(references, wrong, random) for wrong in (0.20, 0.25))
    _, scores = PairedTest([("a", a), ("b", b)], {"BLEU": BLEU(force=True, references=[wanted])}, None, "ar", n_samples=2000)()
    theirs = scores["BLEU"][1].p_value
    assert 0.02 < theirs < 0.9
    assert paired_items_p(run(a, references), run(b, references), "bleu") == pytest.approx(theirs, abs=0.08)


def test_without_a_difference_5_percent_of_bleus_are_called_different():
    random = np.random.default_rng(3)
    p_values = []
    for _ in range(150):
        hard = random.uniform(0.4, 1.0, (80, 1))
        a, b = (matched(random.random((80, 8)) < hard) for _ in range(2))
        p_values.append(paired_items_p(a, b, "bleu"))
    assert 0.01 <= np.mean(np.array(p_values) < 0.05) <= 0.11
    assert 0.4 <= np.mean(p_values) <= 0.6


def test_an_interval_of_bleu_holds_the_bleu_of_the_population_about_as_often_as_it_says():
    random = np.random.default_rng(4)
    draw = lambda n: matched(random.random((n, 8)) < random.uniform(0.5, 1.0, (n, 1)))
    score = lambda items: float(corpus_bleu(items.fields["bleu"].sum(axis=(0, 1)).astype(float)))
    truth = score(draw(200_000))
    intervals = [item_interval(items, "bleu", score(items)) for items in (draw(100) for _ in range(400))]
    assert 0.91 <= np.mean([interval.low <= truth <= interval.high for interval in intervals]) <= 0.98


def test_exact_match_counts_texts_and_not_their_tokens():
    random = np.random.default_rng(5)
    right = random.random(500) < 0.3
    items = Items(np.arange(500), random.integers(1, 50, 500), {"exact": right.astype(float)})
    assert item_interval(items, "exact_match", right.mean()).half == pytest.approx(1.96 * np.sqrt(0.3 * 0.7 / 500), rel=0.1)
    finer = items._replace(tokens=items.tokens + 1)  # another tokenizer, the same texts
    assert paired_items_p(items, finer, "exact_match") == 1.0
    assert not has_statistic(items, "bleu")


@pytest.mark.parametrize("name", [metric.name for metric in DIVERSITIES])
def test_diversity_is_a_mean_over_sources_with_an_interval_and_a_test(name):
    values = 0.4 + 0.09 * np.random.default_rng(6).standard_normal(500)
    items = read_run_items({"id": np.arange(500), "tokens": np.arange(1, 501), name: values})
    assert item_interval(items, name, values.mean()).half == pytest.approx(1.96 * values.std() / np.sqrt(500), rel=0.1)
    more_alike = read_run_items({"id": np.arange(500), "tokens": np.ones(500, int), name: values + 0.01})
    assert has_statistic(items, name)
    assert paired_items_p(items, items, name) == 1.0
    assert paired_items_p(items, more_alike, name) < 0.001


def test_measures_know_their_direction_and_are_written_with_one_decimal():
    better = {"bleu": 1, "chrf": 1, "exact_match": 1, "token_accuracy": 1, "bleu_at_12": 1, "self_bleu": -1, "distinct_2": 1}
    assert {name: direction(f"test.{name}") for name in better} == better
    assert [number("test.bleu", 5.1234), number("test.self_bleu", 41.25), number("test.exact_match", 0.5)] == ["5.1", "41.2", "50.00"]
    assert [title(f"test.{name}") for name in ("bleu", "chrf_at_5", "self_bleu")] == ["test BLEU", "test chrF at 5", "test self-BLEU"]


def test_a_table_of_texts_says_what_the_files_say(texts):
    table = build_table(*texts)
    entries = {row[0]: line for row, line in zip(table.rows, table.entries, strict=True)}
    folder = store.seed_folder(texts.runs, "1db3b3b3b3b3", 3)
    assert entries["LSTM"][0].values[3] == measure_fields(store.read_items(folder))["bleu"]
    assert [entry.source for entry in entries["copy of the source"]] == ["items"] * 4
    assert [entry.source for entry in entries["LSTM"]] == ["seeds"] * 4


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_terminal_shows_scores_intervals_and_signature(texts, width):
    sheet = table_sheet(build_table(*texts))
    shown = terminal_text(sheet, width)
    assert max(map(len, shown.splitlines())) <= width
    assert all(text.text in shown for row in sheet.rows for text in row[1:])
    row = next(row for row in sheet.rows if row[0].text == "copy of the source")
    assert row[1].text.endswith("*")
    assert {len(text.text.split(" ")[0].split(".")[1]) for row in sheet.rows for text in row[1:3]} == {1}
    assert f"BLEU: sacrebleu, {metric_signatures()['bleu']}." in sheet.notes
    assert f"chrF: sacrebleu, {metric_signatures()['chrf']}." in sheet.notes
    assert metric_signatures()["bleu"].split("|")[-1] in shown


def test_rows_scored_with_two_signatures_are_named(texts, tmp_path):
    import shutil

    runs = tmp_path / "runs"
    shutil.copytree(texts.runs, runs)
    for seed in range(5):
        path = store.seed_folder(runs, "1db3b3b3b3b3", seed) / "result.json"
        store.write_text(path, path.read_text().replace("tok:13a", "tok:char"))
    notes = build_table(texts.manifest, runs).notes
    assert any(note.startswith("BLEU (LSTM): sacrebleu") and "tok:char" in note for note in notes)
    assert any(note.startswith("BLEU (copy of the source, LSTM + attention, Transformer): sacrebleu") for note in notes)
    assert any(note.startswith("chrF: sacrebleu") for note in notes)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "exact_match", "token_accuracy"])
def test_comparisons_of_texts_have_both_tests(texts, metric):
    spec = texts.manifest["spec"] | {"metric": f"test.{metric}"}
    versus = [{"better": "LSTM + attention", "worse": "LSTM"}, {"better": "Transformer", "worse": "LSTM + attention"}]
    clear, close = named_comparisons(texts.manifest | {"spec": spec | {"comparisons": versus}}, load_cells(*texts))
    assert clear.verdict == "better"
    assert max(clear.p_seeds, clear.p_items) < 0.01
    assert close.verdict == "not different"
    assert close.p_items > 0.05


def test_the_figures_of_texts_name_their_rows(texts):
    drawn = {picture.name: picture for picture in sweep_figures(texts.manifest, load_cells(*texts))}
    assert list(drawn) == ["source_lengths", "diversity"]
    rows = {cell["labels"]["label"] for cell in texts.manifest["cells"]}
    assert rows | {"source length, symbols", "test BLEU", "4", "12"} <= set(said(drawn["source_lengths"]))
    assert rows | {"test self-BLEU (less is more diverse)"} <= set(said(drawn["diversity"]))


def test_a_diversity_point_of_a_column_is_named(texts):
    manifest = json.loads(json.dumps(texts.manifest))
    for cell, (model, temperature) in zip(manifest["cells"], [("a", 0.5), ("a", 1.0), ("b", 0.5), ("b", 1.0)], strict=True):
        cell["labels"] = {"model": model, "decode.temperature": temperature}
    manifest["spec"]["table"] = {"rows": "model", "columns": "decode.temperature"}
    (drawn,) = (picture for picture in sweep_figures(manifest, load_cells(manifest, texts.runs)) if picture.name == "diversity")
    assert {"a", "b", "temperature 0.5", "temperature 1"} <= set(said(drawn))
    assert "beside it its temperature" in drawn.caption


def test_an_alignment_has_a_cell_a_weight_and_an_outline_a_truth():
    random = np.random.default_rng(6)
    source, target = ["the", "red", "house"], ["das", "rote", "Haus", "</s>"]
    weights = random.dirichlet(np.ones(3), size=4)
    examples = [Alignment(source, target, weights, "one"), Alignment(["x"], ["y", "z"], np.ones((2, 1)))]
    plain = alignment_plot("map", "Alignment", examples)
    outlined = alignment_plot("map", "Alignment", [examples[0]._replace(truth=(0, 1, 2, -1)), examples[1]])
    assert {*source, *target, "one", "x", "y", "z"} <= set(said(plain))
    assert plain.drawn == alignment_plot("map", "Alignment", examples).drawn
    assert outlined.svg.count("<path") - plain.svg.count("<path") == 3
