"""Word vectors of a file as what an embedding begins with, and how much of a vocabulary they cover."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, Int, Int32, PyTree

from research.config.errors import StepladderError
from research.config.schema import Config, Model
from research.config.unicode import decode_path, lowercase
from research.data.dataset import Dataset, TextSplit
from research.models.embeddings import input_embedding, with_input_embedding
from research.text.vector_files import select_vectors
from research.text.vocabulary import Vocabulary


class TypeVectors(NamedTuple):
    """The types that have a vector, by number, and their vectors."""

    types: Int32[np.ndarray, " n"]
    table: Float32[np.ndarray, "n d"]


class VectorCoverage(NamedTuple):
    """How many of the types that an embedding stands for have a vector, and the share of training's symbols that are such types."""

    covered: int
    types: int
    share: float


def type_vectors(path: Path, vocabulary: Vocabulary) -> TypeVectors:
    """The vector of each type: that of its text, else that of its text in lower case. Raises StepladderError for a file that is none."""
    content = path.stat()
    return _type_vectors(path, (content.st_mtime_ns, content.st_size), vocabulary)


@lru_cache(maxsize=4)
def _type_vectors(path: Path, version: tuple[int, int], vocabulary: Vocabulary) -> TypeVectors:
    words = {word for symbol in vocabulary.types for word in (symbol, lowercase(symbol))}
    vectors = select_vectors(path, words)
    rows = np.array([vectors.lookup.get(symbol, vectors.lookup.get(lowercase(symbol), -1)) for symbol in vocabulary.types], np.int32)
    types = np.flatnonzero(rows >= 0).astype(np.int32)
    return TypeVectors(types, vectors.table[rows[types]])


def load_initial_vectors(config: Config, params: PyTree, vocabulary: Vocabulary) -> PyTree:
    """The parameters as they are drawn, or with the vectors that `init.embeddings` names."""
    if config.init is None or config.init.embeddings is None:
        return params
    return set_initial_vectors(config.model, params, type_vectors(decode_path(config.init.embeddings), vocabulary), vocabulary)


def set_initial_vectors(model: Model, params: PyTree, vectors: TypeVectors, vocabulary: Vocabulary) -> PyTree:
    """The parameters with the vectors in the embedding; the rows of other types stay as they are."""
    table, first = input_embedding(model, params)
    covered = _rows_of(vectors.types, first, vocabulary.size, table.shape[0])
    new_table = np.array(table)
    new_table[vectors.types[covered] - first] = vectors.table[covered]
    return with_input_embedding(model, params, jnp.asarray(new_table))


def vector_coverage(model: Model, params: PyTree, vectors: TypeVectors, data: Dataset, place: str) -> VectorCoverage:
    """What `set_initial_vectors` would set; params may be shapes. Raises StepladderError where widths differ, or nothing is covered."""
    table, first = input_embedding(model, params)
    types = min(data.vocabulary.size - first, table.shape[0])
    if vectors.table.shape[1] != table.shape[1]:
        raise StepladderError(
            f"init.embeddings = {place!r} has vectors of {vectors.table.shape[1]} numbers, and the embedding of this model has "
            f"{table.shape[1]}. Set the model's width to {vectors.table.shape[1]}, or bring vectors of {table.shape[1]}."
        )
    covered = vectors.types[_rows_of(vectors.types, first, data.vocabulary.size, table.shape[0])]
    if not len(covered):
        examples = ", ".join(map(repr, data.vocabulary.types[first : first + 8]))
        raise StepladderError(
            f"init.embeddings = {place!r} has a vector for none of the {types} types of this data ({examples}, ...), so it would change "
            "nothing. Is the file of this language and this data.level?"
        )
    counts = np.bincount(_symbols(data), minlength=data.vocabulary.size)[first : first + types]
    return VectorCoverage(len(covered), types, float(counts[covered - first].sum() / max(1, counts.sum())))


def _rows_of(types: Int[np.ndarray, " n"], first: int, vocabulary: int, rows: int) -> Any:
    """Which types the embedding has a row for."""
    return (types >= first) & (types < min(vocabulary, first + rows))


def _symbols(data: Dataset) -> Int[np.ndarray, " n"]:
    """What training reads, in any order."""
    return data.train.tokens if isinstance(data.train, TextSplit) else data.train.inputs[data.train.valid]
