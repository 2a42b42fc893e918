"""What is known of a kind of model or data without arrays is said of every kind."""

from typing import get_args

import pytest

from research.config.data import Data
from research.config.data_kind import Asks, DataConfig, Reads
from research.config.fields import member_classes, node_classes
from research.config.model_facts import MODEL_FACTS, ModelFacts
from research.config.node import Node
from research.config.schema import Config, Model


def test_every_kind_of_model_is_an_entry() -> None:
    assert set(MODEL_FACTS) == set(member_classes(Model))


def test_what_identifies_a_run_has_no_default() -> None:
    assert {"predicts", "fitted", "by_chance", "meaningless", "unread", "counted"}.isdisjoint(ModelFacts._field_defaults)


@pytest.mark.parametrize("facts", MODEL_FACTS.values(), ids=[kind.__name__ for kind in MODEL_FACTS])
def test_what_means_nothing_is_a_section_and_what_is_not_read_a_word_of_all_that_a_model_predicts(facts: ModelFacts) -> None:
    assert set(facts.meaningless) <= set(Config.model_fields)
    data = [kind for kind in member_classes(Data) if issubclass(kind, DataConfig) and kind.asks in facts.predicts]
    assert data
    assert all(word in kind.model_fields for kind in data for word in facts.unread)


@pytest.mark.parametrize("kind", member_classes(Data))
def test_every_kind_of_data_says_what_is_read_and_what_is_predicted(kind: type[DataConfig]) -> None:
    assert kind.reads in get_args(Reads)
    assert kind.asks in get_args(Asks)
    assert all(limit in kind.model_fields for limit in kind.limits)


@pytest.mark.parametrize("kind", sorted(node_classes(Config), key=lambda kind: kind.__name__))
def test_paths_are_words(kind: type[Node]) -> None:
    assert set(kind.paths) <= set(kind.model_fields)


@pytest.mark.parametrize("kind", member_classes(Data))
def test_a_text_that_data_must_be_given_is_a_path(kind: type[DataConfig]) -> None:
    needed = {name for name, field in kind.model_fields.items() if field.is_required() and field.annotation is str}
    assert needed <= set(kind.paths)


def test_a_kind_that_leaves_a_fact_of_its_base_class_out_is_refused_though_every_node_has_paths() -> None:
    with pytest.raises(TypeError, match="Forgetful does not say what its asks, limits, paths, reads is"):
        type("Forgetful", (DataConfig,), {"__module__": __name__, "__annotations__": {"kind": str}})
