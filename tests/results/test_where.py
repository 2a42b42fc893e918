"""A condition chooses what Python's own reading of it chooses, and is never run: what else stands in it is one paragraph."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.runs.where import check_names, near_key, parse_condition

WORDS = {
    "data.kind": "ptb",
    "model.width": 64,
    "model.tie": True,
    "optim.learning_rate": 1e-3,
    "data.columns": ("a", "b"),
    "init.from": "3f2a",
}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("data.kind == 'ptb'", True),
        ("data.kind != 'ptb' or model.width >= 64", True),
        ("not (data.kind in ['ptb', 'wikitext2']) and model.tie", False),
        ("model.tie == true", True),
        ("32 < model.width <= 64", True),
        ("optim.learning_rate in (0.001, 0.003)", True),
        ("'pt' in data.kind", True),
        ("'b' in data.columns", True),
        ("data.columns == ['a', 'b']", True),
        ("model.layers < 3", False),  # a word that is not there has no order
        ("not model.layers < 3", True),
        ("model.layers == none", True),
        ("model.layers not in [1, 2]", True),
        ("model.width == -64", False),
        ("init.from == '3f2a'", True),  # Python's own word
        ("data.kind == 'x.from'", False),
    ],
)
def test_what_a_condition_says(text, chosen):
    assert parse_condition(text).holds(WORDS) is chosen


NUMBERS = st.integers(-3, 3)
OPERATIONS = {"==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
COMPARISON = st.tuples(st.sampled_from(["a.b", "a.c"]), st.sampled_from(sorted(OPERATIONS)), NUMBERS)
TREES = st.recursive(
    COMPARISON, lambda tree: st.one_of(st.tuples(st.just("not"), tree), st.tuples(st.sampled_from(["and", "or"]), tree, tree))
)


def written(tree):
    if tree[0] == "not":
        return f"not ({written(tree[1])})"
    return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})" if tree[0] in ("and", "or") else " ".join(map(str, tree))


def computed(tree, words):
    if tree[0] == "not":
        return not computed(tree[1], words)
    if tree[0] in ("and", "or"):
        return (all if tree[0] == "and" else any)(computed(part, words) for part in tree[1:])
    return OPERATIONS[tree[1]](words[tree[0]], tree[2])


@given(TREES, NUMBERS, NUMBERS)
def test_a_condition_of_any_depth_is_its_tree(tree, b, c):
    words = {"a.b": b, "a.c": c}
    assert parse_condition(written(tree)).holds(words) == computed(tree, words)


@pytest.mark.parametrize(
    "text",
    ["", "data.kind = 'ptb'", "data.kind ==", "__import__('os').getcwd() == 'x'", "[x for x in y]", "data.kind is 'ptb'", "1 + 1 == 2",
     "(lambda: 1) == 1", "data['kind'] == 'ptb'", "data.kind == b'ptb'", "f'{data}' == 'x'", "model.width == 1j", "~model.width",
     "not " * 2000 + "a"],
)  # fmt: skip
def test_what_is_no_condition_is_one_paragraph(text):
    with pytest.raises(StepladderError, match="where = ") as refused:
        parse_condition(text).holds(WORDS)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["model.width < 'a'", "data.kind > 3", "data.kind", "not model.width", "3 in model.width"])
def test_values_that_have_no_order_or_no_truth_are_refused(text):
    with pytest.raises(StepladderError, match="where = "):
        parse_condition(text).holds(WORDS)


def test_an_unknown_key_names_the_nearest():
    for text, near in (("data.kid == 'ptb'", "data.kind"), ("width == 64", "model.width"), ("data.kind == ptb", "texts in quotes")):
        with pytest.raises(StepladderError, match=near):
            check_names(parse_condition(text), WORDS)
    assert near_key("kind", ["data.kind", "model.kind"]) == "; there are data.kind, model.kind."
