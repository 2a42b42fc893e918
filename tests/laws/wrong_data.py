"""Generated data and tasks of a text, right but for one thing at a time."""

from typing import ClassVar, Literal

import jax.numpy as jnp
import numpy as np

from research.config.generated import CopyTask
from research.config.task import TextTaskConfig
from research.data.loading import SOURCE_KINDS
from research.tasks.language_modelling import LANGUAGE_MODELLING


class Echo(CopyTask):
    kind: Literal["echo"] = "echo"
    train_examples: int = 64
    valid_examples: int = 16
    test_examples: int = 16


def load(config, data_dir, identity):
    words = {word: getattr(config, word) for word in CopyTask.model_fields if word != "kind"}
    return SOURCE_KINDS[CopyTask].load(CopyTask(kind="copy", **words), data_dir, identity)


ECHO = SOURCE_KINDS[CopyTask]._replace(load=load)


def drawn_anew(config, data_dir, identity):
    data = load(config, data_dir, identity)
    targets = np.random.default_rng().integers(16, size=data.test.targets.shape, dtype=np.int32)
    return data._replace(test=data.test._replace(targets=targets))


def tested_on_training(config, data_dir, identity):
    data = load(config, data_dir, identity)
    return data._replace(test=data.train)


WRONG_DATA = {
    "same each time": ECHO._replace(load=drawn_anew),
    "splits": ECHO._replace(load=tested_on_training),
}


class Guessing(TextTaskConfig):
    sees_around: ClassVar[bool] = False
    kind: Literal["guessing"] = "guessing"


def constant_loss(config, params, carry, batch, streams):
    carry, sums = LANGUAGE_MODELLING.loss(config, params, carry, batch, streams)
    return carry, sums._replace(objective=jnp.zeros(()))


def doubled_items(name, outcomes, belongs):
    items = LANGUAGE_MODELLING.items(name, outcomes, belongs)
    return items | {"loss": 2 * items["loss"]}


WRONG_TASKS = {
    "loss": LANGUAGE_MODELLING._replace(loss=constant_loss),
    "items": LANGUAGE_MODELLING._replace(items=doubled_items),
}
