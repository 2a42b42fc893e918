"""One word of a config neither hangs nor crashes: whatever a file or a command says is read quickly, or refused in one paragraph."""

import os
import re
import time
from pathlib import Path

import pytest

from research.config.errors import LONGEST_MESSAGE, StepladderError
from research.config.loader import load_config

LSTM = '[data]\nkind = "shakespeare"\n[model]\nkind = "language_model"\nmixer = { kind = "lstm" }\n'
NGRAM = '[data]\nkind = "shakespeare"\n[model]\nkind = "interpolation"\nparts = [{ kind = "ngram" }]\n'
ATTENTION = LSTM.replace("lstm", "attention").replace("[model]", "[model]\nwidth = 1000000007")
DECODER = '[data]\nkind = "numerals"\n[model]\nkind = "encoder_decoder"\ndecoder = { kind = "stack", width = 1000000007 }\n'
ROWS = '[sweep]\nlist = [{ "model.width" = 8 }, { "model.width" = 9 }]\n'
WIDTHS = '[sweep]\naxes = { "model.width" = [8, 16] }\ntable = { rows = "model.width" }\n'
GREAT = f'[sweep]\naxes = {{ "model.width" = {list(range(8, 1008))}, "model.layers" = {list(range(1, 900))} }}\n'
DEEP = 1500
OVERRIDES = [
    ("optim.kind={}", r"`optim.kind` must be the name of a kind, not a table"),
    ("model.kind=[]", r"must be the name of a kind, not an array"),
    ("seeds=[[1]]", r"`seeds.0` must be a whole number"),
    ("seeds=99999999999999999999", r"beyond the whole numbers of 64 bits"),
    ("seeds=1000000000", r"the most is 10000"),
    ("seeds=[4294967296]", r"at most 4294967295"),
    (f"model.width={'9' * 5000}", r"`model.width` cannot be: a number of thousands of digits"),
    (f"model.width=0x{'f' * 5000}", r"a number of 20000 bits"),
    (f"model.width={'[' * DEEP}{']' * DEEP}", r"more than 32 deep"),
    (f"model={'{a=' * DEEP}1{'}' * DEEP}", r"more than 32 deep"),
    (f"sweep{'.a' * DEEP}=1", r"is no key"),
    ("train.steps=3000000000", r"at most 2147483647"),
    ("model.layers=1000000000", r"at most 1000"),
    (f'train.steps="{"y" * 100_000}"', r"of 100,000 characters"),
    (f"model.kind={'y' * 100_000}", r"unknown kind"),
    ("a=b\0c", r"no character NUL"),
    ('data.kind="a\\u0000"', r"NUL"),
]
FILES = [
    (NGRAM, r"`model.parts.1` is missing"),
    (ATTENTION, r"4 heads do not divide the width 1000000007; the nearest number that does is 1"),
    (DECODER, r"the nearest number that does is 1"),
    (LSTM.replace('"shakespeare"', '["pydoc"]'), r"`data.kind` must be the name of a kind"),
    (LSTM + f"[train]\nsteps = {'9' * 5000}\n", r"a number of thousands of digits"),
    (LSTM + f"[train]\nsteps = {'[' * DEEP}{']' * DEEP}\n", r"more than 32 deep"),
    (f"a{'.a' * DEEP} = 1\n", r"more than 32 deep"),
    ('extends = "a\\u0000b"\n', r"NUL"),
    (f'extends = "{"y" * 5000}"\n', r"cannot be read"),
    (LSTM + '[eval.prompts]\nfile = "a\\u0000b"\n', r"NUL"),
    ("x" * 100_000, r"of 100,000 characters"),
    (LSTM + "".join(f"k{i} = 1\n" for i in range(5000)), r"these are 5,00. keys"),
    (LSTM + GREAT, r"the axes of \[sweep\] multiply to 899,000 points, and a sweep has at most 100,000"),
    (
        LSTM + '[sweep]\ntune = { "optim.learning_rate" = { log_uniform = [1e-4, 1e-1], trials = 1000000000 } }\n',
        r"1,000,000,000 points",
    ),
    (LSTM + WIDTHS.replace("[8, 16]", '[8, [8]]'), r"must be a whole number, not an array"),
]  # fmt: skip
INDICES = ["²", "9999999999999999999", "5", "0.²"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(file, overrides=(), text=None):
    if text is not None:
        Path(file).write_text(text, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(StepladderError) as caught:
        load_config(file, overrides).points()
    assert time.process_time() - began < 5, "in seconds of this process"
    assert len(str(caught.value)) <= LONGEST_MESSAGE
    return str(caught.value)


@pytest.mark.parametrize(("override", "told"), OVERRIDES, ids=[override[:20] for override, _ in OVERRIDES])
def test_an_override_that_cannot_be_is_told(override, told):
    assert re.search(told, refused("lm.toml", [override], LSTM))


@pytest.mark.parametrize(("text", "told"), FILES, ids=[told[:20] for _, told in FILES])
def test_a_file_that_cannot_be_is_told(text, told):
    assert re.search(told, refused("a.toml", text=text))


@pytest.mark.parametrize("index", INDICES)
def test_what_counts_no_entry_of_an_array_is_told(index):
    refused("rows.toml", [f"sweep.list.{index}=1"], LSTM + ROWS)


def test_seeds_of_a_sweep_have_the_same_limit():
    assert "the most is 10000" in refused("rows.toml", ["sweep.seeds=1000000000"], LSTM + WIDTHS)


def test_what_is_no_file_is_told_and_not_waited_for(folder):
    os.mkfifo("pipe")
    os.symlink("round.toml", "round.toml")
    (folder / "over.toml").write_text('extends = "round.toml"')
    assert "pipe or a device" in refused("pipe")
    assert "pipe or a device" in refused("/dev/zero")
    assert "Too many levels" in refused("round.toml")
    assert "`extends` of over.toml" in refused("over.toml")
    assert "NUL" in refused("a\0b")
