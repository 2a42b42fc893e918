"""A new metric is one entry: it is measured, named before the run, chosen by, tested and shown, and no other file knows it."""

import numpy as np
import pytest
import tomli_w
from scipy import stats
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from typer.testing import CliRunner

from research.cli import app
from research.compare.item_tests import item_interval, paired_items
from research.compare.statistics import average_items, read_run_items
from research.metrics.class_scores import CONFUSION
from research.metrics.correlations import RANKS, rank_pairs
from research.metrics.item_values import count_texts, measure_fields, measured_names
from research.metrics.losses import NATS
from research.metrics.metric_kind import ItemField, Metric, of_ranks, of_sums, ratio, stored_field
from research.metrics.registry import fields_made_of
from research.plugin import register_metric
from research.runs import store
from research.runs.measures import direction
from research.tasks.outcomes import token_sums

pytestmark = pytest.mark.usefixtures("registering")


def matthews(sums):
    """The correlation of classes (Gorodkin 2004), from counts of each class: right, predicted, there."""
    right, predicted, there = (sums[..., part::3] for part in range(3))
    n = there.sum(axis=-1)
    spread = np.sqrt((n**2 - (predicted**2).sum(axis=-1)) * (n**2 - (there**2).sum(axis=-1)))
    together = right.sum(axis=-1) * n - (predicted * there).sum(axis=-1)
    return np.where(spread > 0, together / np.where(spread > 0, spread, 1.0), 0.0)


def kendall(x, y, weights):
    """tau-b of the items of weight 1."""
    x_order, y_order = (np.sign(side[:, None] - side) for side in (x, y))
    both = [np.einsum("ri,ij,rj->r", weights, a * b, weights) for a, b in ((x_order, y_order), (x_order, x_order), (y_order, y_order))]
    spread = np.sqrt(both[1] * both[2])
    return np.where(spread > 0, both[0] / np.where(spread > 0, spread, 1.0), 0.0)


def entry(name, title, bounds, statistic, way=1):
    return Metric(name, title, way, bounds, "number", "split", "targets", name, "group", statistic, measured=True)


MATTHEWS = entry("matthews", "Matthews' phi", (-1.0, 1.0), of_sums(CONFUSION, matthews))
KENDALL = entry("kendall", "Kendall tau", (-1.0, 1.0), of_ranks(RANKS, kendall))
SURPRISE = entry("surprise", "surprise", (1.0, float("inf")), ratio(NATS, "tokens", "exponential"), way=-1)


def class_distances(arrays):
    """Of each item 1, the squared distance of its classes, both classes and their squares."""
    if not {"class", "predicted"} <= arrays.keys():
        return None
    x, y = (arrays[name].astype(float) for name in ("class", "predicted"))
    return np.stack([np.ones(len(x)), (x - y) ** 2, x, y, x * x, y * y], axis=1)


def quadratic_kappa(sums):
    """Cohen's (1968), of classes in an order: the distances that there are against those that chance would have."""
    n, distance, x, y, xx, yy = np.moveaxis(sums, -1, 0)
    by_chance = n * (xx + yy) - 2 * x * y
    return np.where(by_chance > 0, 1 - n * distance / np.where(by_chance > 0, by_chance, 1.0), 0.0)


ORDINAL = ItemField("class_distances", "counts", "targets", class_distances, None)
KAPPA = entry("quadratic_kappa", "quadratic kappa", (-1.0, 1.0), of_sums(ORDINAL, quadratic_kappa))


def text_lengths(written, references):
    return np.array([[len(a), len(b)] for a, b in zip(written, references, strict=True)])


LENGTHS = stored_field("lengths", "counts", "texts")._replace(of_texts=text_lengths)
LENGTH = entry("length_ratio", "length ratio", (0.0, float("inf")), of_sums(LENGTHS, lambda sums: sums[..., 0] / sums[..., 1]))


@pytest.fixture
def reviews(tmp_path):
    """Sentences of which a word tells the class three times of four."""
    random = np.random.default_rng(0)
    for split, n in (("train", 120), ("valid", 60), ("test", 90)):
        labels = random.integers(3, size=n)
        told = np.where(random.random(n) < 0.75, labels, random.integers(3, size=n))
        words = [f"film {('good', 'bad', 'dull')[says]} w{i % 5}" for i, says in enumerate(told)]
        lines = [f"{'abc'[label]}\t{text}\n" for label, text in zip(labels, words, strict=True)]
        (tmp_path / f"{split}.txt").write_text("".join(lines))
    return {"kind": "labelled_files", "length": 8, **{split: str(tmp_path / f"{split}.txt") for split in ("train", "valid", "test")}}


def sweep(folder, data, **words):
    bag = {"kind": "bag_of_words", "learner": {"kind": "naive_bayes"}}
    rows = [{"label": "words"}, {"label": "pairs", "model": {"ngrams": 2}}]
    sweep = {"name": "phi", "list": rows, "metric": "test.matthews", "tune": {"model.learner.alpha": [0.1, 30.0]}} | words
    (folder / "phi.toml").write_text(tomli_w.dumps({"seeds": 1, "data": data, "model": bag, "sweep": sweep}))
    return CliRunner().invoke(app, ["sweep", str(folder / "phi.toml"), "--runs", str(folder / "runs")])


def test_a_sweep_is_chosen_tested_and_shown_by_a_metric_of_one_entry(tmp_path, reviews):
    refused = sweep(tmp_path, reviews)
    assert refused.exit_code == 2
    assert "test.matthews" in refused.stderr
    for new in (MATTHEWS, KAPPA):
        register_metric(new)
    done = sweep(tmp_path, reviews)
    assert done.exit_code == 0, done.output
    assert "Matthews' phi" in done.stdout
    runs = sorted((tmp_path / "runs").glob("*/seed-0"))
    assert len(runs) == 4
    scored = [run for run in runs if (run / "test.json").exists()]
    assert len(scored) == 2
    for run in scored:
        items, metrics = store.read_items(run), store.read_result(run)["metrics"]
        assert metrics["test"]["matthews"] == pytest.approx(matthews_corrcoef(items["class"], items["predicted"]))
        kappa = cohen_kappa_score(items["class"], items["predicted"], weights="quadratic")
        assert metrics["test"]["quadratic_kappa"] == pytest.approx(kappa)
        of_valid = [store.read_result(other)["metrics"]["valid"]["matthews"] for other in runs]
        assert metrics["valid"]["matthews"] in of_valid
    assert max(of_valid) in [store.read_result(run)["metrics"]["valid"]["matthews"] for run in scored]
    first, second = (average_items([read_run_items(store.read_items(run))]) for run in scored)
    value = store.read_result(scored[0])["metrics"]["test"]["matthews"]
    interval = item_interval(first, "matthews", value)
    assert -1 <= interval.low < value < interval.high <= 1
    for name in ("matthews", "quadratic_kappa"):
        assert paired_items(first, second, name).p == pytest.approx(paired_items(second, first, name).p)
        assert paired_items(first, first, name).p == 1.0
    text = f"{interval.mean:.2f}"
    assert text[:-1] in done.stdout


def test_a_score_of_ranks_is_one_entry():
    register_metric(KENDALL)
    random = np.random.default_rng(1)
    rating = np.round(random.normal(size=10), 1)
    close, far = (rating + noise * random.normal(size=10) for noise in (0.2, 3.0))
    measured = measure_fields({"ranks": rank_pairs(close, rating)})
    assert list(measured) == ["spearman", "kendall"]
    assert measured["kendall"] == pytest.approx(stats.kendalltau(close, rating).statistic)
    arrays = {"id": np.arange(10), "tokens": np.ones(10, int), "rating": rating}
    a, b = (read_run_items(arrays | {"predicted": predicted}) for predicted in (close, far))
    assert paired_items(a, b, "kendall").p < 0.05
    assert paired_items(a, b, "kendall").difference.value > 0
    interval = item_interval(a, "kendall", measured["kendall"])
    assert interval.low < measured["kendall"] < interval.high <= 1.0


def test_a_score_of_written_texts_counts_them_itself():
    assert count_texts(["ab"], ["abcd"]) == {}
    register_metric(LENGTH)
    assert measure_fields(count_texts(["ab", "abc"], ["abcd", "a"])) == {"length_ratio": 1.0}
    assert set(measured_names(fields_made_of("texts"))) >= {"length_ratio"}


def test_a_share_of_tokens_is_one_entry():
    register_metric(SURPRISE)
    nats = np.array([1.0, 2.0, 6.0], np.float32)
    assert measure_fields(token_sums({"nats": nats})) == {"surprise": pytest.approx(np.exp(3.0))}
    assert measure_fields(token_sums({"correct": nats > 1})) == {}


def test_names_without_an_entry_are_told_by_what_they_have_in_common_with_one():
    assert direction("test.weighted_matthews") == 0
    register_metric(MATTHEWS)
    assert direction("test.weighted_matthews") == 1
