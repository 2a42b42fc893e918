"""A file of the user's that registers kinds: when it runs, what of it is in an id, and how each mistake is told."""

import ast
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registered import taken_back

from research.config.cell_identity import cell_id, identity_tree
from research.config.errors import StepladderError
from research.config.fields import all_keys, kind_classes, node_classes
from research.config.loader import load_config, read_config, spec_digest
from research.config.mixer import AttentionConfig
from research.config.model import LanguageModelConfig
from research.config.plugin_source import canonical_tree, read_plugin
from research.config.plugins import LOADED, carried_plugins, load_carried_plugins, unload_plugin
from research.config.registrations import REGISTRATIONS
from research.config.schema import Config
from research.config.serialise import to_toml
from research.data.loading import load_dataset
from research.nn.mixers import MIXERS
from research.nn.score_functions import SCORES, is_dot
from research.plan.cell_record import input_cell_id, open_cell, write_record
from research.runs import store

pytestmark = pytest.mark.usefixtures("registering")

SHARP = """
from typing import ClassVar, Literal
from research.config.mixer import ScoreConfig
from research.nn.score_functions import ScoreKind, dot_flops, key_as_wide
from research.plugin import register_score

class Sharp(ScoreConfig):
    equal_widths: ClassVar[bool] = True
    kind: Literal["sharp"]
    by: float = 2.0

def nothing(*_): return ()
def sharpen(config, params, q): return config.by * q
def sharp(config, params, head, q, k): return config.by * q @ k

register_score(Sharp, ScoreKind(nothing, dot_flops, key_as_wide, ("edge",), sharp, sharpen))
"""
CONFIG = """
{plugins}
[data]
kind = "copy"
train_examples = 8
[model]
kind = "language_model"
mixer.score.kind = "sharp"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A config, and a plugin that it names, which this machine has not seen before."""
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.py").write_text(SHARP)
    (tmp_path / "tiny.toml").write_text(CONFIG.format(plugins='plugins = ["mine.py"]'))
    return tmp_path


def refusal(action, *arguments, **words):
    with pytest.raises(StepladderError) as error:
        action(*arguments, **words)
    assert "\n" not in str(error.value)
    return str(error.value)


def tree_of(folder, text):
    (folder / "said.py").write_text(text)
    return read_plugin(folder / "said.py").tree


def test_a_registered_kind_is_one_of_its_union_wherever_that_stands(folder):
    before = node_classes(Config), all_keys(Config)
    config = load_config(folder / "tiny.toml", ["model.mixer.score.by=3.0"], allow_plugins=True).config
    assert (config.model.mixer.score.kind, config.model.mixer.score.by) == ("sharp", 3.0)
    sharp = type(config.model.mixer.score)
    assert node_classes(Config) - before[0] == {sharp}
    assert {"model.mixer.score.by", "model.decoder.mixer.score.by", "model.encoder.mixer.score.by"} <= {*all_keys(Config)} - {*before[1]}
    assert is_dot(config.model.mixer.score)
    assert "edge" in MIXERS[AttentionConfig].float32
    assert REGISTRATIONS[-1][:2] == ("score", "sharp")
    assert REGISTRATIONS[-1].place == f"{folder / 'mine.py'}, line 7"


def test_what_a_test_registered_is_gone_afterwards(folder):
    before = dict(SCORES), dict(MIXERS), node_classes(Config), list(REGISTRATIONS)
    with taken_back():
        load_config(folder / "tiny.toml", allow_plugins=True)
        assert len(SCORES) == len(before[0]) + 1
    assert (dict(SCORES), dict(MIXERS), node_classes(Config), list(REGISTRATIONS)) == before
    assert "mine.py" not in LOADED
    with pytest.raises(ValueError, match="sharp"):
        LanguageModelConfig.model_validate({"kind": "language_model", "mixer": {"kind": "attention", "score": {"kind": "sharp"}}})
    assert "sharp" not in kind_classes(AttentionConfig.model_fields["score"])


COSMETIC = st.lists(st.sampled_from(["# a remark\n", "\n", "   \n", '"""Said of the module."""\n']), max_size=4)


@given(COSMETIC, COSMETIC, st.sampled_from(["", '    """Said of the function."""\n', "    # why\n"]))
def test_a_comment_a_blank_line_or_a_docstring_changes_no_tree(tmp_path_factory, first, last, inside):
    first = sorted(dict.fromkeys(first), key=lambda line: '"""' not in line)  # a docstring comes first
    last = [line for line in last if '"""' not in line]
    text = f"{''.join(first)}def f(x):\n{inside}    return x + 1\n{''.join(last)}"
    folder = tmp_path_factory.getbasetemp()
    assert tree_of(folder, text) == tree_of(folder, "def f(x): return x+1")


@pytest.mark.parametrize(
    "other", ["def f(x): return x + 2", "def f(y): return y + 1", "def f(x): return None", "def f(x):\n 'a'; return 'a'"]
)
def test_what_a_plugin_says_is_its_tree(tmp_path, other):
    assert tree_of(tmp_path, other) != tree_of(tmp_path, "def f(x): return x + 1")


def test_an_empty_body_is_that_of_a_docstring_alone_and_a_lambda_has_none(tmp_path):
    assert tree_of(tmp_path, "class A:\n    'Said.'\n") != tree_of(tmp_path, "class A: pass")
    assert tree_of(tmp_path, "f = lambda: {}") != tree_of(tmp_path, "f = lambda: 'a'")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="dumps every empty field")
def test_the_tree_is_that_of_the_standard_library():
    tree = ast.parse(SHARP)
    assert canonical_tree(tree) == ast.dump(tree)


def test_what_a_plugin_imports_from_its_own_folder_is_a_part_of_it(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    (tmp_path / "parts" / "inner.py").write_text("import beside\n")
    (tmp_path / "beside.py").write_text("x = 1")
    (tmp_path / "unused.py").write_text("x = 1")
    (tmp_path / "json.py").write_text("x = 1")  # which Python has itself
    (tmp_path / "mine.py").write_text("import json, numpy, research.config\nfrom parts import inner\n")
    before = read_plugin(tmp_path / "mine.py")
    assert set(before.texts) == {"mine.py", "parts/__init__.py", "parts/inner.py", "beside.py"}
    (tmp_path / "beside.py").write_text("# told\nx = 1")
    assert read_plugin(tmp_path / "mine.py").tree == before.tree
    assert read_plugin(tmp_path / "mine.py").text_digest != before.text_digest
    (tmp_path / "beside.py").write_text("x = 2")
    assert read_plugin(tmp_path / "mine.py").tree != before.tree


def test_an_id_holds_what_its_plugins_say_and_not_how_they_are_called(folder):
    ids = set()
    for name, text in (("mine.py", SHARP), ("mine.py", f"# mine\n{SHARP}"), ("yours.py", SHARP), ("mine.py", SHARP.replace("2.0", "2.5"))):
        (folder / name).write_text(text)
        with taken_back():
            loaded = load_config(folder / "tiny.toml", [f'plugins=["{folder / name}"]'], allow_plugins=True)
        ids.add(cell_id(loaded.config, "data"))
    assert len(ids) == 2
    without = Config.model_validate({"data": {"kind": "copy"}, "model": {"kind": "language_model"}})
    assert "plugins" not in identity_tree(without, "data")
    assert "plugins" not in to_toml(without)
    assert 'file = "mine.py"' in to_toml(loaded.config)
    assert str(folder) not in to_toml(loaded.config)


def test_a_plugin_is_named_relative_to_the_file_that_says_it_and_inherited(folder, monkeypatch):
    (folder / "below").mkdir()
    (folder / "below" / "child.toml").write_text('extends = "../tiny.toml"\n')
    assert load_config(folder / "below" / "child.toml", allow_plugins=True).config.plugins[0].file == "mine.py"
    (folder / "below" / "own.toml").write_text(CONFIG.format(plugins=""))
    monkeypatch.chdir(folder)
    assert load_config("below/own.toml", ['plugins=["mine.py"]']).config.plugins[0].file == "mine.py"


def test_a_plugin_is_registered_once_however_often_it_is_named(folder):
    load_config(folder / "tiny.toml", allow_plugins=True)
    count = len(REGISTRATIONS)
    first = SCORES.copy()
    (folder / "mine.py").write_text(f"# another text of the same tree\n{SHARP}")
    load_config(folder / "tiny.toml")
    assert (len(REGISTRATIONS), SCORES) == (count, first)


def test_a_changed_plugin_takes_the_place_of_what_it_was_and_old_configs_say_so(folder):
    old = load_config(folder / "tiny.toml", allow_plugins=True)
    (folder / "mine.py").write_text(SHARP.replace("2.0", "7.0"))
    new = load_config(folder / "tiny.toml", allow_plugins=True)
    assert new.config.model.mixer.score.by == 7.0
    assert len([entry for entry in REGISTRATIONS if entry.name == "sharp"]) == 1
    with pytest.raises(ValueError, match=r"mine\.py says something else than it did"):
        Config.model_validate(old.tree)


def test_a_text_runs_where_it_was_allowed_once(folder):
    text = refusal(load_config, folder / "tiny.toml")
    assert "--allow-plugins" in text
    assert "sharp" not in {entry.name for entry in REGISTRATIONS}
    load_config(folder / "tiny.toml", allow_plugins=True)
    with taken_back():
        load_config(folder / "tiny.toml")
    (folder / "mine.py").write_text(SHARP.replace("2.0", "2.5"))
    assert "--allow-plugins" in refusal(load_config, folder / "tiny.toml")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("import no_such_module\n", 1, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit"),
        ("from . import beside\n", 1, "ImportError"),
    ],
)
def test_a_plugin_that_does_not_import_is_told_with_its_line(folder, text, line, told):
    (folder / "mine.py").write_text(text)
    message = refusal(load_config, folder / "tiny.toml", allow_plugins=True)
    assert message.startswith(f"{folder / 'mine.py'}, line {line}: this plugin does not import: {told}")


def test_a_plugin_that_fails_half_way_leaves_nothing_behind(folder):
    (folder / "mine.py").write_text(f"{SHARP}\nraise ValueError('no')\n")
    before = dict(SCORES), list(REGISTRATIONS)
    refusal(load_config, folder / "tiny.toml", allow_plugins=True)
    assert (dict(SCORES), list(REGISTRATIONS)) == before


@pytest.mark.parametrize("name", ["mlp", "sharp"])
def test_a_name_that_is_taken_is_told_with_both_places(folder, name):
    load_config(folder / "tiny.toml", allow_plugins=True)
    (folder / "yours.py").write_text(SHARP.replace('"sharp"', f'"{name}"'))
    message = refusal(load_config, folder / "tiny.toml", ['plugins=["' + str(folder / "yours.py") + '"]'], allow_plugins=True)
    assert f"the score '{name}' is taken" in message
    assert f"{folder / 'yours.py'}, line 7" in message
    assert f"{folder / 'mine.py'}, line 7" in message or "mixer.py, line" in message
    assert "Traceback" not in message


def test_a_class_that_is_none_of_the_family_is_refused(folder):
    (folder / "mine.py").write_text(SHARP.replace("register_score", "register_mixer"))
    assert "Sharp is no mixer" in refusal(load_config, folder / "tiny.toml", allow_plugins=True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ('"mine.py"', "must be an array"),
        ('["none.py"]', "there is no such file"),
        ("[3]", "is a Python file"),
        ('["mine.toml"]', "is a Python file"),
        ('["mine.py", "also/mine.py"]', "two files that are called mine.py"),
    ],
)
def test_a_wrong_word_is_refused(folder, words, told):
    (folder / "also").mkdir()
    (folder / "also" / "mine.py").write_text(SHARP)
    (folder / "tiny.toml").write_text(CONFIG.format(plugins=f"plugins = {words}"))
    assert told in refusal(load_config, folder / "tiny.toml", allow_plugins=True)


def test_a_sweep_cannot_vary_its_plugins(folder):
    (folder / "tiny.toml").write_text(CONFIG.format(plugins='plugins = ["mine.py"]') + '[sweep]\naxes = { plugins = [["mine.py"], []] }\n')
    loaded = load_config(folder / "tiny.toml", allow_plugins=True)
    assert "plugins" in refusal(loaded.points)


@pytest.fixture
def cell(folder):
    """The folder of a cell as a launch leaves it, and nothing of the plugin beside it."""
    (folder / "helper.py").write_text("by = 2.0\n")
    (folder / "mine.py").write_text(
        SHARP.replace("float = 2.0", "float = helper.by").replace("\nfrom typing", "\nimport helper\nfrom typing", 1)
    )
    with taken_back():
        config = load_config(folder / "tiny.toml", allow_plugins=True).config
        data = load_dataset(config.data)
        place = folder / input_cell_id(config, data.digest, {})
        store.write_text(place / "config.toml", to_toml(config))
        write_record(place, config, data, None)
    for name in ("mine.py", "helper.py"):
        (folder / name).unlink()
    return place


def test_a_cell_is_opened_from_the_text_that_it_keeps(cell):
    opened = open_cell(cell, None)
    assert opened.config.model.mixer.score.by == 2.0
    assert opened.notes == ()
    assert store.read_json(cell / "cell.json")["plugins"] == [opened.config.plugins[0].model_dump()]
    score = SCORES[type(opened.config.model.mixer.score)]
    np.testing.assert_array_equal(score.queries(opened.config.model.mixer.score, (), np.ones(2)), [2.0, 2.0])


@pytest.mark.parametrize("name", ["mine.py", "helper.py"])
def test_a_kept_plugin_that_was_edited_is_refused(cell, name):
    kept = cell / "plugins" / name
    kept.write_text(f"{kept.read_text()}\nmore = 1\n")
    message = refusal(open_cell, cell, None)
    assert "changed since the run" in message
    assert str(cell / "plugins" / "mine.py") in message


def test_a_kept_plugin_from_elsewhere_is_allowed_first(cell, monkeypatch, tmp_path):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "another machine"))
    assert "never allowed here" in refusal(read_config, cell / "config.toml")


def test_the_words_of_a_spec_are_known_without_its_plugin(folder):
    digest = spec_digest(folder / "tiny.toml", ["seeds=2"])
    (folder / "mine.py").write_text("def f(:")
    assert spec_digest(folder / "tiny.toml", ["seeds=2"]) == digest
    assert spec_digest(folder / "tiny.toml", []) != digest


def test_a_plan_carries_the_texts_of_its_plugins(folder, tmp_path):
    (folder / "helper.py").write_text("by = 2.0\n")
    (folder / "mine.py").write_text(f"import helper\n{SHARP}")
    with taken_back():
        plugins = load_config(folder / "tiny.toml", allow_plugins=True).config.plugins
        carried = carried_plugins(plugins)
    for name in ("mine.py", "helper.py"):
        (folder / name).unlink()
    assert plugins[0].file not in LOADED
    load_carried_plugins(carried, "the plan")
    assert LOADED["mine.py"].source.tree == plugins[0].tree
    assert Config.model_validate({"data": {"kind": "copy"}, "model": {"kind": "language_model"}, "plugins": plugins}).plugins == plugins
    for file in [*LOADED]:
        unload_plugin(file)
    carried[0]["texts"] |= {"../elsewhere.py": "x = 1"}
    assert "outside of its folder" in refusal(load_carried_plugins, carried, "the plan")
    assert not list(tmp_path.rglob("elsewhere.py"))
