"""The peers do the same work: as many parameters, the same loss, the same tokens."""

import math

import numpy as np
import pytest

from research.bench.benchmarks import BENCHMARKS, Case
from research.bench.ours.configs import benchmark_config
from research.bench.sizes import GenerationSizes, LSTMSizes, PopulationSizes, TransformerSizes
from research.bench.synthetic_text import EOS, sentence_lines, zipf_tokens
from research.models.count import count_parameters


def models(kind):
    """The models of all cases that have a peer, by name."""
    found = {}
    for case in (case for one in BENCHMARKS if one.name != "growth" for case in one.cases):
        sizes = case.sizes.model if isinstance(case.sizes, PopulationSizes) else case.sizes
        if isinstance(sizes, kind):
            found[case.name] = sizes
    return found


def ours(sizes):
    return count_parameters(benchmark_config(sizes).model, sizes.vocabulary, sizes.length).total


@pytest.mark.parametrize(("name", "sizes"), [*models(TransformerSizes).items(), *models(LSTMSizes).items()])
def test_torch_has_as_many_parameters(name, sizes):
    torch = pytest.importorskip("torch")
    from research.bench.peers.torch_models import RecurrentModel, TransformerModel

    with torch.device("meta"):
        model = TransformerModel(sizes) if isinstance(sizes, TransformerSizes) else RecurrentModel(sizes)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == ours(sizes)


@pytest.mark.parametrize(("name", "sizes"), models(LSTMSizes).items())
def test_flax_has_as_many_parameters(name, sizes):
    import jax

    from research.bench.peers.flax_recurrent import flax_initial_state

    params = jax.eval_shape(lambda: flax_initial_state(sizes))[0]
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params)) == ours(sizes)


def small_generation():
    return GenerationSizes(TransformerSizes(2, 4, 64, 24, 3, 200), prompt=4, tokens=20)


def test_hugging_face_has_as_many_parameters_and_zeros():
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from research.bench.peers.hugging_face import build_gpt2

    sizes = small_generation()
    biases = 4 * sizes.model.width * sizes.model.layers - sizes.model.vocabulary  # of its attention; its output layer has none
    assert sum(p.numel() for p in build_gpt2(sizes).parameters()) == ours(sizes.model) + biases


def test_hugging_face_generates_our_tokens():
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import jax.numpy as jnp

    from research.bench import weights
    from research.bench.ours import generation
    from research.bench.peers import hugging_face

    sizes = small_generation()
    prompt = weights.draw_prompts(sizes)
    found = generation.generate_greedily(sizes, generation.language_model_parameters(sizes), jnp.asarray(prompt))
    assert found.shape == (3, 20)
    assert len(np.unique(found)) > 30, "a text that repeats itself would hide a difference"
    model = hugging_face.build_gpt2(sizes)
    for static in (False, True):
        np.testing.assert_array_equal(hugging_face.generate_by_gpt2(sizes, model, torch.from_numpy(prompt).long(), static), found)


def test_our_training_takes_the_steps_that_it_is_asked_for():
    from research.bench.ours.training import prepare

    sizes = LSTMSizes(1, 8, 4, 2, 10)
    work = prepare(Case("population/fake", PopulationSizes(sizes, 3), ("ours",), 1, (1, 1)), "ours")
    work.run(2)
    work.run(1)
    assert work.flops == 3 * 3 * 2 * 4 * (16 * 8 * 8 + 2 * 8 * 10)


def test_the_text_repeats_as_language_does():
    tokens = zipf_tokens(1000, 50_000)
    assert len(tokens) == 50_000
    assert tokens[-1] == EOS
    assert tokens.max() < 1000
    counts = np.sort(np.bincount(tokens, minlength=1000)[1:])[::-1]
    assert counts[:10].sum() > 0.2 * len(tokens)
    pairs = np.unique(tokens[:-1] * 1000 + tokens[1:])
    assert len(pairs) < 0.6 * len(tokens)
    assert sum(map(len, sentence_lines(tokens))) + (tokens == EOS).sum() == len(tokens)
