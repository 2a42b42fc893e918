"""The words of word vectors: predicted by stochastic gradient, or counted."""

from typing import Annotated, Literal

from pydantic import Field

from research.config.node import Node, Positive, Rate, Weight

Power = Annotated[float, Field(ge=0.0, le=1.0)]


class WordVectorsConfig(Node):
    """Skip-gram or CBOW with negative sampling (Mikolov et al. 2013). The defaults are those of word2vec.

    `block` words are updated at once, and share `shared` negatives, each weighted so that a prediction has `negatives` of them.
    """

    kind: Literal["skip_gram", "cbow"] = "skip_gram"
    width: Positive = 100
    window: Positive = 5  # words on either side, at most: the reach of each is drawn from 1..window
    negatives: Positive = 5
    shared: Positive = 64
    block: Positive = 64
    sample: Weight = 1e-3  # words above this share of the text are thinned out; 0 keeps all
    noise_power: Power = 0.75
    learning_rate: Rate | Literal["word2vec"] = "word2vec"  # 0.025 for skip_gram, 0.05 for cbow
    final_learning_rate: Weight = 1e-4  # reached in a straight line
    epochs: Positive = 5

    @property
    def first_rate(self) -> float:
        """The learning rate of the first step."""
        if self.learning_rate != "word2vec":
            return self.learning_rate
        return 0.05 if self.kind == "cbow" else 0.025


class CountVectors(Node):
    """Positive pointwise mutual information, factored by a truncated SVD (Levy et al. 2015).

    `eigenvalue_power` p weighs the singular vectors by S^p.
    """

    width: Positive = 100
    window: Positive = 5  # words on either side, each counted fully
    context_power: Power = 0.75  # smooths the distribution of contexts; 1 leaves it as counted
    shift: Rate = 1.0  # log(shift) is taken from every PMI, as k negative samples do
    eigenvalue_power: Weight = 0.5
