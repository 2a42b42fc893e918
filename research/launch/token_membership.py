"""What the scored tokens of a split belong to."""

from research.data.dataset import Dataset, TextSplit, units
from research.data.eval_batches import groups, items
from research.data.slices import slices
from research.train.evaluate import TokenMembership


def token_membership(data: Dataset, name: str) -> TokenMembership:
    """The item and the group of each scored token; classes' names and slices of labelled sentences, characters and bytes of a text."""
    split, identity = getattr(data, name), data.identities.get(name)
    clusters = data.clusters if name == "test" else None
    if not data.classes:
        text_units = units(split) if isinstance(split, TextSplit) else {}
        return TokenMembership(items(split), groups(split), units=text_units, identity=identity, clusters=clusters)
    parts = slices(data.sentences[name], data.sentences["train"])
    return TokenMembership(items(split), groups(split), data.classes, parts, identity=identity, clusters=clusters)
