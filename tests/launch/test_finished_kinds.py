"""What a finished run can do follows from what its kind of model predicts."""

import pytest

from research.config.data_kind import Asks
from research.config.model_facts import MODEL_FACTS, model_facts, part_models
from research.config.node import Node
from research.config.schema import Config
from research.tasks.classifying import FITTED_CLASSIFIERS
from research.tasks.regressing import FITTED_REGRESSORS
from research.train.fitted_files import FITTED_FILES
from research.use.finished_kinds import FINISHED, FinishedKind


def test_every_kind_of_model_has_an_entry() -> None:
    assert set(FINISHED) == set(MODEL_FACTS)


def test_what_is_fitted_to_sentences_has_files() -> None:
    assert set(FITTED_FILES) == {*FITTED_CLASSIFIERS, *FITTED_REGRESSORS}


def test_nothing_of_an_entry_has_a_default() -> None:
    assert not FinishedKind._field_defaults


@pytest.mark.parametrize("kind", FINISHED, ids=lambda kind: kind.__name__)
def test_a_model_answers_what_it_predicts_and_nothing_else(kind: type[Node]) -> None:
    entry, predicts = FINISHED[kind], MODEL_FACTS[kind].predicts
    answers: dict[Asks, object] = {"classes": entry.classes, "number": entry.numbers, "tags": entry.tags, "tokens": entry.completions}
    assert {asks for asks, answer in answers.items() if answer is not None} == {*predicts} - {"targets"}
    assert (entry.continue_texts is not None) == bool({"tokens", "targets"} & {*predicts})


@pytest.mark.parametrize("kind", [kind for kind in FINISHED if "tokens" in MODEL_FACTS[kind].predicts], ids=lambda kind: kind.__name__)
def test_a_model_that_reads_no_prompt_says_why(kind: type[Node]) -> None:
    for use in (FINISHED[kind].continue_texts, FINISHED[kind].completions):
        assert isinstance(use, str) == (not MODEL_FACTS[kind].reads_prompts)


def test_a_mixture_has_the_parts_that_it_names_and_another_model_is_its_own() -> None:
    text = {"kind": "pydoc"}
    mixture = Config.model_validate({"data": text, "model": {"kind": "interpolation", "parts": [{"kind": "ngram"}, "a row"]}}).model
    single = Config.model_validate({"data": text, "model": {"kind": "ngram"}}).model
    assert part_models(mixture) == (single, "a row")
    assert part_models(single) == (single,)
    assert model_facts(single).parts(single) == ()
