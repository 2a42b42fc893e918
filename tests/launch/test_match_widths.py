"""A matched width is one that the model can have, and the nearest in cost."""

import pytest

from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.sweep import SizeMatch
from research.config.sweep_points import SweepPoint
from research.plan.match import CostInputs, cost, match_costs, with_value
from research.tasks.sizes import Sizes

SIZES = Sizes(50, 16)
WORDS = {"kind": "language_model", "layers": 2, "feed_forward": {"kind": "none"}}


def point(label, **model):
    config = Config.model_validate({"data": {"kind": "pydoc"}, "model": {**WORDS, **model}})
    return SweepPoint({"label": label}, {}, config, {})


def heads(*numbers):
    return tuple({"kind": "attention", "heads": number} for number in numbers)


CASES = [("none", (4, 6), 12), ("rotary", (4, 6), 24), ("none", (3, 3), 3), ("rotary", (2, 8), 16)]


@pytest.mark.parametrize(("position", "numbers", "step"), CASES)
def test_a_width_is_divided_by_every_number_of_heads_and_is_the_nearest(position, numbers, step):
    reference = point("lstm", width=200, mixer={"kind": "lstm"})
    other = point("attention", width=48, position={"kind": position}, mixer=heads(*numbers))
    match = SizeMatch(of="label=lstm", by=("model.width",), target="params", tolerance=0.5)
    solved = match_costs((reference, other), match, lambda config: CostInputs(SIZES)).points[1].config
    price = lambda config: cost(config, "params", lambda _: CostInputs(SIZES))
    target = price(reference.config)
    assert solved.model.width % step == 0
    away = [abs(price(with_value(solved, "model.width", solved.model.width + change)) - target) for change in (-step, 0, step)]
    assert away[1] == min(away)


STACK = {"kind": "stack", "width": 32, "layers": 2, "mixer": {"kind": "attention", "heads": 4}}
DECODER = STACK | {"cross": {"heads": 4, "projections": False}}
TRANSLATOR = {"kind": "encoder_decoder", "encoder": STACK, "decoder": DECODER}
BAG = {"kind": "classifier", "encoder": {"kind": "bag", "width": 48, "layers": 2}}
LANGUAGE_MODEL = {"kind": "language_model", "layers": 2, "width": 40, "mixer": {"kind": "attention", "heads": 4}}
LSTM = {"kind": "language_model", "layers": 2, "width": 24, "mixer": {"kind": "lstm"}}
TOGETHER = "model.encoder.width + model.decoder.width"
FACTS = {
    "pydoc": CostInputs(Sizes(50, 16)),
    "vader": CostInputs(Sizes(50, 16, 3), scored=1 / 16),
    "rewrite": CostInputs(Sizes(50, 17, 0, 8, 40, 20), scored=9 / 17),
}
MODELS = [
    ("vader", BAG, {"kind": "classifier", "encoder": STACK}, ("model.encoder.width", "model.encoder.feed_forward.width")),
    ("vader", BAG, {"kind": "classifier", "encoder": {"kind": "max_convolution"}}, ("model.encoder.width", "model.encoder.maps")),
    ("vader", {"kind": "classifier", "encoder": STACK}, BAG, ("model.encoder.width",)),
    (
        "rewrite",
        LANGUAGE_MODEL,
        {"kind": "encoder_decoder", "encoder": STACK, "decoder": DECODER},
        (TOGETHER, "model.decoder.feed_forward.width"),
    ),
    (
        "rewrite",
        {"kind": "encoder_decoder", "encoder": STACK, "decoder": DECODER},
        LANGUAGE_MODEL,
        ("model.width", "model.feed_forward.width"),
    ),
    ("rewrite", LANGUAGE_MODEL, {"kind": "encoder_decoder"}, (TOGETHER,)),
    ("pydoc", LSTM, {"kind": "feed_forward_lm"}, ("model.hidden", "model.width")),
    ("pydoc", LSTM, LANGUAGE_MODEL | {"position": {"kind": "rotary"}}, ("model.width", "model.feed_forward.width")),
]


def at(label, data, model, **labels):
    return SweepPoint({"label": label} | labels, {}, Config.model_validate({"data": {"kind": data}, "model": model}), {})


@pytest.mark.parametrize(
    ("data", "reference", "model", "by", "target"), [(*case, ("params", "flops", "total")[i % 3]) for i, case in enumerate(MODELS)]
)
def test_any_size_of_any_model_is_solved_within_the_tolerance(data, reference, model, by, target):
    facts = lambda config: FACTS[data]
    points = at("a", data, reference), at("b", data, model)
    match = SizeMatch(of="label=a", by=by, target=target, tolerance=0.02)
    solved, told = match_costs(points, match, facts)
    costs = [cost(point.config, target, facts) for point in solved]
    assert solved[0] is points[0]
    assert abs(costs[1] / costs[0] - 1) <= 0.02
    assert f"({costs[1] / costs[0] - 1:+.1%})" in told


def test_the_size_of_the_state_can_be_equal():
    points = at("a", "pydoc", LSTM), at("b", "pydoc", LSTM | {"mixer": {"kind": "gru"}})
    solved = match_costs(points, SizeMatch(of="a", by=("model.width",), target="state"), lambda config: FACTS["pydoc"]).points
    assert solved[1].config.model.width == 2 * solved[0].config.model.width


@pytest.mark.parametrize(
    "of", ["a, tie true, rate 1e-4", "a, true, 1e-4", "a, true, 0.0001", "tie=true", "label=a", "rate=1e-4", "label=a, rate=0.0001"]
)
def test_a_reference_is_named_as_a_table_or_as_toml_writes_it(of):
    points = at("a", "pydoc", LSTM, tie=True, rate=1e-4), at("b", "pydoc", LSTM | {"width": 12}, tie=False, rate=1e-3)
    solved = match_costs(points, SizeMatch(of=of, by=("model.width",)), lambda config: FACTS["pydoc"]).points
    assert solved[1].config.model.width == 24


def test_under_each_column_the_reference_is_that_column_s():
    points = [at(label, "pydoc", LSTM | {"width": width}, column=width) for label in "ab" for width in (4, 8)]
    solved = match_costs(points, SizeMatch(of="label=a", by=("model.width",)), lambda config: FACTS["pydoc"]).points
    assert [point.config.model.width for point in solved] == [4, 8, 4, 8]


@pytest.mark.parametrize(
    ("by", "of", "said"),
    [
        (("model.embedding_scale",), "a", "model.embedding_scale changes no parameters"),
        (("model.hidden",), "a", "cannot be moved alone: .*`hidden` belongs to model.kind = feed_forward_lm"),
        (("model.width",), "counts", "n-gram|ngram has none.*let sweep.match.of name a trained one"),
        (("model.width",), "x", "names no cell of this sweep. Its cells are: label=a; label=b; label=counts"),
    ],
)
def test_what_cannot_be_matched_is_told(by, of, said):
    points = at("a", "pydoc", LSTM), at("b", "pydoc", LANGUAGE_MODEL), at("counts", "pydoc", {"kind": "ngram"})
    with pytest.raises(StepladderError, match=said):
        match_costs(points, SizeMatch(of=of, by=by), lambda config: FACTS["pydoc"])


def test_an_encoder_whose_width_is_another_s_moves_with_it():
    points = at("a", "rewrite", LANGUAGE_MODEL), at("b", "rewrite", TRANSLATOR)
    with pytest.raises(StepladderError, match=r"cannot be moved alone: .*are one entry"):
        match_costs(points, SizeMatch(of="a", by=("model.encoder.width",)), lambda config: FACTS["rewrite"])
