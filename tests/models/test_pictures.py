"""Encoders of pictures: convolutions against lax's, and what cannot be is said before anything runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from typer.testing import CliRunner

from research.cli import app
from research.config.encoder_decoder import Convolutions
from research.models.picture_encoders import init_convolutions, read_convolutions

CONFIG = """
[data]
kind = "glyphs"
size = 16
[model]
kind = "encoder_decoder"
encoder = { kind = "patches", width = 8, size = 4 }
decoder = { kind = "recurrent", width = 8 }
"""


@pytest.mark.parametrize("side", [4, 5, 7])
def test_convolutions_are_those_of_lax(side):
    config = Convolutions(kind="convolutions", layers=2, width=3)
    source = np.random.default_rng(1).integers(5, size=(2, side * side), dtype=np.int32)

    @jax.jit
    def both(source):
        params = init_convolutions(config, jax.random.key(0), 5, side * side)
        found = read_convolutions(config, params, source, jnp.ones(source.shape, bool), None, 5).memory
        x = source.reshape(2, side, side, 1) / 4
        for kernel, bias in zip(params.kernels, params.biases, strict=True):
            x = lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = jax.nn.relu(x + bias.reshape(1, 1, 1, -1))
        return found - params.place[None], x.reshape(2, -1, 3)

    np.testing.assert_allclose(*both(source), atol=1e-5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.encoder.size=3"], "model.encoder.size = 3 does not divide the picture's side of 16 pixels. Use one of 1, 2, 4, 8"),
        (["model.encoder.kind=convolutions", "model.encoder.layers=5", "model.encoder.width=8"], "Use at most 4."),
    ],
)
def test_a_picture_that_does_not_fit_its_encoder_is_an_error_of_the_config(tmp_path, words, said):
    (tmp_path / "a.toml").write_text(CONFIG)
    found = CliRunner().invoke(app, ["show", str(tmp_path / "a.toml"), *words])
    assert found.exit_code == 2
    assert said in " ".join(found.output.split())
