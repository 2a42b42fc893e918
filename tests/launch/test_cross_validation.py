"""A row of folds is a result: what its folds' cells predicted, put together."""

import json

import numpy as np
import pytest
import tomli_w
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from research.config.loader import load_config
from research.data.loading import load_dataset
from research.plan.resolve_plan import resolve_plan
from research.runs import store

BAYES = {"kind": "bag_of_words", "weighting": "count", "learner": {"kind": "naive_bayes"}}
SVM = {"kind": "bag_of_words", "learner": {"kind": "svm"}}
TRAINED = {"kind": "classifier", "encoder": {"kind": "bag", "width": 4}}
TABLE = {"name": "folds", "metric": "test.accuracy"}


@pytest.fixture
def reviews(place):
    """`1 some words`, of which a word tells the class two times of three."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=61)
    told = np.where(rng.random(61) < 0.66, labels, 1 - labels)
    lines = [f"{label} film {'good' if says else 'bad'} w{i % 7}\n" for i, (label, says) in enumerate(zip(labels, told, strict=True))]
    (place.folder / "mr.all").write_text("".join(lines))
    return {"kind": "mr", "path": str(place.folder / "mr.all"), "folds": 4}


def write(place, data, name="folds", **sweep):
    path = place.folder / f"{name}.toml"
    path.write_text(tomli_w.dumps({"data": data, "model": BAYES, "seeds": 2, "sweep": TABLE | sweep}))
    return path


def accuracy_by_scikit_learn(data):
    """Naive Bayes on three folds, tested on the fourth, of each fold in turn; a word that training lacks is <unk>, which it never saw."""
    right = []
    for fold in range(4):
        sentences = load_dataset(data.model_copy(update={"fold": fold, "validation": "none"})).sentences
        counter = CountVectorizer(analyzer=list)
        train = counter.fit_transform(sentences["train"].words)
        learned = MultinomialNB().fit(train, sentences["train"].labels)
        right += (learned.predict(counter.transform(sentences["test"].words)) == sentences["test"].labels).tolist()
    return np.array(right)


def test_a_row_is_the_test_sentences_of_all_folds(place, reviews):
    path = write(place, reviews, list=[{"label": "bayes"}, {"label": "svm", "model": SVM}])
    found = place.done("sweep", path)
    runs = place.folder / "runs"
    right = accuracy_by_scikit_learn(load_config(path).points()[0].config.data)
    for cell in found["cells"]:
        run = store.seed_folder(runs, cell["cell_id"], 0)
        result, items = store.read_result(run), store.read_items(run)
        folds = [store.seed_folder(runs, fold, 0) for fold in result["folds"]]
        assert len(folds) == 4
        assert items["id"].tolist() == list(range(61))
        assert result["metrics"]["test"]["accuracy"] == pytest.approx(items["correct"].mean())
        assert items["correct"].tolist() == [one for fold in folds for one in store.read_items(fold)["correct"].tolist()]
        accuracies = [store.read_result(fold)["metrics"]["test"]["accuracy"] for fold in folds]
        assert result["extra"]["sd_over_folds"] == pytest.approx(np.std(accuracies, ddof=1))
        assert result["metrics"]["valid"] == {}
        if cell["labels"]["label"] == "bayes":
            assert items["correct"].astype(bool).tolist() == right.tolist()
    shown = place.call("sweep", path)
    assert shown.code == 0, shown
    assert "4-fold cross-validation: a run's value is over the test sentences of all folds" in " ".join(shown.stdout.split())
    assert place.call("report", path).code == 0
    assert "name one of them" in place.call("predict", runs / found["cells"][0]["cell_id"], "--text", "good").stderr


def test_where_a_value_is_chosen_one_fold_of_training_is_validation_and_the_choice_is_over_all_folds(place, reviews):
    path = write(place, reviews, tune={"model.learner.alpha": [0.1, 100.0]}, select="valid.accuracy")
    place.done("sweep", path)
    manifest = json.loads(next((place.folder / "runs" / "sweeps").glob("*.json")).read_text())
    results = [store.read_result(store.seed_folder(place.folder / "runs", cell["cell_id"], 0)) for cell in manifest["cells"]]
    best = max(results, key=lambda result: result["metrics"]["valid"]["accuracy"])
    for result in results:
        folds = [store.read_result(store.seed_folder(place.folder / "runs", fold, 0)) for fold in result["folds"]]
        assert result["metrics"]["valid"]["accuracy"] == pytest.approx(np.mean([fold["metrics"]["valid"]["accuracy"] for fold in folds]))
        assert all(("test" in fold["metrics"]) == (result is best) for fold in (result, *folds))


def test_a_trained_row_has_a_cell_for_each_fold_and_each_seed(place, reviews, tmp_path):
    path = write(place, reviews | {"folds": 3}, list=[{"label": "bag", "model": TRAINED, "train": {"steps": 2, "batch_size": 4}}])
    plan = resolve_plan(load_config(path), tmp_path, None)
    (row,) = plan.rows
    folds = [cell for cell in plan.cells if cell.cell_id in row.parents]
    assert [(cell.config.data.fold, cell.config.data.validation, cell.seeds) for cell in folds] == [
        (k, "next_fold", (0, 1)) for k in range(3)
    ]
    assert len({cell.cell_id for cell in plan.cells}) == 4
    again = resolve_plan(load_config(path, ["data.validation=next_fold"]), tmp_path, None)
    assert [cell.cell_id for cell in again.cells] == [cell.cell_id for cell in plan.cells]
