"""A changed kind keeps the protocol: the words that both kinds have from a common base."""

from itertools import permutations
from typing import Any

import pytest

from research.config.corpora import TextCorpus
from research.config.data import Corpus
from research.config.fields import classes_by_kind, member_classes, node_keys
from research.config.loader import load_config
from research.config.merge import Assignment, Merged, apply_layer
from research.config.optim import Optim, Optimiser
from research.config.sentences import Labelled, LabelledData

FILES = [f"data.{split}={split}.txt" for split in ("train", "valid", "test")]
PROTOCOL = {"length": 20, "batches": "columns", "vocabulary": {"size": 10_000}}


def merge(tree: dict[str, Any], values: dict[str, Any]) -> Merged:
    return apply_layer(Merged(tree, (), {}), [Assignment(tuple(key.split(".")), value, "test") for key, value in values.items()])


def test_text_of_ones_own_keeps_how_the_file_cuts_it() -> None:
    zaremba = load_config("configs/lm/zaremba_small.toml")
    own = load_config("configs/lm/zaremba_small.toml", ["data.kind=files", *FILES])
    assert zaremba.config
    assert own.config
    shared = set(node_keys(TextCorpus)) - {"kind"}
    assert {word: getattr(own.config.data, word) for word in shared} == {word: getattr(zaremba.config.data, word) for word in shared}
    assert own.config.data.length == 20  # type: ignore[union-attr]
    assert own.config.data.batches == "columns"  # type: ignore[union-attr]


@pytest.mark.parametrize(("old", "new"), list(permutations(sorted(classes_by_kind(member_classes(Corpus))), 2)))
def test_every_text_keeps_what_every_text_has(old: str, new: str) -> None:
    merged = merge({"data": {"kind": old, "of": {"kind": "vader"}, "blank_lines": False} | PROTOCOL}, {"data.kind": new})
    assert PROTOCOL.items() <= merged.tree["data"].items()
    assert {one.key for one in merged.dropped} == {"data.of.kind", "data.blank_lines"}


@pytest.mark.parametrize(("old", "new"), list(permutations(sorted(classes_by_kind(member_classes(LabelledData))), 2)))
def test_labelled_sentences_keep_their_words_and_no_path(old: str, new: str) -> None:
    words = {"length": 9, "lower": False, "train_sentences": 50}
    files = dict.fromkeys(classes_by_kind(member_classes(LabelledData))[old].paths, "my.txt")
    merged = merge({"data": {"kind": old} | words | files}, {"data.kind": new})
    assert merged.tree["data"] == {"kind": new} | words
    assert {one.key for one in merged.dropped} == {f"data.{path}" for path in files}
    assert issubclass(classes_by_kind(member_classes(LabelledData))[new], Labelled)


def test_text_becomes_sentences_with_nothing_of_a_common_base() -> None:
    merged = merge({"data": {"kind": "shakespeare"} | PROTOCOL}, {"data.kind": "vader"})
    assert merged.tree["data"] == {"kind": "vader"}


@pytest.mark.parametrize(("old", "new"), list(permutations(sorted(classes_by_kind(member_classes(Optim))), 2)))
def test_optimisers_keep_schedule_and_clipping_and_the_rate_where_it_is_on_one_scale(old: str, new: str) -> None:
    words = {"learning_rate": 0.5, "clip": 1.0, "max_norm": 3.0, "schedule": {"kind": "cosine", "warmup": 3}}
    assert set(words) == set(node_keys(Optimiser))
    own = {next(word for word in node_keys(classes_by_kind(member_classes(Optim))[old]) if word not in {*words, "kind", "l2"}): 0.5}
    merged = merge({"optim": {"kind": old} | words | own}, {"optim.kind": new})
    rate = {"learning_rate"} if {old, new} & {"sgd", "adagrad", "adadelta"} else set()
    assert merged.tree["optim"] == {"kind": new} | {word: value for word, value in words.items() if word not in rate}
    assert {one.key for one in merged.dropped} == {f"optim.{word}" for word in {*own, *rate}}


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("model.norm", {"kind": "layer", "placement": "post"}, {"kind": "rms", "placement": "post"}),
        ("model.norm", {"kind": "layer", "placement": "post"}, {"kind": "none"}),
        ("optim.schedule", {"kind": "cosine", "warmup": 5, "final": 0.2}, {"kind": "linear", "warmup": 5}),
        ("model.mixer", {"kind": "attention", "heads": 2}, {"kind": "lstm"}),
    ],
)
def test_parts_keep_what_their_like_has_whichever_way_the_kind_is_said(table: str, old: Any, new: Any) -> None:
    above, last = table.split(".")
    tree = {"model": {"kind": "language_model"}, "optim": {"kind": "adamw"}}
    tree[above] |= {last: old}
    by_key = merge(tree, {f"{table}.kind": new["kind"]})
    by_table = merge(tree, {table: {"kind": new["kind"]}})
    assert by_key.tree[above][last] == by_table.tree[above][last] == new
    assert {one.key for one in by_key.dropped} == {f"{table}.{key}" for key in old if key not in new}
