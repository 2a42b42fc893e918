"""`generate`: text from a run's folder; learned positions are refused beyond the training length, never clamped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.decoding import Beam, Greedy, TemperatureSampling, TopK
from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.serialise import to_toml
from research.data.loading import load_dataset
from research.models import MODELS
from research.runs import store
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint
from research.use.continuations import GenerationRequest
from research.use.generate import generate_texts
from research.use.open_run import open_run

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
    data = load_dataset(config.data)
    params = jax.jit(lambda: init_params(config, model_sizes(config, data), jax.random.key(3)))()
    (folder / "config.toml").write_text(to_toml(config))
    checkpoint.save_checkpoint(folder / "seed-0" / "checkpoints", checkpoint.FINAL, params)
    store.write_json(folder / "seed-0" / "result.json", {})
    store.write_json(folder / "seed-0" / "status.json", {"status": "done"})
    return open_run(folder.parent, str(folder), None), config, data, params


def test_greedy_text_reaches_the_last_position(run):
    """Prompt and text fill every position that was trained: `</s> a b` and the tokens behind it, of which the last is no input."""
    named, config, data, params = run
    found = generate_texts(named, GenerationRequest(("a b",), LENGTH - 2, Greedy()))["texts"][0]
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
        generate_texts(run[0], GenerationRequest(("d", "a b"), LENGTH - 1, Greedy()))


def test_a_learned_position_past_the_table_is_nan(run):
    """Where nothing refuses it, a position that was never trained must not pass unseen."""
    _, config, _, params = run
    tokens = jnp.zeros((1, LENGTH + 1), jnp.int32)
    h = jax.jit(lambda: hidden(config.model, params, tokens, jnp.ones((1, LENGTH + 1), bool)))()
    assert jnp.isnan(h[0, LENGTH]).all()


@pytest.mark.parametrize("decoder", [TopK(kind="top_k", k=3), Beam(kind="beam", size=2)], ids=lambda decoder: decoder.kind)
def test_prompts_of_different_lengths_are_one_batch(run, decoder):
    """The first prompt's text is the one that it gives alone; no text shows its end symbol."""
    asked = GenerationRequest(("a b", "", "c d e f"), 3, decoder, until_end=True)
    together, alone = (generate_texts(run[0], one)["texts"] for one in (asked, asked._replace(prompts=("a b",))))
    assert [text["prompt"] for text in together] == ["a b", "", "c d e f"]
    assert (together[0]["text"], together[0]["tokens"]) == (alone[0]["text"], alone[0]["tokens"])
    assert not any("</s>" in text["text"] for text in together)


def test_beams_have_their_scores_the_best_first(run):
    asked = GenerationRequest(("a b",), 4, Beam(kind="beam", size=3, length_penalty=0.0), n_best=3)
    (found,) = generate_texts(run[0], asked)["texts"]
    scores = [one["score"] for one in found["n_best"]]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert len({one["text"] for one in found["n_best"]}) == 3
    assert found["text"] == found["n_best"][0]["text"]


def test_recomputing_is_timed_where_it_is_asked_for(run):
    asked = GenerationRequest(("a b",), 3, TemperatureSampling(kind="sample"))
    assert set(generate_texts(run[0], asked)["latency_ms"]) == {"first", "each_later"}
    found = generate_texts(run[0], asked._replace(recompute=True))["latency_ms"]
    assert set(found) == {"first", "each_later", "recompute"}
    assert found["recompute"] > 0
