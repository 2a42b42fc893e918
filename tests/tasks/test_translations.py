"""What a finished run says of its texts: those of the test split, in order, and where the model looked."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from research.config.schema import Config
from research.data.loading import load_dataset
from research.nn.random_streams import stream_key
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.tasks.translating import source_attention, translate, translation_prompts
from research.tasks.translations import ATTENTION_PAIRS, _shares, translate_test_split

PAIRS = {"kind": "rewrite", "task": "reverse", "symbols": 5, "longest": 4, "train_pairs": 20, "valid_pairs": 5, "test_pairs": 7}
SIDE = {"kind": "recurrent", "cell": {"kind": "gru"}, "width": 8}
CONFIG = Config.model_validate(
    {
        "data": PAIRS,
        "model": {"kind": "encoder_decoder", "encoder": SIDE | {"bidirectional": False}, "decoder": SIDE},
        "decode": {"kind": "sample"},
        "train": {"steps": 1},
    }
)
DATA = load_dataset(CONFIG.data)


def parameters():
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(partial(init_params, CONFIG, model_sizes(CONFIG, DATA)), jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape, np.float32)), shapes)


def test_texts_and_alignments_are_those_of_the_test_split(monkeypatch):
    monkeypatch.setattr("research.tasks.translations.ROWS", 3)  # seven pairs in three parts
    params, seed, test = parameters(), 3, DATA.test
    found = translate_test_split(CONFIG, CONFIG.model, seed, params, DATA)
    key = stream_key(jax.random.key(seed), "decode")
    assert [*map(list, found.texts)] == translate(CONFIG.model, CONFIG.decode, params, DATA, translation_prompts(DATA, "test"), key)
    assert found.sources == DATA.pairs["test"].sources
    assert [" ".join(source.split()[::-1]) for source in found.sources] == list(found.references)
    assert found.lengths.tolist() == [len(source.split()) for source in found.sources]
    weights = np.asarray(source_attention(CONFIG.model, params, test.inputs, test.valid, test.source))[:, 0, 0]
    right, entropy = [], []
    for row, source in enumerate(found.sources):
        n = len(source.split())
        own = weights[row, : n + 1, test.source - n :]  # of the target's symbols and its end, over the source's symbols
        right.append((own[:n].argmax(axis=1) == np.arange(n)[::-1]).mean())
        entropy.append(-(own * np.log(own)).sum(axis=1).mean())
        if row < ATTENTION_PAIRS:
            np.testing.assert_allclose(found.attention[f"weights_{row}"], own, atol=1e-6)
            assert found.attention[f"source_{row}"].tolist() == source.split()
            assert found.attention[f"target_{row}"].tolist() == [*source.split()[::-1], "</s>"]
    assert f"weights_{ATTENTION_PAIRS}" not in found.attention
    np.testing.assert_allclose(found.alignment["alignment_accuracy"], np.mean(right), atol=1e-6)
    np.testing.assert_allclose(found.alignment["alignment_entropy"], np.mean(entropy), atol=1e-4)


def test_references_beyond_what_is_written_are_counted():
    lengths = np.array([len(target.split()) + 1 for target in DATA.pairs["test"].targets])  # with the end
    for limit in range(1, 7):
        shares = _shares(DATA, DATA.test, (("",),) * len(lengths), limit)
        assert shares["references_beyond_limit"] == np.mean(lengths > limit)
