"""What a cell is, in a few words of its config: its data, its model, and in what it differs from its like."""

from collections.abc import Mapping

from research.config.fields import leaves
from research.config.plain import Json, Tree, table
from research.config.value_labels import named_values, value_text

HIDDEN = ("seeds", "run")  # no part of a cell


def describe_cells(configs: Mapping[str, Mapping[str, Json]]) -> dict[str, str]:
    """Of each cell by its id: `shakespeare, lstm language model: width 64`."""
    heads = {cell: data_and_model_text(config) for cell, config in configs.items()}
    words = {cell: _config_values(config) for cell, config in configs.items()}
    descriptions = {}
    for cell, name in heads.items():
        similar = [words[other] for other in heads if heads[other] == name]
        differing = {key: value for key, value in words[cell].items() if any(other.get(key) != value for other in similar)}
        descriptions[cell] = f"{name}: {named_values(differing)}" if differing else name
    return descriptions


def data_and_model_text(config: Mapping[str, Json]) -> str:
    """The data and the model: `shakespeare, 5-gram`."""
    data, model = table(config.get("data")), table(config.get("model"))
    kind = str(model.get("kind", "?")).replace("_", " ")
    if "order" in model:
        kind = f"{value_text(model['order'])}-gram"
    parts = [table(model[part]) for part in ("mixer", "encoder", "decoder") if isinstance(model.get(part), dict)]
    inner = [value_text(part.get("kind", "")) for part in parts]
    return f"{data.get('kind', '?')}, {' '.join(word for word in ('-'.join(filter(None, inner)), kind) if word)}"


def _config_values(config: Mapping[str, Json]) -> Tree:
    return {".".join(path): value for path, value in leaves(dict(config)) if path[0] not in HIDDEN}
