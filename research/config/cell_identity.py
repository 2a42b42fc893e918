"""What makes two runs the same: a cell's id from the part of its config that can change a result, and the key of a compiled program."""

import json
from hashlib import sha256
from typing import TypeVar

from research.config.code_version import CODE_VERSION as CODE_VERSION
from research.config.decoding import Greedy
from research.config.model_facts import is_count_based, model_facts
from research.config.node import FieldValue, Node
from research.config.plain import Json, Tree, section
from research.config.resolve import canonical_config
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.warm_start import WarmStart

AnyNode = TypeVar("AnyNode", bound=Node)
BEFORE_TRAINING = ("init", "embedding_init", "recurrent_init", "forget_bias")  # words of a model that say where training starts


def identity_tree(config: Config, data_digest: str) -> Tree:
    """The part of a config that decides its results, without defaults, seeds, logistics and paths, with the data's digest.

    Two spellings of one science are equal (see `canonical_config`). A parent stands by its `from` as it is written: whoever launches the
    run resolves it to a cell_id first. So do `embeddings`, for which the launcher puts the file's checksum. A plugin is what it says.
    """
    config = canonical_config(config)
    tree = to_tree(config)
    for name in ("seeds", "run"):
        tree.pop(name, None)
    if config.plugins:  # by what they say, in whichever order and under whichever names
        tree["plugins"] = sorted(plugin.tree for plugin in config.plugins)
    for name in ("data", "model", "eval"):
        _remove_paths(getattr(config, name), section(tree, name))
    if is_count_based(config.model):  # counts know no window, and no line before: a table's other rows need these words
        eval_words: Tree = {"misspelt": config.eval.misspelt} if config.eval.misspelt else {}
        eval_words |= {"prompts": {}} if config.eval.prompts else {}
        tree = {key: value for key, value in tree.items() if key not in ("eval", "optim", "train")}
        tree |= {"eval": eval_words} if eval_words else {}
        for word in ("length", "batches"):
            section(tree, "data").pop(word, None)
    for word in model_facts(config.model).unread:
        section(tree, "data").pop(word, None)
    return tree | {"data_digest": data_digest, "code_version": CODE_VERSION}


def file_paths(node: Node) -> dict[str, str]:
    """The paths that a node names, by their words. Validation may be a share of another file, which is none."""
    named = {key: getattr(node, key) for key in node.paths}
    return {key: path for key, path in named.items() if isinstance(path, str)}


def _remove_paths(node: Node, table: Tree) -> None:
    for path in file_paths(node):
        table.pop(path, None)
    for key, value in table.items():
        if isinstance(value, dict):
            _remove_paths(getattr(node, key), value)


def canonical_json(value: Json) -> str:
    """JSON with sorted keys, no spaces and shortest floats: equal values, equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cell_id(config: Config, data_digest: str) -> str:
    """12 hexadecimal digits of a cell's science."""
    return sha256(canonical_json(identity_tree(config, data_digest)).encode()).hexdigest()[:12]


def program_key(config: Config) -> Config:
    """The config with all that is only a traced number replaced: runs with equal keys on equal data share one compiled training program.

    Traced are the learning rate, a weight decay or L2 above zero, and what is done before training (initial values, seeds, the parent's
    source) or after it (decoding, prompts). A weight decay of zero, dropout 0, clipping off and smoothing 0 are structure, and so is what
    a parent freezes.
    """
    config = canonical_config(config)
    traced: Tree = {word: 1.0 for word in config.optim.traced if getattr(config.optim, word) > 0}
    frozen = config.init.freeze if config.init else ()
    changed = {
        "seeds": (0,),
        "run": type(config.run)(),
        "optim": config.optim.model_copy(update=traced),
        "model": config.model if config.fitted else _without_initial_values(config.model),
        "decode": Greedy(),
        "eval": config.eval.model_copy(update={"prompts": None}),
        "init": WarmStart.model_validate({"from": "", "freeze": frozen}) if frozen else None,
    }
    return config.model_copy(update=changed)


def _without_initial_values(node: AnyNode) -> AnyNode:
    """A part of a model with the default of every word that acts before training alone."""
    changed = {name: _without_those_inside(getattr(node, name)) for name in type(node).model_fields}
    return node.model_copy(update=changed | {name: type(node).model_fields[name].default for name in BEFORE_TRAINING if name in changed})


def _without_those_inside(value: FieldValue) -> FieldValue:
    if isinstance(value, Node):
        return _without_initial_values(value)
    return tuple(map(_without_those_inside, value)) if isinstance(value, tuple) else value
