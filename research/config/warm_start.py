"""The words of [init]: what a model starts from."""

from pydantic import ConfigDict, Field, model_validator

from research.config.node import Node, Strings


class WarmStart(Node):
    """Start from another run's parameters, seed k from its seed k, or with word vectors of a file in the embedding.

    Of the vectors a type has that of its own text, else that of its text in lower case; one that the file lacks begins as it is drawn.
    The source's embedding is meant where there are two. What `freeze` names stays as it is and has no gradient: parameters by the first
    parts of their paths, layers of a stack counted through, one or a range: "encoder", "output", "blocks.0-3", "blocks.2.mixer".
    """

    model_config = ConfigDict(serialize_by_alias=True)
    source: str | None = Field(default=None, alias="from")  # a cell_id, or a run's folder
    embeddings: str | None = None  # a file of word2vec's format, as text or binary, or of GloVe's
    freeze: Strings = ()

    @model_validator(mode="after")
    def _one_start(self) -> "WarmStart":
        if (self.source is None) == (self.embeddings is None):
            raise ValueError(
                "init needs either from, a run whose parameters are taken over, embedding included, or embeddings, a file of word vectors"
            )
        return self
