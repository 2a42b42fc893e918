"""The algebra of sweeps: which points there are, how they are called, and what is refused."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.config.sweep import Sweep
from research.config.sweep_points import SweepPoint, expand_sweep

TREE: dict[str, Any] = {
    "data": {"kind": "shakespeare"},
    "model": {"kind": "language_model", "layers": 2, "width": 32, "mixer": {"kind": "attention", "heads": 2, "score": {"kind": "dot"}}},
    "optim": {"kind": "adamw", "learning_rate": 0.003, "weight_decay": 0.2},
    "train": {"steps": 100},
}
LAYERS, WIDTH, MIXER = "model.layers", "model.width", "model.mixer.kind"


def points(named: tuple[str, ...] = (), **words: Any) -> tuple[SweepPoint, ...]:
    keys = [*words.get("axes", {}), *words.get("zip", {}), *(["label"] if "list" in words else [])]
    words.setdefault("table", {"rows": keys} if keys else {})
    return expand_sweep(TREE, Sweep.model_validate(words), frozenset(tuple(key.split(".")) for key in named), "spec.toml")


def refused(**words: Any) -> str:
    with pytest.raises(StepladderError) as raised:
        points(**words)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def models(**words: Any) -> list[Any]:
    return [point.config.model for point in points(**words) if point.config]


AXES = st.dictionaries(
    st.sampled_from([LAYERS, "data.length", "train.batch_size", "optim.beta1"]),
    st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True),
    min_size=1,
).map(lambda axes: {key: [value / 100 for value in values] if key == "optim.beta1" else values for key, values in axes.items()})


@settings(deadline=None, max_examples=40)
@given(AXES)
def test_axes_multiply_and_labels_say_what_was_set(axes: dict[str, list[Any]]) -> None:
    found = points(axes=axes)
    expected = 1
    for values in axes.values():
        expected *= len(values)
    assert len(found) == expected
    assert len({tuple(point.labels.items()) for point in found}) == expected
    for point in found:
        assert set(point.labels) == set(axes)
        for key, value in point.labels.items():
            section, name = key.split(".")
            assert getattr(getattr(point.config, section), name) == value


@settings(deadline=None, max_examples=20)
@given(AXES)
def test_tuning_tries_what_axes_show(axes: dict[str, list[Any]]) -> None:
    shown, tuned = points(axes=axes), points(tune=axes)
    assert [point.config for point in shown] == [point.config for point in tuned]
    assert [point.labels for point in shown] == [point.tuned for point in tuned]
    assert {point.labels["label"] for point in tuned} == {"sweep"}


def test_zip_is_one_axis() -> None:
    found = points(zip={LAYERS: [1, 2], WIDTH: [16, 64]}, axes={"train.batch_size": [4, 8]})
    assert [(p.labels[LAYERS], p.labels[WIDTH], p.labels["train.batch_size"]) for p in found] == [
        (1, 16, 4),
        (1, 16, 8),
        (2, 64, 4),
        (2, 64, 8),
    ]
    assert "equally long" in refused(zip={LAYERS: [1, 2], WIDTH: [16]})


def test_list_is_one_axis_with_labels() -> None:
    rows = [
        {"label": "counts", "model.kind": "ngram", "model.order": 3},
        {"model.mixer.kind": "lstm", "model.layers": 1},
        {"label": "section", "model": {"width": 64, "mixer": {"heads": 4}}},
        {"label": "table", "model.mixer": {"kind": "gru"}},
    ]
    found = points(list=rows)
    assert [point.labels["label"] for point in found] == ["counts", "mixer=lstm, layers=1", "section", "table"]
    counts, lstm, section, table = [point.config.model for point in found if point.config]
    assert (counts.kind, counts.order) == ("ngram", 3)  # type: ignore[union-attr]
    assert (lstm.mixer.kind, lstm.layers) == ("lstm", 1)  # type: ignore[union-attr]
    assert (section.width, section.mixer.heads, section.mixer.score.kind) == (64, 4, "dot")  # type: ignore[union-attr]
    assert table.mixer.kind == "gru"  # type: ignore[union-attr]
    assert {one.key for one in found[0].dropped} >= {"optim.learning_rate", "train.steps", "model.width"}


def test_an_override_valid_for_the_chosen_kind_alone_is_accepted() -> None:
    found = models(list=[{"optim.momentum": 0.9, "optim.kind": "sgd"}, {"model.mixer.window": 5, "model.mixer.kind": "convolution"}])
    assert found[1].mixer.window == 5


def test_a_change_of_kind_keeps_what_the_spec_or_command_names() -> None:
    axes = {"optim.kind": ["sgd", "adamw"]}
    free, kept = points(axes=axes), points(axes=axes, named=("optim.weight_decay",))
    assert [p.config.optim.weight_decay for p in free if p.config] == [0.0, 0.2]  # type: ignore[union-attr]
    assert [p.config.optim.weight_decay for p in kept if p.config] == [0.2, 0.2]  # type: ignore[union-attr]
    assert [p.config.optim.learning_rate for p in free if p.config] == [0.1, 0.003]  # a rate of SGD is on a scale of its own


def test_exclude_removes_what_matches_it_all() -> None:
    axes = {LAYERS: [1, 2], WIDTH: [16, 32]}
    found = points(axes=axes, exclude=[{LAYERS: 1, WIDTH: 32}])
    assert [tuple(point.labels.values()) for point in found] == [(1, 16), (2, 16), (2, 32)]
    assert "did you mean `model.layers`" in refused(axes=axes, exclude=[{"model.layer": 1}])
    assert "3 is no value of `model.layers`" in refused(axes=axes, exclude=[{LAYERS: 3}])
    assert "leaves no point" in refused(axes={LAYERS: [1]}, exclude=[{LAYERS: 1}])


def test_seeds_replace_the_configs() -> None:
    assert [p.config.seeds for p in points(axes={LAYERS: [1]}, seeds=3) if p.config] == [(0, 1, 2)]
    assert [p.config.seeds for p in points(axes={LAYERS: [1]}, seeds=[4, 7]) if p.config] == [(4, 7)]


def test_counts_have_nothing_to_tune() -> None:
    found = points(list=[{"label": "counts", "model.kind": "ngram"}, {"label": "net"}], tune={"optim.learning_rate": [0.1, 0.01]})
    assert [(point.labels["label"], point.tuned.get("optim.learning_rate")) for point in found] == [
        ("counts", None),
        ("net", 0.1),
        ("net", 0.01),
    ]


def test_tables_are_called_by_kind_and_difference() -> None:
    values = [
        {"kind": "attention", "heads": 1, "projections": True},
        {"kind": "attention", "heads": 2, "projections": True},
        {"kind": "lstm"},
        [{"kind": "lstm"}, {"kind": "gru"}],
    ]
    found = points(axes={"model.mixer": values})
    assert [point.labels["model.mixer"] for point in found] == ["attention heads=1", "attention heads=2", "lstm", "lstm+gru"]


def test_impossible_points_are_errors_unless_they_are_to_be_shown() -> None:
    axes = {MIXER: ["attention", "lstm"], "model.position.kind": ["none", "rotary"]}
    message = refused(axes=axes)
    assert "model.mixer.kind = lstm, model.position.kind = rotary" in message
    assert 'impossible = "show"' in message
    shown = points(axes=axes, impossible="show")
    assert [point.cannot is None for point in shown] == [True, True, True, False]
    assert shown[3].config is None
    assert "acts inside attention" in str(shown[3].cannot)


def test_other_mistakes_are_errors_even_so_and_name_their_point() -> None:
    message = refused(axes={LAYERS: [2, 0]}, impossible="show")
    assert "model.layers = 0" in message
    assert "at least 1" in message


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"axes": {"model.mixer.scor.kind": ["dot"]}}, ["sweep.axes", "did you mean `model.mixer.score.kind`?"]),
    ({"tune": {"learning_rate": [0.1]}}, ["sweep.tune", "did you mean `optim.learning_rate`?"]),
    ({"axes": {"seeds": [1, 2]}}, ["`seeds` is no part of a cell", "sweep.seeds"]),
    ({"axes": {LAYERS: [1]}, "tune": {LAYERS: [2]}}, ["`model.layers` is both in sweep.axes and in sweep.tune"]),
    ({"axes": {LAYERS: [1, 2], WIDTH: [16]}, "table": {"rows": LAYERS}}, ["`model.width` is neither in table.rows"]),
    ({"axes": {LAYERS: [1, 2]}, "table": {}}, ["`model.layers` is neither", 'rows = "model.layers"']),
    ({"axes": {LAYERS: [1, 2]}, "table": {"rows": "model.layer"}}, ["`model.layer` is no axis", "did you mean `model.layers`?"]),
    ({"axes": {LAYERS: [1]}, "table": {"rows": LAYERS, "columns": LAYERS}}, ["named twice"]),
    ({"axes": {LAYERS: [1, 2, 1]}}, ["two points of the sweep are one", "model.layers = 1"]),
    (
        {"axes": {LAYERS: [1, 2]}, "table": {"rows": LAYERS, "baseline": "3"}},
        ["table.baseline = 3 is none of the rows", "layers 1, layers 2"],
    ),
    (
        {"list": [{"label": "a", LAYERS: 1}, {"label": "a", LAYERS: 2}]},
        ["two points of the sweep are one", "label = a"],
    ),
    ({"axes": {LAYERS: [1]}, "match": {"of": "x=1", "by": ["model.feed_forward.widht"]}}, ["sweep.match.by", "`model.feed_forward.width`"]),
    ({"axes": {LAYERS: [1]}, "match": {"of": "x=1", "by": ["optim.learning_rate"]}}, ["`optim.learning_rate` is no size of a model"]),
    ({"axes": {LAYERS: [1]}, "match": {"of": "x=1", "by": ["data.length"]}}, ["`data.length` is no size of a model"]),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_careless_spec_is_refused(words: dict[str, Any], told: list[str]) -> None:
    message = refused(**deepcopy(words))
    assert "spec.toml" in message
    assert all(word in message for word in told), message


def test_rows_and_columns_may_be_several_axes() -> None:
    table = {"rows": [LAYERS, WIDTH], "columns": "data.length", "baseline": "2, 32"}
    assert len(points(axes={LAYERS: [1, 2], WIDTH: [16, 32], "data.length": [8, 16]}, table=table)) == 8
