"""A matched width is one that the model can have, and the nearest in cost."""

import pytest

from research.config.schema import Config
from research.config.sweep import Match, Point
from research.launch.match import cost, matched, with_value
from research.tasks.language_modelling import Sizes

SIZES = Sizes(50, 16)
WORDS = {"kind": "language_model", "layers": 2, "feed_forward": {"kind": "none"}}


def point(label, **model):
    config = Config.model_validate({"data": {"kind": "pydoc"}, "model": {**WORDS, **model}})
    return Point({"label": label}, {}, config, {})


def heads(*numbers):
    return tuple({"kind": "attention", "heads": number} for number in numbers)


CASES = [("none", (4, 6), 12), ("rotary", (4, 6), 24), ("none", (3, 3), 3), ("rotary", (2, 8), 16)]


@pytest.mark.parametrize(("position", "numbers", "step"), CASES)
def test_a_width_is_divided_by_every_number_of_heads_and_is_the_nearest(position, numbers, step):
    reference = point("lstm", width=200, mixer={"kind": "lstm"})
    other = point("attention", width=48, position={"kind": position}, mixer=heads(*numbers))
    match = Match(of="label=lstm", by=("model.width",), target="params", tolerance=0.5)
    solved = matched((reference, other), match, lambda config: SIZES)[1].config
    target, price = cost(reference.config, "params", lambda _: SIZES), lambda config: cost(config, "params", lambda _: SIZES)
    assert solved.model.width % step == 0
    away = [abs(price(with_value(solved, "model.width", solved.model.width + change)) - target) for change in (-step, 0, step)]
    assert away[1] == min(away)
