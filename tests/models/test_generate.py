"""`generate`: text from a run's folder; learned positions are refused beyond the training length, never clamped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.write import to_toml
from research.data.load import load
from research.launch.generate import draw
from research.launch.plan import sizes
from research.models import MODELS
from research.results import store
from research.tasks.language_modelling import init
from research.train import checkpoint

LENGTH = 8


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with learned positions that was drawn and never trained, with its config, data and parameters."""
    folder = tmp_path_factory.mktemp("run")
    for split in ("train", "valid", "test"):
        (folder / f"{split}.txt").write_text("a b c d\ne f a g\n")
    texts = {split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}
    config = Config.model_validate(
        {
            "data": {"kind": "files", "length": LENGTH, **texts},
            "model": {"kind": "language_model", "layers": 1, "width": 8, "position": {"kind": "learned"}},
        }
    )
    data = load(config.data)
    params = jax.jit(lambda: init(config, sizes(config, data), jax.random.key(3)))()
    (folder / "config.toml").write_text(to_toml(config))
    checkpoint.save(folder / "seed-0" / "checkpoints", checkpoint.FINAL, params)
    store.write_json(folder / "seed-0" / "status.json", {"status": "done"})
    return store.find_run(folder.parent, str(folder)), config, data, params


def test_greedy_text_reaches_the_last_position(run):
    """Prompt and text fill every position that was trained: `</s> a b` and the tokens behind it, of which the last is no input."""
    named, config, data, params = run
    found = draw(named, "a b", LENGTH - 2, 0.0, 0, None)
    ids = [data.eos, *data.vocabulary.encode("a b")]
    model = MODELS[type(config.model)]
    forward = jax.jit(lambda tokens, valid: model.logits(config.model, params, hidden(config.model, params, tokens, valid)))
    while len(ids) < LENGTH + 1:
        tokens = jnp.asarray(np.pad(ids, (0, LENGTH - len(ids))), jnp.int32)[None]
        ids.append(int(forward(tokens, jnp.arange(LENGTH)[None] < len(ids))[0, len(ids) - 1].argmax()))
    assert found["text"] == data.vocabulary.decode(np.array(ids[3:]))
    assert found["tokens"] == LENGTH - 2


def hidden(config, params, tokens, valid):
    model = MODELS[type(config)]
    return model.hidden(config, params, model.empty(config, 1, 0, params.embedding.shape[0]), tokens, valid)[1]


def test_a_text_beyond_the_learned_positions_is_refused(run):
    with pytest.raises(StepladderError, match=f"beyond the {LENGTH} learned positions"):
        draw(run[0], "a b", LENGTH - 1, 0.0, 0, None)


def test_a_learned_position_past_the_table_is_nan(run):
    """Where nothing refuses it, a position that was never trained must not pass unseen."""
    _, config, _, params = run
    tokens = jnp.zeros((1, LENGTH + 1), jnp.int32)
    h = jax.jit(lambda: hidden(config.model, params, tokens, jnp.ones((1, LENGTH + 1), bool)))()
    assert jnp.isnan(h[0, LENGTH]).all()
