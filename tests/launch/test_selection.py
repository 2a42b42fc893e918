"""Which parameters are tested: the best on validation, or the last; and when a run stops early."""

from functools import cache

import pytest
from tiny import SMALL, Place, metrics, seeds_in, write_text

from research.runs import store

HASTY = {"kind": "adam", "learning_rate": 0.3}  # learns, then overshoots: validation goes up and down


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selection")
    return Place(folder, write_text(folder))


@pytest.fixture(scope="module")
def runs_with(place):
    """Runs that the first test which looks at them trains."""

    @cache
    def train(**words):
        path = place.write(SMALL, optim=HASTY, train={"steps": 40, "batch_size": 4, "evaluations": 10} | words, seeds=3)
        place.done("train", path, runs="-".join(words) or "best")
        return list(seeds_in(place.folder / ("-".join(words) or "best")).values())

    return train


def result(run):
    return store.read_result(run)


def losses(run):
    return [line["loss"] for line in metrics(run, "valid")]


def test_the_best_parameters_on_validation_are_tested(runs_with):
    runs = runs_with()
    assert any(min(losses(run)) < losses(run)[-1] for run in runs)
    for run in runs:
        best = min(metrics(run, "valid"), key=lambda line: line["loss"])
        names = ("loss", "perplexity", "bits_per_character", "bits_per_byte", "accuracy")
        assert result(run)["metrics"]["valid"] == {name: best[name] for name in names}
        assert result(run)["best_step"] == best["step"]
        assert result(run)["steps"] == 40


def test_the_last_parameters_are_tested_where_the_config_says_so(runs_with):
    best, last = runs_with(), runs_with(keep="last")
    for one, other in zip(best, last, strict=True):
        assert losses(one) == losses(other)
        assert result(other)["metrics"]["valid"]["loss"] == losses(other)[-1]
        assert result(other)["best_step"] == 40
        same = losses(one)[-1] == min(losses(one))
        assert (result(one)["metrics"]["test"] == result(other)["metrics"]["test"]) == same


def test_patience_stops_after_so_many_validations_without_a_better_one(runs_with):
    whole, patient = runs_with(), runs_with(patience=2)
    early = 0
    for one, other in zip(whole, patient, strict=True):
        expected = until_patience_ends(losses(one), 2)
        assert losses(other) == losses(one)[:expected]
        assert result(other)["steps"] == 4 * expected
        assert result(other)["metrics"]["valid"]["loss"] == min(losses(one)[:expected])
        assert result(other)["tokens_seen"] == 4 * expected * 4 * 6
        early += expected < 10
    assert early


def until_patience_ends(losses, patience):
    """How many validations there are."""
    for n in range(1, len(losses) + 1):
        best = losses.index(min(losses[:n]))
        if n - 1 - best >= patience:
            return n
    return len(losses)


def test_metrics_depend_on_log_every_in_number_alone(place, runs_with):
    rare = result(runs_with()[0])
    path = place.write(SMALL, optim=HASTY, train={"steps": 40, "batch_size": 4, "evaluations": 10}, run={"log_every": 3}, seeds=[0])
    place.done("train", path, runs="often")
    (run,) = seeds_in(place.folder / "often").values()
    often = result(run)
    assert rare.pop("cost").keys() == often.pop("cost").keys()
    assert rare == often
    assert [line["step"] for line in metrics(run, "train")] == sorted({*range(3, 40, 3), *range(4, 41, 4)})
