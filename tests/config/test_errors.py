"""A refused config is told in one paragraph: what, where, the nearest right thing."""

from pathlib import Path

import pytest

from research.config.errors import StepladderError
from research.config.loader import load_config

TREE = """
[data]
kind = "shakespeare"
[model]
kind = "language_model"
mixer = { kind = "attention", score = { kind = "dot" } }
"""
CASES = [
    (["model.laers=3"], ["command line", "unknown key `model.laers`", "did you mean `model.layers`?"]),
    (["learning_rate=1"], ["unknown key `learning_rate`", "`optim.learning_rate`"]),
    (["model.heads=2"], ["`model.mixer.heads`"]),
    (["optim.momentum=0.9"], ["`optim.momentum`", "belongs to optim.kind = sgd"]),
    (["model.mixer.kind=lstm", "model.mixer.heads=4"], ["`model.mixer.heads`", "attention"]),
    (["model.kind=langage_model"], ["unknown kind 'langage_model' at `model.kind`", "did you mean `language_model`?", "ngram"]),
    (["model.kind=lstm"], ["lstm is a kind of `model.mixer`"]),
    (["model.mixer.score.kind=dott"], ["`model.mixer.score.kind`", "did you mean `dot`?"]),
    (["model.mixer=lstm"], ["must be a table", "did you mean `model.mixer.kind = lstm`?"]),
    (["model.layers=2.5"], ["`model.layers` must be a whole number, not 2.5"]),
    (["model.layers=0"], ["`model.layers` must be at least 1, not 0"]),
    (["model.residual=no"], ["`model.residual` must be true or false, not the text 'no'"]),
    (["optim.clip=of"], ["must be a number or off", "did you mean `off`?"]),
    (["model.feed_forward.width=3x"], ["`model.feed_forward.width`", "a whole number or 4x"]),
    (["optim.learning_rate=nan"], ["a finite number"]),
    (["data.kind=files", "data.train=a"], ["valid and test are missing", "valid = 0.1", "split_column"]),
    (["seeds=0"], ["seeds must be at least 1"]),
    (["seeds=[1, 1]"], ["`seeds`", "twice"]),
    (["train.steps=3", "train.epochs=3"], ["`train`", "exactly one of steps and epochs"]),
    (["model.kind=ngram", "train.steps=3"], ["[train] means nothing to an n-gram"]),
    (["model.mixer.heads=3"], ["with model.mixer.heads from the command line", "nearest number that does is 2"]),
    (["model.mixer=[{kind='lstm'}, {kind='gru', size=3}]"], ["unknown key `model.mixer.1.size`"]),
    (["model.mixer.0.heads=1"], ["`model.mixer.0.heads`", "`model.mixer` is one table"]),
    (["model.mixer=[{kind='lstm'}]", "model.mixer.heads=1"], ["an array of 1", "model.mixer.0.heads"]),
    (["model.mixer=[{kind='lstm'}]", "model.mixer.1.kind=gru"], ["`model.mixer.1.kind`", "1 entries"]),
    (["model.layers=a", "model.width=-2", "optim.clip=0"], ["`model.layers` must be", "And 2 more: model.width, optim.clip"]),
]


def told(tmp_path: Path, overrides: list[str]) -> str:
    path = tmp_path / "file.toml"
    path.write_text(TREE)
    with pytest.raises(StepladderError) as raised:
        load_config(path, overrides)
    return str(raised.value)


@pytest.mark.parametrize(("overrides", "words"), CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_a_mistake_is_told_in_one_paragraph(tmp_path: Path, overrides: list[str], words: list[str]) -> None:
    message = told(tmp_path, overrides)
    assert all(word in message for word in words), message
    jargon = ["pydantic", "Input should", "tagged", "tuple[", "\n", "Value error", "union", ".attention.", ".language_model."]
    assert not [word for word in jargon if word in message], message


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "typo.toml"
    path.write_text(TREE + "laers = 3\n")
    with pytest.raises(StepladderError, match=r"typo\.toml: unknown key `model\.laers`; did you mean `model\.layers`"):
        load_config(path)
