"""What the scored tokens of a split belong to."""

from research.data.dataset import Dataset, TextSplit
from research.data.eval_batches import groups, items
from research.data.slices import slices
from research.train.evaluate import Belonging


def belongs(data: Dataset, name: str) -> Belonging:
    """The item and the group of each scored token; classes' names and slices of labelled sentences, characters of a text."""
    which, identity = getattr(data, name), data.identities.get(name)
    if not data.classes:
        characters = which.characters if isinstance(which, TextSplit) else None
        return Belonging(items(which), groups(which), characters=None if characters is None else int(characters), identity=identity)
    parts = slices(data.sentences[name], data.sentences["train"])
    return Belonging(items(which), groups(which), data.classes, parts, identity=identity)
