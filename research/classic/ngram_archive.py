"""A fitted n-gram model as one .npz file."""

from pathlib import Path

import numpy as np

from research.classic.ngram import NGramModel
from research.classic.smoothing import NGramProbabilities
from research.runs.array_files import read_model_arrays, write_arrays

NO_EOS = -1  # stands for eos = None
NAMES = ("vocabulary_size", "eos", "interpolated", "fallback")  # of the arrays that every model has


def save_ngram(model: NGramModel, path: Path) -> None:
    """Writes the model; a reader of `path` sees the old file or the new one, never a part."""
    estimate = model.estimate
    arrays: dict[str, np.ndarray] = {
        "vocabulary_size": np.array(model.vocabulary_size),
        "eos": np.array(NO_EOS if model.eos is None else model.eos),
        "interpolated": np.array(estimate.interpolated),
        "fallback": np.array(estimate.fallback, np.int64),
    }
    for name, parts in (("keys", model.keys), ("kept", estimate.discounted), ("weight", estimate.weight)):
        arrays |= {f"{name}_{k}": part for k, part in enumerate(parts, start=1)}
    write_arrays(path, **arrays)


def load_ngram(path: Path) -> NGramModel:
    """The model that `save_ngram` wrote. Raises DamagedFileError where the file is not, and FileNotFoundError where there is none."""
    arrays = read_model_arrays(path, NAMES)
    orders = range(1, sum(name.startswith("keys_") for name in arrays) + 1)
    keys, discounted, weight = (tuple(arrays[f"{name}_{k}"] for k in orders) for name in ("keys", "kept", "weight"))
    estimate = NGramProbabilities(discounted, weight, bool(arrays["interpolated"]), tuple(arrays["fallback"].tolist()))
    eos = int(arrays["eos"])
    return NGramModel(int(arrays["vocabulary_size"]), None if eos == NO_EOS else eos, keys, estimate)
