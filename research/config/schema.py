"""One config is one cell of a table: data, model, optim, train, eval and seeds. Here its parts meet and are checked together."""

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from research.config.classify import BagOfWords, ClassifierConfig, NGramClassifier
from research.config.data import (
    Acceptability,
    AgreementTask,
    AssociativeRecall,
    CopyTask,
    CrossValidated,
    Data,
    Evaluation,
    Labelled,
    ReverseTask,
    TextCorpus,
)
from research.config.decoding import Decoder, Greedy
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.errors import IncompatibleConfig, StepladderError
from research.config.mixer import Learned
from research.config.model import FeedForwardLMConfig, Interpolation, LanguageModelConfig, NGram
from research.config.node import MAX_SEED, Node, Seed, Strings
from research.config.optim import AdamW, Optim, RunConfig, Train
from research.config.pairs import Glyphs, Pairs
from research.config.rules import Rules
from research.config.subwords import NoRegularisation, Subword

MOST_SEEDS = 10_000


def _seeds(value: Any) -> Any:
    """5 means the seeds 0..4."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise ValueError("seeds must be at least 1, or a list of seeds")
        if value > MOST_SEEDS:
            raise ValueError(
                f"seeds = {value} asks for as many runs of each cell, the seeds 0 .. {value - 1}; the most is {MOST_SEEDS}. One seed is "
                f"written in brackets, and the greatest is {MAX_SEED}"
            )
        return tuple(range(value))
    if isinstance(value, list | tuple) and len(set(value)) < len(value):
        raise ValueError("a seed is named twice")
    return tuple(value) if isinstance(value, list) else value


Seeds = Annotated[tuple[Seed, ...], BeforeValidator(_seeds), Field(min_length=1)]


def check_seed(seed: int | None, where: str) -> None:
    """Raises StepladderError for a number that no run could have as its seed."""
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise StepladderError(f"{where} {seed} is no seed: a seed is a whole number from 0 to {MAX_SEED}.")


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


Model = Annotated[
    LanguageModelConfig
    | EncoderDecoderConfig
    | FeedForwardLMConfig
    | NGram
    | Interpolation
    | ClassifierConfig
    | Rules
    | BagOfWords
    | NGramClassifier,
    Field(discriminator="kind"),
]
CLASSIFIERS = (ClassifierConfig, Rules, BagOfWords, NGramClassifier)
TRANSLATORS = (LanguageModelConfig, EncoderDecoderConfig)  # what can be trained on pairs, and writes texts to be scored
FITTED_MODELS = (
    NGram,
    Interpolation,
    Rules,
    BagOfWords,
    NGramClassifier,
)  # fitted, not trained: [optim], [train] and [init] have no meaning


FITTED: dict[type, str] = {
    NGram: "an n-gram, which is counted, not trained",
    NGramClassifier: "n-grams, which are counted, not trained",
    BagOfWords: "a bag of words, which is fitted at once, not in steps",
    Rules: "rules, which are written, not trained",
}


class Config(Node):
    """A cell and its seeds."""

    seeds: Seeds = (0,)
    data: Data
    model: Model
    init: WarmStart | None = None
    optim: Optim = AdamW()
    train: Train = Train(steps=1000)
    eval: Evaluation = Evaluation()
    decode: Decoder = Greedy()
    run: RunConfig = RunConfig()

    @property
    def fitted(self) -> bool:
        """Whether the model is counted, fitted or written, and knows no gradient steps."""
        return isinstance(self.model, FITTED_MODELS)

    @property
    def pooled(self) -> bool:
        """Whether it is a row of folds, which are cells of their own."""
        return isinstance(self.data, CrossValidated) and self.data.pooled

    @property
    def trained(self) -> bool:
        """Whether its runs take gradient steps."""
        return not self.fitted and not self.pooled

    @model_validator(mode="after")
    def _sections_mean_something(self) -> "Config":
        named = self.model_fields_set
        if self.fitted and not isinstance(self.model, Interpolation):
            for section in ("optim", "train", "init"):
                if section in named:
                    raise ValueError(f"[{section}] means nothing to {FITTED[type(self.model)]}; leave it out")
        if isinstance(self.model, Interpolation) and self.init:
            raise ValueError("[init] means nothing to an interpolation; its parts are cells of their own")
        if isinstance(self.data, Labelled) and not isinstance(self.model, CLASSIFIERS):
            raise ValueError(f"{self.data.kind} has classes, and {self.model.kind} predicts tokens; use model.kind = classifier")
        if isinstance(self.model, CLASSIFIERS) and not isinstance(self.data, Labelled):
            raise ValueError(f"{self.model.kind} needs classes, and {self.data.kind} has none; use data.kind = sst2, vader, ...")
        if isinstance(self.data, Pairs) and not isinstance(self.model, TRANSLATORS):
            raise ValueError(
                f"{self.data.kind} has pairs to be translated, which {self.model.kind} is not made for; use model.kind = encoder_decoder, "
                "or language_model, which reads source and target as one row"
            )
        if isinstance(self.model, EncoderDecoderConfig) and not isinstance(self.data, Pairs):
            raise ValueError(
                f"encoder_decoder reads a source and writes a target, and {self.data.kind} has no pairs; use data.kind = numerals, ..."
            )
        sees = isinstance(self.model, EncoderDecoderConfig) and self.model.sees
        if isinstance(self.data, Glyphs) and not sees:
            raise ValueError(
                "the sources of glyphs are pictures, whose symbols are grey levels; use model.kind = encoder_decoder with "
                "model.encoder.kind = patches or convolutions"
            )
        if sees and not isinstance(self.data, Glyphs):
            raise ValueError(
                f"{self.model.encoder.kind} reads pictures, and the sources of {self.data.kind} are symbols; use data.kind = glyphs, or "  # type: ignore[union-attr]
                "model.encoder.kind = recurrent or stack"
            )
        if not isinstance(self.data, Pairs):
            if "decode" in named:
                raise ValueError(f"[decode] is for pairs, whose test sources are translated; {self.data.kind} has none; leave it out")
            if self.train.scheduled_sampling:
                raise ValueError(f"train.scheduled_sampling is for the targets of pairs, and {self.data.kind} has none; leave it out")
        if self.optim.max_norm != "off" and not isinstance(self.model, ClassifierConfig):
            raise ValueError(
                f"optim.max_norm is for the weights that lead to each class, and {self.model.kind} has no classes; leave it out"
            )
        if self.train.buckets > 1 and not isinstance(self.data, Pairs | Labelled):
            raise ValueError(
                f"train.buckets puts examples of similar length together, pairs or labelled sentences, and those of {self.data.kind} have "
                "one length; leave it out"
            )
        if not isinstance(self.data, TextCorpus) and "eval" in named:
            raise ValueError(f"[eval] is for text; {self.data.kind} scores its own fixed positions; leave it out")
        return self

    @model_validator(mode="after")
    def _validation_is_there(self) -> "Config":
        if not self.fitted and isinstance(self.data, CrossValidated) and self.data.validation == "none":
            raise ValueError(
                f"data.validation = none leaves nothing by which training could choose what it keeps, and {self.model.kind} is trained; "
                "leave it out"
            )
        return self

    @model_validator(mode="after")
    def _data_is_possible(self) -> "Config":
        data = self.data
        if isinstance(data, CopyTask | ReverseTask | Acceptability) and data.shortest > data.longest:
            raise ValueError(f"data.shortest = {data.shortest} is above data.longest = {data.longest}")
        if isinstance(data, AssociativeRecall) and not data.queries <= data.pairs <= data.keys:
            raise ValueError("recall needs queries <= pairs <= keys")
        if isinstance(data, AgreementTask) and len(set(data.distances)) < max(1, len(data.distances)):
            raise ValueError("data.distances names a distance twice")
        if isinstance(data, TextCorpus | Labelled) and data.level == "byte" and "vocabulary" in data.model_fields_set:
            raise ValueError("data.vocabulary means nothing at the byte level: there are 256 bytes")
        return self

    @model_validator(mode="after")
    def _subwords_are_possible(self) -> "Config":
        data = self.data
        if not isinstance(data, TextCorpus | Labelled):
            return self
        if data.level != "word" and isinstance(self.model, BagOfWords | NGramClassifier):
            raise IncompatibleConfig(
                f"{self.model.kind} counts words, no symbols of data.level = {data.level}; use level = word, or a classifier"
            )
        if data.level in get_args(Subword) and data.vocabulary.size == "all":
            raise ValueError(
                f"data.level = {data.level} needs data.vocabulary.size, a whole number: with how many symbols the learning of pieces ends, "
                "<unk> and the line's end included; for instance data.vocabulary.size = 8000"
            )
        if data.level in get_args(Subword) and data.vocabulary.min_count > 1:
            raise ValueError(
                f"data.vocabulary.min_count means nothing at the {data.level} level, whose pieces are learned; use data.vocabulary.size"
            )
        if isinstance(data, Labelled):
            return self
        regularisation = data.regularisation
        if isinstance(regularisation, NoRegularisation):
            return self
        if data.level not in regularisation.levels:
            raise ValueError(
                f"data.regularisation.kind = {regularisation.kind} is for data.level = {' or '.join(regularisation.levels)}; "
                f"data.level = {data.level} has nothing that it could vary"
            )
        if isinstance(self.model, NGram | Interpolation):
            raise ValueError(
                f"data.regularisation.kind = {regularisation.kind} cuts the text anew for each epoch of training, and model.kind = "
                f"{self.model.kind} is counted, in whole or in part, on one cut; leave data.regularisation out, or use "
                "model.kind = language_model or feed_forward_lm"
            )
        if data.batches == "columns":
            raise ValueError(
                f"data.regularisation.kind = {regularisation.kind} has another number of tokens in each epoch, and data.batches = columns "
                "divides a fixed number among its columns; use data.batches = windows"
            )
        return self

    @model_validator(mode="after")
    def _context_is_possible(self) -> "Config":
        if not isinstance(self.data, TextCorpus):
            return self
        length, stride = self.eval_length, self.eval_stride
        if stride > length or any(stride > also for also in self.eval.also):
            raise ValueError(f"eval.stride = {stride} is above the window it scores the end of")
        model = self.model
        if isinstance(model, LanguageModelConfig) and self.data.batches == "columns" and not model.may_carry():
            raise IncompatibleConfig(
                "data.batches = columns carries a state from chunk to chunk: an attention needs cache = { kind = 'window', size = ... } "
                "and a position of none, rotary, alibi or t5; or use data.batches = windows"
            )
        if isinstance(model, LanguageModelConfig) and isinstance(model.position, Learned) and length > self.data.length:
            raise IncompatibleConfig(f"learned positions end at data.length = {self.data.length}; eval.length = {length} goes beyond")
        if self.data.batches == "columns" and (self.eval.also or stride < length):
            raise ValueError("with data.batches = columns the state is carried: eval.also, and a stride below the length, have no meaning")
        if self.data.batches == "columns" and self.eval.context == "stream" and length != self.data.length:
            raise ValueError(
                f"with data.batches = columns the state is carried from window to window, so eval.length = {length} would change nothing "
                "but how the sums are rounded; leave it out"
            )
        if self.eval.prompts and isinstance(self.model, Interpolation):
            raise IncompatibleConfig(
                "eval.prompts needs a model that reads a prompt; an interpolation mixes what its parts gave to the splits"
            )
        if self.eval.misspelt > 0 and self.data.level == "word":
            raise ValueError(
                "eval.misspelt has no meaning at the word level, where a misspelt word is <unk> and costs less than it did; "
                "use data.level = char, byte, bpe, byte_bpe, unigram or wordpiece"
            )
        return self

    @property
    def eval_length(self) -> int:
        """Tokens in a scoring window."""
        return self.data.length if self.eval.length == "training" else self.eval.length  # type: ignore[union-attr]

    @property
    def eval_stride(self) -> int:
        """Tokens scored in a window: its last."""
        return self.eval_length if self.eval.stride == "length" else self.eval.stride
