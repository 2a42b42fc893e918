"""The id of a cell from its config and the checksums of what it reads: how a record is told to be the cell that its folder says."""

from collections.abc import Mapping

from research.config.cell_identity import cell_id
from research.config.schema import Config

LEXICON = "model.lexicon"
CHECKSUMS_IN_ID = (LEXICON, "eval.prompts.file")  # files whose checksums stand behind the data's digest in an id
VECTORS = "init.embeddings"  # a file whose checksum stands in its key's place in an id


def inputs_digest(data_digest: str, files: Mapping[str, str]) -> str:
    """The digest of all that a cell reads: its data, then a lexicon and a prompt set."""
    return data_digest + "".join(files[key] for key in CHECKSUMS_IN_ID if key in files)


def with_vector_checksum(config: Config, files: Mapping[str, str]) -> Config:
    """The config with the checksum of its file of vectors in place of the path."""
    if config.init is None or config.init.embeddings is None:
        return config
    return config.model_copy(update={"init": config.init.model_copy(update={"embeddings": files.get(VECTORS, "")})})


def input_cell_id(config: Config, data_digest: str, files: Mapping[str, str]) -> str:
    """The id of a cell that reads these data and files."""
    return cell_id(with_vector_checksum(config, files), inputs_digest(data_digest, files))
