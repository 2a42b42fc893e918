"""The weights of the Transformer that generates: drawn by numpy, so that ours and the peer's are the same numbers."""

import numpy as np

from research.bench.sizes import GenerationSizes

DEVIATION, OF_EMBEDDING = 0.2, 0.05  # a tied embedding that is not too large lets the likeliest token vary from place to place


def random_weights(sizes: GenerationSizes) -> dict[str, np.ndarray]:
    """float32 arrays by name; those of a layer are stacked over the layers. Norms are the identity, all biases zero."""
    model, rng = sizes.model, np.random.default_rng(0)
    width, layers = model.width, model.layers
    shapes = {
        "embedding": (model.vocabulary, width),
        "position": (sizes.prompt + sizes.tokens, width),
        "project": (layers, width, 3 * width),
        "out": (layers, width, width),
        "up": (layers, width, 4 * width),
        "down": (layers, 4 * width, width),
    }
    arrays = {name: DEVIATION * rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}
    return arrays | {"embedding": arrays["embedding"] * np.float32(OF_EMBEDDING / DEVIATION)}


def draw_prompts(sizes: GenerationSizes) -> np.ndarray:
    """int32 [rows, prompt]."""
    rng = np.random.default_rng(1)
    return rng.integers(sizes.model.vocabulary, size=(sizes.model.batch, sizes.prompt), dtype=np.int32)
