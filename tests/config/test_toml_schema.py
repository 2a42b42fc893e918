"""The schema that editors read accepts what the loader accepts, and no word that it refuses."""

import json
import tomllib
from pathlib import Path

import pytest
from config_strategies import configs
from hypothesis import given, settings
from typer.testing import CliRunner

from research.cli import app
from research.config.field_comments import field_comments
from research.config.fields import leaves
from research.config.mixer import LSTM
from research.config.model import LanguageModelConfig
from research.config.node import Node
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.toml_schema import toml_schema
from research.config.warm_start import WarmStart

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path for folder in ("configs", "experiments") for path in (ROOT / folder).rglob("*.toml"))
SCHEMA = toml_schema()
FREE = {"axes", "zip", "list", "exclude", "tune"}  # tables of a sweep whose keys are a config's, dotted


@pytest.fixture(scope="module")
def validator():
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is of requirements-dev.txt")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def names_of(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SHIPPED, ids=names_of)
def test_every_file_that_comes_with_the_code_is_valid(path, validator):
    assert [error.message for error in validator.iter_errors(tomllib.loads(path.read_text("utf-8")))] == []


@pytest.mark.parametrize("path", SHIPPED, ids=names_of)
def test_a_misspelt_word_of_it_is_not(path, validator):
    tree = tomllib.loads(path.read_text("utf-8"))
    for *parents, last in (place for place, _ in leaves(tree) if not FREE & {*place[1:2]}):
        misspelt = json.loads(json.dumps(tree, default=str))
        table = misspelt
        for part in parents:
            table = table[part]
        table[f"{last}x"] = table.pop(last)
        assert not validator.is_valid(misspelt), (*parents, last)


@settings(max_examples=12)
@given(config=configs())
def test_every_config_is_valid_in_its_one_spelling(validator, config):
    assert [error.message for error in validator.iter_errors(json.loads(json.dumps(to_tree(config))))] == []


@pytest.mark.parametrize(
    ("words", "valid"),
    [
        ({"seeds": 3}, True),
        ({"seeds": [3, 5]}, True),
        ({"seeds": 0}, False),
        ({"seeds": []}, False),
        ({"model": {"layers": 2}}, True),
        ({"model": {"kind": "ngram", "layers": 2}}, False),
        ({"model": {"kind": "language_model", "mixer": {"kind": "lstm", "forget_bias": 2}}}, True),
        ({"model": {"kind": "language_model", "mixer": {"kind": "gru", "forget_bias": 2}}}, False),
        ({"model": {"kind": "language_model", "mixer": [{"kind": "gru"}, {"kind": "attention", "heads": 2}]}}, True),
        ({"model": {"kind": "n_gram"}}, False),
        ({"init": {"from": "3f2a"}}, True),
        ({"init": {"source": "3f2a"}}, False),
        ({"optim": {"learning_rate": "high"}}, False),
        ({"sweep": {"axes": {"model": {"layers": [1, 2]}}, "zip": {"model.width": [1, 2]}}}, True),
        ({"sweep": {"tune": {"optim.learning_rate": {"log_uniform": [1e-4, 1e-1], "trials": 8}}, "seeds": 5}}, True),
        ({"sweep": {"table": {"row": "label"}}}, False),
        ({"extends": "base.toml", "base": True}, True),
        ({"extends": ["base.toml"]}, False),
    ],
)
def test_words_are_valid_as_the_loader_has_them(words, valid, validator):
    assert validator.is_valid(words) == valid


def test_every_word_of_every_kind_is_in_the_schema():
    classes, properties = [Config], {}
    while classes:
        node = classes.pop()
        properties[node.__name__] = {field.alias or name for name, field in node.model_fields.items()}
        classes += [other for other in nodes_below(node) if other.__name__ not in properties]
    defined = {name: set(entry["properties"]) for name, entry in SCHEMA["$defs"].items()}
    assert len(properties) > 100
    assert {name: words for name, words in properties.items() if name != "Config"}.items() <= defined.items()
    assert properties["Config"] < set(SCHEMA["properties"])


def nodes_below(node):
    """The classes of nodes that the fields of a node may hold."""

    def inside(annotation):
        if isinstance(annotation, type) and issubclass(annotation, Node):
            return [annotation]
        return [one for part in getattr(annotation, "__args__", ()) for one in inside(part)]

    return [one for field in node.model_fields.values() for one in inside(field.annotation)]


def test_comments_of_fields_and_of_classes_are_descriptions():
    assert field_comments(LSTM)["forget_bias"] == "Jozefowicz et al. 2015"
    assert SCHEMA["$defs"]["LSTM"]["properties"]["forget_bias"]["description"] == "Jozefowicz et al. 2015"
    assert SCHEMA["$defs"]["LSTM"]["description"] == LSTM.__doc__
    assert SCHEMA["$defs"]["WarmStart"]["properties"]["from"]["description"] == field_comments(WarmStart)["source"]
    inherited = {name for base in LanguageModelConfig.__mro__[1:] if issubclass(base, Node) for name in field_comments(base)}
    assert inherited <= set(field_comments(LanguageModelConfig))


def test_the_command_prints_it():
    told = CliRunner().invoke(app, ["schema"])
    assert (told.exit_code, json.loads(told.stdout)) == (0, SCHEMA)
