"""Two spellings of one science are one: words that stand for a number, patterns, sets."""

from copy import deepcopy
from typing import Any, Literal, get_args

import pytest
from config_strategies import configs
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from research.config.cell_identity import cell_id, program_key
from research.config.fields import node_classes, node_keys
from research.config.merge import with_default_kinds
from research.config.resolve import canonical_config
from research.config.schema import Config
from research.config.serialise import to_tree

TEXT: dict[str, Any] = {"data": {"kind": "shakespeare", "length": 32}, "model": {"kind": "language_model", "width": 16, "layers": 2}}
PAIRS: dict[str, Any] = {"data": {"kind": "rewrite"}, "model": {"kind": "encoder_decoder"}}
UNIFORM = {"kind": "uniform", "scale": 0.2}
LSTM, GRU = {"kind": "lstm"}, {"kind": "gru"}
COUNTS = {"kind": "interpolation", "parts": [{"kind": "ngram", "order": 1}, {"kind": "ngram", "order": 2}]}


def config(base: dict[str, Any], words: dict[str, Any]) -> Config:
    """The base with dotted keys set."""
    tree = deepcopy(base)
    for key, value in words.items():
        *above, last = key.split(".")
        table = tree
        for part in above:
            table = table.setdefault(part, {})
        table[last] = value
    return Config.model_validate(with_default_kinds(tree))


SPELLINGS: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (TEXT, [{}, {"model.feed_forward.width": "4x"}, {"model.feed_forward.width": 64}]),
    (TEXT, [{}, {"eval.length": "training"}, {"eval.length": 32}, {"eval.stride": 32}, {"eval.stride": "length", "eval.length": 32}]),
    (TEXT, [{"eval.length": 64}, {"eval.length": 64, "eval.stride": 64}]),
    (TEXT, [{"model.embedding_scale": "sqrt_width"}, {"model.embedding_scale": 4.0}]),
    (TEXT, [{"model.mixer.score.kind": "mlp"}, {"model.mixer.score": {"kind": "mlp", "width": 4}}]),
    (TEXT, [{"model.mixer": LSTM}, {"model.mixer": [LSTM]}, {"model.mixer": [LSTM, LSTM]}]),
    (TEXT | {"model": TEXT["model"] | {"layers": 4}}, [{"model.mixer": [LSTM, GRU]}, {"model.mixer": [LSTM, GRU, LSTM, GRU]}]),
    (TEXT, [{"eval.also": [64, 32]}, {"eval.also": [32, 64]}, {"eval.also": [32, 64, 32]}]),
    (TEXT, [{"eval.context": "sentence"}, {"eval.context": "sentence", "eval.segments": 4}]),
    (TEXT, [{"init": {"from": "a", "freeze": ["embedding", "blocks"]}}, {"init": {"from": "a", "freeze": ["blocks", "embedding"]}}]),
    (TEXT | {"model": COUNTS}, [{}, {"data.length": 7}, {"data.batches": "columns"}, {"eval.context": "sentence"}, {"eval.also": [64]}]),
    (TEXT | {"model": COUNTS}, [{}, {"train": {"steps": 3}}, {"optim.learning_rate": 0.5}]),
    (TEXT, [{"model.feed_forward": {"kind": "swiglu", "width": width}} for width in ("4x", 43)]),
    (TEXT, [{}, {"model.embedding_init": {"kind": "variance"}}]),
    (TEXT, [{"model.init": UNIFORM}, {"model.init": UNIFORM, "model.embedding_init": UNIFORM}]),
    (PAIRS, [{"model.decoder.attention": {"kind": "bahdanau"} | more} for more in ({}, {"score": {"kind": "mlp", "width": 128}})]),
    (PAIRS, [{"model.decoder.attention.score.kind": "mlp"}, {"model.decoder.attention.score": {"kind": "mlp", "width": 128}}]),
    (PAIRS, [{"model.decoder": {"kind": "stack", "cross": {"score": {"kind": "mlp", "width": w}}}} for w in ("head", 32)]),
    (
        {"data": {"kind": "vader"}, "model": {"kind": "rules"}},
        [{"model.lexicon": "a.txt"}, {"model.lexicon": "b/a.txt"}],
    ),
    (
        {"data": {"kind": "vader"}, "model": {"kind": "classifier", "encoder": {"kind": "stack", "width": 16}}},
        [
            {},
            {"model.encoder.feed_forward.width": 64},
            {"model.encoder.mixer": [{"kind": "attention"}]},
            {"model.encoder.mixer.head_width": 4},
        ],
    ),
]
SCIENCES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (TEXT, [{}, {"model.feed_forward.width": 63}, {"eval.length": 33}, {"eval.stride": 16}, {"model.embedding_scale": 4.0}]),
    (TEXT, [{"model.mixer": [LSTM, GRU]}, {"model.mixer": [GRU, LSTM]}, {"model.mixer": LSTM}]),
    (TEXT, [{"eval.also": [32]}, {"eval.also": [64]}, {"eval.also": [32, 64]}, {"eval.segments": 4}, {"eval.context": "sentence"}]),
    (TEXT | {"model": COUNTS}, [{}, {"data.level": "char"}, {"data.train_tokens": 100}]),
    (TEXT | {"model": COUNTS}, [{"data.level": "char", "eval.misspelt": share} for share in (0.1, 0.2)]),
    (
        {"data": {"kind": "vader"}, "model": {"kind": "classifier", "encoder": {"kind": "stack", "width": 16}}},
        [{}, {"model.encoder.mixer.head_width": 8}, {"model.encoder.mixer.heads": 2}],
    ),
    (
        {"data": {"kind": "sst2"}, "model": {"kind": "rules"}},
        [{}, {"data.train_sentences": 10}, {"data.train_sentences": 80}, {"data.phrases": True}, {"model.negation": False}],
    ),
]


@pytest.mark.parametrize(("base", "spellings"), SPELLINGS)
def test_spellings_of_one_science_share_an_id_and_a_program(base: dict[str, Any], spellings: list[dict[str, Any]]) -> None:
    cells = [config(base, words) for words in spellings]
    assert len({cell_id(cell, "digest") for cell in cells}) == 1
    assert len({program_key(cell).model_copy(update={"data": None, "eval": None}) for cell in cells}) == 1 or not cells[0].trained


@pytest.mark.parametrize(("base", "sciences"), SCIENCES)
def test_other_sciences_have_other_ids(base: dict[str, Any], sciences: list[dict[str, Any]]) -> None:
    assert len({cell_id(config(base, words), "digest") for words in sciences}) == len(sciences)


def respelled(numbers: Any, words: Any, data: st.DataObject) -> Any:
    """The plain tree with each value from one of two spellings."""
    if isinstance(numbers, dict) and isinstance(words, dict):
        return {key: respelled(value, words[key], data) for key, value in numbers.items()}
    return words if numbers != words and data.draw(st.booleans()) else numbers


@settings(deadline=None, max_examples=25)
@given(configs(), st.data())
def test_each_number_may_be_written_as_word_or_number(config: Config, data: st.DataObject) -> None:
    numbers, words = to_tree(canonical_config(config), defaults=True), to_tree(config, defaults=True)
    mixed = Config.model_validate(respelled(numbers, words, data))
    assert cell_id(mixed, "digest") == cell_id(config, "digest")
    assert program_key(mixed) == program_key(config)


@settings(deadline=None, max_examples=25)
@given(configs())
def test_what_is_resolved_is_valid_and_resolved(config: Config) -> None:
    once = canonical_config(config)
    assert canonical_config(once) == once
    assert Config.model_validate(to_tree(once)) == once.model_copy(update={"seeds": once.seeds})


NO_NUMBER = {"all", "off", "epochs", "steps"}  # no end, no limit, and which of two words counts: no number says the same for all data
RESOLVED = {"4x", "head", "sqrt_width", "training", "length", "divided"}  # `divided` is what its number becomes


def words_beside_numbers(annotation: Any) -> set[str]:
    """The words of a union that has numbers as well."""
    parts = get_args(annotation)
    if annotation is Literal or not parts:
        return set()
    literal = {word for part in parts if getattr(part, "__origin__", None) is Literal for word in get_args(part)}
    numeric = any(part in (int, float) or {int, float} & set(get_args(part)) for part in parts)
    return {word for word in literal if isinstance(word, str)} if numeric else set()


def test_every_word_beside_a_number_is_resolved_or_is_no_number() -> None:
    words = {word for node in node_classes(Config) for field in node_keys(node).values() for word in words_beside_numbers(field.annotation)}
    assert words >= RESOLVED, "the walk sees them"
    assert words <= NO_NUMBER | RESOLVED, "a word that stands for a number needs an entry in research/config/resolve.py"


@pytest.mark.parametrize(("length", "context", "possible"), [(32, "stream", True), (16, "stream", False), (16, "sentence", True)])
def test_where_the_state_is_carried_a_window_of_another_length_would_be_a_second_name_of_one_science(
    length: int, context: str, possible: bool
) -> None:
    model = {"kind": "language_model", "mixer": LSTM}
    tree = {"data": TEXT["data"] | {"batches": "columns"}, "model": model, "eval": {"length": length, "context": context}}
    if possible:
        assert Config.model_validate(tree).eval_length == length
    else:
        with pytest.raises(ValidationError, match=r"eval.length = 16 would change nothing"):
            Config.model_validate(tree)
