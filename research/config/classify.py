"""The words of models that tell a sentence's class or number: what reads it, and what learns from counted features."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import Asks
from research.config.errors import IncompatibleConfig
from research.config.model import AddK, Initialiser, KneserNey, StackConfig, VarianceInit
from research.config.node import MOST_LAYERS, Fraction, Integers, Node, Positive, Rate, Weight

Weighting = Literal["count", "binary", "tfidf"]  # of the features of a text


class Bag(Node):
    """The words' vectors without order, then hidden layers: CBOW has none, deep CBOW tanh, DAN the mean and relu (Iyyer et al. 2015)."""

    stacks: ClassVar[int] = 0
    positions_end: ClassVar[bool] = False
    kind: Literal["bag"] = "bag"
    width: Positive = 64
    combine: Literal["mean", "sum"] = "mean"
    layers: Annotated[int, Field(ge=0, le=MOST_LAYERS)] = 0
    nonlinearity: Literal["tanh", "relu"] = "tanh"  # of the hidden layers
    word_dropout: Fraction = 0.0  # the probability that a word is left out in training
    init: Initialiser = VarianceInit()
    embedding_init: Initialiser | None = None  # of the embedding alone (Kim 2014: uniform, 0.25); by default as `init`

    @model_validator(mode="after")
    def _layers_have_a_nonlinearity(self) -> "Bag":
        if not self.layers and self.nonlinearity != "tanh":
            raise ValueError("a bag of 0 layers has no nonlinearity; leave it out, or set layers")
        return self


class MaxConvolution(Node):
    """Convolutions of several widths over the words, relu, and the maximum over time (Kim 2014)."""

    stacks: ClassVar[int] = 0
    positions_end: ClassVar[bool] = False
    kind: Literal["max_convolution"]
    width: Positive = 64  # of a word's vector
    windows: Integers = (3, 4, 5)
    maps: Positive = 100  # of each window
    init: Initialiser = VarianceInit()
    embedding_init: Initialiser | None = None  # of the embedding alone (Kim 2014: uniform, 0.25); by default as `init`


class ReadingStack(StackConfig):
    """The stack of a language model that reads whole sentences: recurrent, convolutional, or a Transformer's encoder."""

    bidirectional: bool = False  # a second stack reads the sentence from its end
    masked: bool = False  # an attention sees what came before alone, as in a language model

    @property
    def stacks(self) -> int:
        """How many read a sentence, each in a direction of its own."""
        return 2 if self.bidirectional else 1

    @model_validator(mode="after")
    def _mask_fits(self) -> "ReadingStack":
        attentions = self.mixers_taking("mask")
        if self.masked and not attentions:
            raise ValueError("masked is a word of attention, and this stack has none; leave it out")
        if any(mixer.windowed for mixer in attentions):
            raise ValueError("a window is the memory of a language model; an encoder reads whole sentences: use cache = full")
        if attentions and not self.masked and self.position.backward_only:
            raise IncompatibleConfig(f"position {self.position.kind} counts backwards alone: set masked = true, or use another position")
        return self


class SentenceStack(ReadingStack):
    """Its vectors of the words are pooled."""

    kind: Literal["stack"]
    pooling: Literal["mean", "max", "last", "attention"] = "mean"


class TokenStack(ReadingStack):
    """Its vector of each word is kept."""

    kind: Literal["stack"] = "stack"


SentenceEncoder = Annotated[Bag | MaxConvolution | SentenceStack, Field(discriminator="kind")]


class SentenceModel(Node):
    """An encoder, dropout, and an output layer."""

    encoder: SentenceEncoder = Bag()
    dropout: Fraction = 0.0  # of what the output layer reads


class ClassifierConfig(SentenceModel):
    """The output layer is over the classes, trained by cross-entropy."""

    kind: Literal["classifier"]


class RegressorConfig(SentenceModel):
    """The output layer has one number, trained by squared error."""

    kind: Literal["regressor"]


class TokenEncoderConfig(Node):
    """An encoder, dropout, and an output layer at every position: over tags, or over the symbols that may stand behind a mask."""

    kind: Literal["token_encoder"]
    encoder: TokenStack = TokenStack()
    dropout: Fraction = 0.0  # of what the output layer reads


class LearnerConfig(Node):
    """What every learner over counted features has."""

    predicts: ClassVar[Asks]  # what it learns to tell
    by_chance: ClassVar[bool]  # whether a seed changes what it learns


class CommonestTag(Node):
    """The tag that a word has most often in training, whatever stands around it; of a word that is not there, the commonest tag of all.

    Its probabilities are shares of a word's tags with one more of all words' tags beside them, so that none is zero.
    """

    kind: Literal["commonest_tag"]


class HiddenMarkov(Node):
    """A chain of tags that each give a word (Church 1988), counted: bigrams of tags, and the words of each. The likeliest tag of each word
    given the sentence, by sums forward and backward (Rabiner 1989). A word that training has not is likely where rare words are.
    """

    kind: Literal["hidden_markov"]
    alpha: Rate = 0.1  # added to each count of a tag behind a tag


class Perceptron(LearnerConfig):
    """Add for the right class, subtract for the wrong one (Rosenblatt 1958); the mean of all weights on the way (Collins 2002)."""

    predicts: ClassVar[Asks] = "classes"
    by_chance: ClassVar[bool] = True
    kind: Literal["perceptron"]
    epochs: Positive = 10
    averaged: bool = True


class Softmax(LearnerConfig):
    """Multinomial logistic regression: convex, trained to its minimum by L-BFGS."""

    predicts: ClassVar[Asks] = "classes"
    by_chance: ClassVar[bool] = False
    kind: Literal["softmax"] = "softmax"
    l2: Weight = 1.0  # of the weights, per training set, not per sentence


class NaiveBayes(LearnerConfig):
    """Multinomial naive Bayes with add-alpha smoothing."""

    predicts: ClassVar[Asks] = "classes"
    by_chance: ClassVar[bool] = False
    kind: Literal["naive_bayes"]
    alpha: Rate = 1.0


class SVM(LearnerConfig):
    """Linear support vector machine, one against the rest, squared hinge loss."""

    predicts: ClassVar[Asks] = "classes"
    by_chance: ClassVar[bool] = False
    kind: Literal["svm"]
    c: Rate = 1.0


class NBSVM(LearnerConfig):
    """An SVM over features scaled by naive Bayes log-ratios, its weights pulled to their mean size (Wang & Manning 2012, sec. 2.3)."""

    predicts: ClassVar[Asks] = "classes"
    by_chance: ClassVar[bool] = False
    kind: Literal["nbsvm"]
    alpha: Rate = 1.0
    c: Rate = 1.0
    beta: Fraction = 0.25


class Ridge(LearnerConfig):
    """Least squares with a penalty on the weights' squares (Hoerl & Kennard 1970): convex, solved to its minimum."""

    predicts: ClassVar[Asks] = "number"
    by_chance: ClassVar[bool] = False
    kind: Literal["ridge"]
    l2: Rate = 1.0  # of the weights, not of the intercept, per training set


class MeanLearner(LearnerConfig):
    """The mean of the training numbers, whatever the sentence: what any other row has to beat."""

    predicts: ClassVar[Asks] = "number"
    by_chance: ClassVar[bool] = False
    kind: Literal["mean"]


Learner = Annotated[Perceptron | Softmax | NaiveBayes | SVM | NBSVM | Ridge | MeanLearner, Field(discriminator="kind")]


class BagOfWords(Node):
    """Counted n-grams of words, and a linear model over them: of classes, or of a number."""

    kind: Literal["bag_of_words"]
    ngrams: Annotated[int, Field(ge=1, le=5)] = 1  # of up to so many words
    weighting: Weighting = "binary"
    learner: Learner = Softmax()

    @model_validator(mode="after")
    def _features_are_looked_at(self) -> "BagOfWords":
        if isinstance(self.learner, MeanLearner) and (self.ngrams != 1 or self.weighting != "binary"):
            raise ValueError("learner.kind = mean looks at no word, so ngrams and weighting mean nothing to it; leave them out")
        return self


class NGramClassifier(Node):
    """An n-gram language model for each class, and Bayes' rule."""

    kind: Literal["ngram_classifier"]
    order: Annotated[int, Field(ge=1, le=9)] = 3
    smoothing: Annotated[AddK | KneserNey, Field(discriminator="kind")] = KneserNey()  # a word that a class never had is possible
