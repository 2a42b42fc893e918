"""The kind rule."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from research.config.merge import Assignment, Merged, apply_layer

TREE: dict[str, Any] = {
    "data": {"kind": "shakespeare", "level": "word", "vocabulary": {"size": 100}},
    "model": {"kind": "language_model", "layers": 2, "mixer": {"kind": "attention", "heads": 2, "score": {"kind": "mlp", "width": 8}}},
    "optim": {"kind": "adamw", "learning_rate": 0.003, "beta1": 0.8},
    "train": {"steps": 100, "batch_size": 8},
    "eval": {"segments": 4},
}


def merge(values: dict[str, Any], tree: dict[str, Any] = TREE, keep: tuple[str, ...] = ()) -> Merged:
    layer = [Assignment(tuple(key.split(".")), value, "test") for key, value in values.items()]
    return apply_layer(Merged(tree, (), {}), layer, frozenset(tuple(key.split(".")) for key in keep))


def dropped(merged: Merged) -> dict[str, str]:
    return {one.key: one.by for one in merged.dropped}


def test_a_new_kind_keeps_nothing_of_the_old_one_alone() -> None:
    tree = TREE | {"optim": {"kind": "adamw", "weight_decay": 0.5, "beta1": 0.8}}
    merged = merge({"optim.kind": "sgd"}, tree)
    assert merged.tree["optim"] == {"kind": "sgd"}
    assert dropped(merged) == {"optim.weight_decay": "optim.kind = sgd", "optim.beta1": "optim.kind = sgd"}


def test_a_new_kind_keeps_what_the_layer_names() -> None:
    merged = merge({"optim.learning_rate": 0.5, "optim.kind": "sgd"})
    assert merged.tree["optim"] == {"kind": "sgd", "learning_rate": 0.5}
    assert dropped(merged) == {"optim.beta1": "optim.kind = sgd"}


def test_the_same_kind_changes_nothing() -> None:
    merged = merge({"optim.kind": "adamw"})
    assert merged.tree == TREE
    assert merged.dropped == ()


def test_an_unwritten_default_kind_is_a_kind_too() -> None:
    tree = TREE | {"optim": {"weight_decay": 0.003}}
    assert merge({"optim.kind": "adamw"}, tree).tree["optim"] == {"kind": "adamw", "weight_decay": 0.003}
    assert merge({"optim.kind": "sgd"}, tree).tree["optim"] == {"kind": "sgd"}


def test_nested_kinds_go_with_their_table() -> None:
    merged = merge({"model.mixer.kind": "lstm"})
    assert merged.tree["model"]["mixer"] == {"kind": "lstm"}
    assert merged.tree["model"]["layers"] == 2
    assert set(dropped(merged)) == {"model.mixer.heads", "model.mixer.score.kind", "model.mixer.score.width"}


def test_a_table_replaces_a_table_and_inherits_its_kind() -> None:
    assert merge({"model.mixer": {"heads": 4}}).tree["model"]["mixer"] == {"kind": "attention", "heads": 4}
    assert merge({"model.mixer": {"kind": "lstm"}, "model.mixer.forget_bias": 0.0}).tree["model"]["mixer"] == {
        "kind": "lstm",
        "forget_bias": 0.0,
    }


def test_steps_and_epochs_are_alternatives() -> None:
    merged = merge({"train.epochs": 3})
    assert merged.tree["train"] == {"epochs": 3, "batch_size": 8}
    assert dropped(merged) == {"train.steps": "train.epochs"}
    assert merge({"train.steps": 5}, merged.tree).tree["train"] == {"steps": 5, "batch_size": 8}


def test_counted_models_drop_inherited_training() -> None:
    merged = merge({"model.kind": "ngram", "model.order": 3})
    assert merged.tree["model"] == {"kind": "ngram", "order": 3}
    assert "optim" not in merged.tree
    assert "train" not in merged.tree
    assert dropped(merged)["train.steps"] == "model.kind = ngram"
    assert merge({"model.kind": "ngram", "train.steps": 7}).tree["train"]["steps"] == 7


def test_generated_tasks_drop_the_context_of_scoring_and_bytes_the_vocabulary() -> None:
    assert "eval" not in merge({"data.kind": "copy"}).tree
    assert "eval" in merge({"data.kind": "ptb"}).tree
    assert "vocabulary" not in merge({"data.level": "byte"}).tree["data"]


def test_an_array_is_reached_by_index_and_replaced_by_a_kind() -> None:
    pattern = {"model.mixer": [{"kind": "lstm"}, {"kind": "attention", "heads": 2}]}
    tree = merge(pattern).tree
    assert merge({"model.mixer.1.heads": 4}, tree).tree["model"]["mixer"][1] == {"kind": "attention", "heads": 4}
    changed = merge({"model.mixer.1.kind": "gru"}, tree)
    assert changed.tree["model"]["mixer"] == [{"kind": "lstm"}, {"kind": "gru"}]
    assert dropped(changed) == {"model.mixer.1.heads": "model.mixer.1.kind = gru"}
    assert merge({"model.mixer.kind": "gru"}, tree).tree["model"]["mixer"] == {"kind": "gru"}


def test_kept_keys_survive_where_the_new_kind_has_them() -> None:
    tree = TREE | {"optim": {"kind": "adamw", "weight_decay": 0.5, "beta1": 0.8}}
    merged = merge({"optim.kind": "sgd"}, tree, keep=("optim.weight_decay", "optim.beta1"))
    assert merged.tree["optim"] == {"kind": "sgd", "weight_decay": 0.5}
    assert set(dropped(merged)) == {"optim.beta1"}


NAMED = {
    "optim.kind": "sgd",
    "optim.learning_rate": 0.1,
    "model.mixer.kind": "attention",
    "model.mixer": {"kind": "lstm"},
    "model.mixer.heads": 4,
    "model.mixer.score.kind": "cosine",
    "train.epochs": 2,
    "data.kind": "copy",
}


@given(st.permutations(list(NAMED.items())), st.integers(1, len(NAMED)))
def test_overrides_apply_together_whatever_their_order(items: list[tuple[str, Any]], n: int) -> None:
    some = items[:n]
    assert merge(dict(some)).tree == merge(dict(sorted(some))).tree


def test_the_tree_that_is_merged_into_stays_as_it_was() -> None:
    before = repr(TREE)
    merge(NAMED)
    assert repr(TREE) == before


def test_a_table_of_one_name_in_two_kinds_keeps_only_the_words_of_both() -> None:
    """A classifier's encoder pools and a token encoder's does not: a word that another row names inside it does not keep the rest."""
    classifier = {"kind": "classifier", "encoder": {"kind": "stack", "width": 8, "pooling": "max", "bidirectional": True}}
    tree = {"data": {"kind": "pydoc"}, "model": classifier}
    named = frozenset({("model", "encoder", "bidirectional")})
    merged = apply_layer(Merged(tree, (), {}), [Assignment(("model", "kind"), "token_encoder", "test")], named)
    assert merged.tree["model"]["encoder"] == {"kind": "stack", "width": 8, "bidirectional": True}
    assert [drop.key for drop in merged.dropped] == ["model.encoder.pooling"]
