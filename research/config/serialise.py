"""A config back to a plain tree and to TOML, such that reading it again gives the same config."""

import tomli_w

from research.config.fields import node_keys
from research.config.levels import levels_where
from research.config.model_facts import model_facts
from research.config.node import FieldValue, Node
from research.config.plain import Json, Tree, section
from research.config.schema import Config


def to_toml(config: Config, defaults: bool = False) -> str:
    """The config as a TOML file; with `defaults`, also every value that is a default."""
    return tomli_w.dumps(to_tree(config, defaults))


def to_tree(config: Config, defaults: bool = False) -> Tree:
    """The config as plain tables, arrays and values, without the sections that mean nothing to it."""
    tree = _table(config, defaults)
    for name in _meaningless(config):
        tree.pop(name, None)
    if defaults and section(tree, "data").get("level") in levels_where(lambda facts: bool(facts.own_types)):
        section(tree, "data").pop("vocabulary", None)
    return tree


def _meaningless(config: Config) -> tuple[str, ...]:
    decode = () if config.data.asks == "targets" else ("decode",)
    evaluation = () if config.data.reads == "text" else ("eval",)
    task = () if config.data.asks == "tokens" else ("task",)
    plugins = () if config.plugins else ("plugins",)
    return (*model_facts(config.model).meaningless, *decode, *evaluation, *task, *plugins)


def _table(node: Node, defaults: bool) -> Tree:
    """A node's fields; those equal to their defaults are left out unless wanted, but a table that is written always names its kind."""
    table: Tree = {}
    for name, (key, field) in zip(type(node).model_fields, node_keys(type(node)).items(), strict=True):
        value = getattr(node, name)
        if value is not None and (defaults or name == "kind" or field.is_required() or value != field.default):
            table[key] = _plain(value, defaults)
    return dict(sorted(table.items(), key=lambda item: item[0] != "kind"))


def _plain(value: FieldValue, defaults: bool) -> Json:
    if isinstance(value, Node):
        return _table(value, defaults) or _table(value, defaults=True)  # an empty table would be lost, and its being there says something
    if isinstance(value, tuple):
        return [_plain(item, defaults) for item in value]
    return value + 0.0 if isinstance(value, float) else value  # no negative zero
