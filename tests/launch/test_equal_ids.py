"""Equal ids, equal results: whatever word an id leaves out, or says in one way for two spellings, changes no number of a run."""

import json

import numpy as np
import pytest
from tiny import ELMAN, TIMES, seeds_in, without_times

GOOD, BAD, OTHER = ("good", "fine"), ("bad", "dull"), ("Film", "plot", "scene", "but", "not", "rare")
COUNTS = {"data": {"length": 6}, "model": {"kind": "ngram", "order": 2}}
MIXTURE = {
    "data": {"length": 6},
    "model": {"kind": "interpolation", "parts": [{"kind": "ngram", "order": 1}, {"kind": "ngram", "order": 2}]},
}
TEXTS = ["data.length=4", "data.batches=columns", "data.train_tokens=300", "eval.context=sentence", "eval.segments=2"]
SENTENCES = ["data.length=2", "data.lower=false", "data.vocabulary.size=6", "data.train_sentences=9", "data.train_sentences=40"]
CLASSIFIERS = {
    "bag": {"kind": "bag_of_words"},
    "n-grams": {"kind": "ngram_classifier", "order": 2, "smoothing": {"kind": "add_k", "k": 0.5}},
    "rules": {"kind": "rules", "lexicon": "lexicon.txt"},
}
TWO = ELMAN | {
    "model": ELMAN["model"] | {"layers": 2, "feed_forward": {"kind": "gelu"}},
    "train": {"steps": 2, "batch_size": 4, "evaluations": 1},
}
SPELLINGS = ["model.feed_forward.width=32", 'model.mixer=[{kind="elman"}, {kind="elman"}]']


def numbers(place, path, word, runs):
    """The id and all numbers of a run with one word changed, in a folder of its own."""
    cell = place.done("train", path, *([word] if word else []), runs=runs)["cell_id"]
    (run,) = [run for name, run in seeds_in(place.folder / runs).items() if name.startswith(cell)]
    found = (
        without_times(run)
        if (run / "metrics.jsonl").exists()
        else {"result": without_cost(run), "arrays": (run / "items.npz").read_bytes()}
    )
    return cell, json.dumps(found, default=repr)


def without_cost(run):
    results = [json.loads((run / name).read_text()) for name in ("result.json", "test.json")]
    return [{key: value for key, value in result.items() if key not in TIMES} for result in results]


def check(place, path, words):
    """Of all runs two with one id are equal; returns how many ids there are."""
    runs = [numbers(place, path, word, f"runs{i}") for i, word in enumerate(["", *words])]
    by_id = {}
    for cell, found in runs:
        assert by_id.setdefault(cell, found) == found
    return len(by_id)


@pytest.mark.parametrize(("tree", "ids"), [(COUNTS, 2), (MIXTURE, 2)])
def test_counts(place, tree, ids):
    assert check(place, place.write(tree), TEXTS) == ids


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_what_is_fitted_or_written(place, name, monkeypatch):
    monkeypatch.chdir(place.folder)
    rng = np.random.default_rng(0)
    for split, n in (("train", 60), ("valid", 12), ("test", 20)):
        lines = []
        for label in rng.integers(2, size=n):
            words = [*rng.choice(OTHER, rng.integers(1, 6)), rng.choice((BAD, GOOD)[label]), f"w{rng.integers(30)}"]
            lines.append(f"{('negative', 'positive')[label]}\t{' '.join(rng.permutation(words))}\n")
        (place.folder / f"{split}.tsv").write_text("".join(lines))
    (place.folder / "lexicon.txt").write_text("good\t2.0\nbad\t-2.0\n")
    data = {"kind": "labelled_files", **{split: f"{split}.tsv" for split in ("train", "valid", "test")}}
    path = place.write({"data": data, "model": CLASSIFIERS[name]})
    assert check(place, path, SENTENCES) == (3 if name == "rules" else 5)


def test_spellings_of_what_is_trained(place):
    assert check(place, place.write(TWO), SPELLINGS) == 1
