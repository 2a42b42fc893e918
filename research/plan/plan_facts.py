"""What is known of a cell's data and word vectors before it is run, beside its costs."""

from functools import partial
from typing import Any

import jax

from research.config.schema import Config
from research.config.unicode import decode_path
from research.data.dataset import Dataset
from research.data.download import sha256_of
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.text.spacing import advice_on_bleu
from research.train.initial_vectors import type_vectors, vector_coverage


def embedding_facts(config: Config, data: Dataset) -> dict[str, Any]:
    """Of a cell that begins with word vectors: their file and checksum, and under `extra` what they cover, as columns of a table."""
    if config.init is None or config.init.embeddings is None:
        return {}
    path = decode_path(config.init.embeddings)
    params = jax.eval_shape(partial(init_params, config, model_sizes(config, data)), jax.random.key(0))
    file_coverage = vector_coverage(config.model, params, type_vectors(path, data.vocabulary), data, config.init.embeddings)
    file = {"file": config.init.embeddings, "sha256": sha256_of(path), "covered": file_coverage.covered, "types": file_coverage.types}
    return {
        "embeddings": file,
        "extra": {"covered_types": file_coverage.covered / file_coverage.types, "covered_tokens": file_coverage.share},
    }


def advice_facts(config: Config, data: Dataset) -> dict[str, Any]:
    """What a reader of the table is to be told of the data beforehand."""
    advice = advice_on_bleu(config.data.bleu_tokenizer, data.pairs["test"].targets) if config.data.asks == "targets" else ""
    return {"advice": [advice]} if advice else {}
