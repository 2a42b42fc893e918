"""Causal convolution against its sum in numpy."""

import jax
import numpy as np
import pytest
from quick import jit, parameters

from research.config.mixer import ConvolutionConfig
from research.nn.convolution import empty_convolution, init_convolution, mix_convolution

WIDTH = 3


@pytest.mark.parametrize("window", [1, 2, 6])
def test_each_output_is_the_sum_over_the_window_of_what_exists(window):
    config, random = ConvolutionConfig(kind="convolution", window=window), np.random.default_rng(window)
    params = parameters(init_convolution, config, WIDTH)
    x = random.normal(size=(2, 7, WIDTH)).astype(np.float32)
    valid = np.array([[c == "x" for c in row] for row in ("xx.xxxx", ".x.xx..")])
    mix = jit(lambda params, x, valid: mix_convolution(config, params, empty_convolution(config, 2, 0, WIDTH), x, valid, observe=True))
    params, (_, y, aux) = jax.tree.map(np.asarray, (params, mix(params, x, valid)))
    kernel = params.kernel.reshape(window, WIDTH, WIDTH)
    for row in range(2):
        seen = np.concatenate([np.zeros((window - 1, WIDTH)), x[row, valid[row]]])
        before = [sum(seen[i + tap] @ kernel[tap] for tap in range(window)) + params.bias for i in range(valid[row].sum())]
        np.testing.assert_allclose(aux["before"][row, valid[row]], before, atol=2e-6)
        np.testing.assert_allclose(y[row, valid[row]], np.maximum(before, 0), atol=2e-6)
