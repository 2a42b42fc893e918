"""What chooses is a metric of validation that every tuned row has."""

import pytest
from tiny import SMALL, seeds_in

from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.schema import Config
from research.data.loading import load_dataset
from research.plan.metric_names import metric_names, valid_names
from research.plan.resolve_plan import resolve_plan
from research.plan.selection_metric import resolve_selection_metric

TEXT = {"valid.loss", "valid.perplexity", "valid.accuracy"}
UNSURE = {"valid.accuracy", "valid.macro_f1"}


@pytest.mark.parametrize(
    ("metric", "have", "chosen"),
    [
        ("test.perplexity", [TEXT], "valid.perplexity"),
        ("test.accuracy", [TEXT, UNSURE], "valid.accuracy"),
        ("best_seed.test.accuracy", [TEXT], "valid.accuracy"),
        ("test.bleu", [TEXT], "valid.loss"),
        ("params", [TEXT], "valid.loss"),
        ("test.loss", [TEXT, UNSURE], "valid.accuracy"),
    ],
)
def test_the_default_is_the_reported_metric_on_validation_or_what_every_row_has(metric, have, chosen):
    assert resolve_selection_metric(None, metric, [(str(i), names) for i, names in enumerate(have)]) == chosen


@pytest.mark.parametrize("select", ["valid.perplexty", "valid.perplexity"])
def test_a_metric_that_a_row_will_not_have_is_refused(select):
    with pytest.raises(StepladderError, match=r"the row svm has no such metric of validation\. It has valid.accuracy, valid.macro_f1"):
        resolve_selection_metric(select, "test.accuracy", [("svm", UNSURE), ("other", TEXT)])


NGRAM = {"model": {"kind": "ngram", "order": 2}}
COPY = {"kind": "copy", "longest": 4, "train_examples": 8, "valid_examples": 4, "test_examples": 4}
LSTM = {"kind": "language_model", "layers": 1, "width": 4, "mixer": {"kind": "lstm"}}


@pytest.mark.parametrize("tree", [SMALL, NGRAM, {"data": COPY, "model": LSTM}])
def test_the_names_by_the_config_alone_are_those_that_the_data_give(place, tree):
    """But that the data say which groups there are."""
    data = tree.get("data", {})
    config = Config.model_validate(tree | {"data": data if "kind" in data else place.text | data})
    names = valid_names(config, load_dataset(config.data))
    grouped = {f"{name.partition('_at_')[0]}_at_*" if "_at_" in name else name for name in names}
    by_config = {name for name in metric_names(config) if name.startswith("valid.")}
    assert grouped <= by_config
    assert not {name for name in by_config - grouped if "_at_" not in name}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"sweep": {"tune": {"optim.learning_rate": [1e-3, 1e-2]}, "select": "valid.acuracy"}}, "did you mean `valid.accuracy`?"),
        ({"sweep": {"tune": {"optim.learning_rate": [1e-3, 1e-2]}, "select": "valid.bleu"}}, "has no such metric of validation"),
        ({"train": SMALL["train"] | {"select": "valid.perplexty"}}, "did you mean `valid.perplexity`?"),
    ],
)
def test_it_is_refused_before_anything_starts(place, words, said):
    called = place.call("sweep" if "sweep" in words else "train", place.write(SMALL, **words))
    assert called.code == 2
    assert said in called.stderr
    assert not seeds_in(place.folder / "runs")


def test_which_checkpoint_is_kept_is_part_of_the_id_but_by_default(place):
    of = lambda **words: resolve_plan(load_config(place.write(SMALL, train=SMALL["train"] | words)), place.folder, None).cells[0].cell_id
    assert of() == of(select="valid.loss")
    assert of() != of(select="valid.accuracy")
