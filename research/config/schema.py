"""One config is one cell of a table: data, model, optim, train, eval and seeds. Here its parts meet and are checked together."""

from typing import Annotated

from pydantic import Field, model_validator

from research.config.classify import (
    BagOfWords,
    ClassifierConfig,
    CommonestTag,
    HiddenMarkov,
    NGramClassifier,
    RegressorConfig,
    TokenEncoderConfig,
)
from research.config.corpora import TextCorpus
from research.config.data import Data
from research.config.decoding import Decoder, Greedy
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.errors import IncompatibleConfig
from research.config.evaluation import Evaluation
from research.config.levels import level_facts, levels_where
from research.config.model import FeedForwardLMConfig, Interpolation, LanguageModelConfig, NGram
from research.config.model_facts import model_facts
from research.config.node import Node
from research.config.optim import AdamW, Optim, RunConfig, Train
from research.config.plugins import Plugins
from research.config.rules import Rules
from research.config.seeds import Seeds
from research.config.task import TASK_OF_ASKS, LanguageModelling, TextTask
from research.config.vocabulary import check_learned_size
from research.config.warm_start import WarmStart

Model = Annotated[
    LanguageModelConfig
    | EncoderDecoderConfig
    | FeedForwardLMConfig
    | NGram
    | Interpolation
    | ClassifierConfig
    | TokenEncoderConfig
    | RegressorConfig
    | CommonestTag
    | HiddenMarkov
    | Rules
    | BagOfWords
    | NGramClassifier,
    Field(discriminator="kind"),
]


class Config(Node):
    """A cell and its seeds."""

    plugins: Plugins = ()
    seeds: Seeds = (0,)
    data: Data
    task: TextTask = LanguageModelling()
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
        return model_facts(self.model).fitted

    @property
    def task_name(self) -> str:
        """The task that its data asks for; of a text the one that [task] names."""
        return TASK_OF_ASKS.get(self.data.asks, self.task.kind)

    @property
    def pooled(self) -> bool:
        """Whether it is a row of folds, which are cells of their own."""
        return self.data.pooled

    @property
    def trained(self) -> bool:
        """Whether its runs take gradient steps."""
        return not self.fitted and not self.pooled

    @model_validator(mode="after")
    def _sections_mean_something(self) -> "Config":
        for section, whom in model_facts(self.model).meaningless.items():
            if section in self.model_fields_set and getattr(self, section) is not None:
                raise ValueError(f"[{section}] means nothing to {whom}")
        self._check_task()
        self._check_pictures()
        self._check_words_of_training()
        return self

    def _check_task(self) -> None:
        data, model, predicts = self.data, self.model, model_facts(self.model).predicts
        if data.asks in predicts:
            if mistake := model_facts(model).mistake(model, data):
                raise ValueError(mistake)
            return self._check_text_task()
        if data.asks == "number":
            raise ValueError(
                f"{data.kind} has a number for each sentence, which {model.kind} does not predict; use model.kind = regressor, rules, or "
                "bag_of_words with learner.kind = ridge"
            )
        if predicts == ("number",):
            classifier = ", or model.kind = classifier" if data.asks == "classes" else ""
            raise ValueError(
                f"{model.kind} predicts a number of each sentence, and {data.kind} has none; use data.kind = vader_ratings or rated_files"
                f"{classifier}"
            )
        if data.asks == "classes":
            what = "tags" if predicts[0] == "tags" else "tokens"
            raise ValueError(f"{data.kind} has classes, and {model.kind} predicts {what}; use model.kind = classifier")
        if data.asks == "tags":
            raise ValueError(f"{data.kind} has a tag for each word, and {model.kind} gives none; use model.kind = token_encoder")
        if "classes" in predicts:
            raise ValueError(f"{model.kind} needs classes, and {data.kind} has none; use data.kind = sst2, vader, ...")
        if predicts == ("tags",):
            raise ValueError(
                f"{model.kind} needs a tag for each word, and {data.kind} has none; use data.kind = tagged_files, turkish_treebanks"
            )
        if data.asks == "targets":
            raise ValueError(
                f"{data.kind} has pairs to be translated, which {model.kind} is not made for; use model.kind = encoder_decoder, "
                "or language_model, which reads source and target as one row"
            )
        raise ValueError(f"encoder_decoder reads a source and writes a target, and {data.kind} has no pairs; use data.kind = numerals, ...")

    def _check_text_task(self) -> None:
        """A model that sees a whole window predicts what is hidden in it, and any other the next token."""
        if self.data.asks != "tokens":
            return
        sees_around = "tags" in model_facts(self.model).predicts
        if sees_around and not self.task.sees_around:
            raise ValueError(
                f"{self.model.kind} sees the whole window, the next token with it; set task.kind = masked_language_modelling, or use "
                "model.kind = language_model"
            )
        if self.task.sees_around and not sees_around:
            raise ValueError(
                f"task.kind = masked_language_modelling asks for tokens from all around them, and {self.model.kind} has read only what "
                "came before; use model.kind = token_encoder"
            )
        if self.task.sees_around and self.data.reads == "text":
            self._check_masked_text(self.data)

    def _check_masked_text(self, data: TextCorpus) -> None:
        if data.batches == "columns":
            raise ValueError("data.batches = columns carries a state from window to window, and a masked model has none; leave it out")
        for word, value in (("stride", self.eval_stride < self.eval_length), ("also", self.eval.also), ("prompts", self.eval.prompts)):
            if value:
                raise ValueError(
                    f"eval.{word} is for a model that reads from the left; a masked model sees a whole window at once; leave it out"
                )
        if self.eval.misspelt:
            raise ValueError("eval.misspelt is for the perplexity of a text, and a masked model has none; leave it out")

    def _check_pictures(self) -> None:
        pictures, sees = self.data.reads == "pictures", model_facts(self.model).sees(self.model)
        if pictures and not sees:
            raise ValueError(
                "the sources of glyphs are pictures, whose symbols are grey levels; use model.kind = encoder_decoder with "
                "model.encoder.kind = patches or convolutions"
            )
        if sees and not pictures:
            raise ValueError(
                f"{self.model.encoder.kind} reads pictures, and the sources of {self.data.kind} are symbols; use data.kind = glyphs, or "  # type: ignore[union-attr]
                "model.encoder.kind = recurrent or stack"
            )

    def _check_words_of_training(self) -> None:
        asks, named = self.data.asks, self.model_fields_set
        if asks != "targets" and "decode" in named:
            raise ValueError(f"[decode] is for pairs, whose test sources are translated; {self.data.kind} has none; leave it out")
        if asks != "targets" and self.train.scheduled_sampling:
            raise ValueError(f"train.scheduled_sampling is for the targets of pairs, and {self.data.kind} has none; leave it out")
        if asks == "number" and self.train.label_smoothing:
            raise ValueError(
                f"train.label_smoothing spreads the target over classes or symbols, and that of {self.data.kind} is a number; leave it out"
            )
        if self.optim.max_norm != "off" and (self.fitted or asks != "classes"):
            raise ValueError(
                f"optim.max_norm is for the weights that lead to each class, and {self.model.kind} has no classes; leave it out"
            )
        if self.train.buckets > 1 and asks == "tokens":
            raise ValueError(
                f"train.buckets puts examples of similar length together, pairs or labelled sentences, and those of {self.data.kind} have "
                "one length; leave it out"
            )
        if self.run.sample_tokens and self.task_name != "language_modelling":
            raise ValueError(f"run.sample_tokens is what language models write while they are trained, not {self.task_name}; leave it out")
        if asks != "tokens" and "task" in named:
            raise ValueError(f"[task] says what is asked of a text; {self.data.kind} asks for its own; leave it out")
        if self.data.reads != "text" and self.task.sees_around:
            raise ValueError(f"task.kind = masked_language_modelling is for text, and {self.data.kind} scores its own positions")
        if self.data.reads != "text" and "eval" in named:
            raise ValueError(f"[eval] is for text; {self.data.kind} scores its own fixed positions; leave it out")

    @model_validator(mode="after")
    def _validation_is_there(self) -> "Config":
        if not self.fitted and not self.data.has_validation:
            raise ValueError(
                f"data.validation = none leaves nothing by which training could choose what it keeps, and {self.model.kind} is trained; "
                "leave it out"
            )
        return self

    @model_validator(mode="after")
    def _data_is_possible(self) -> "Config":
        self.data.check()
        return self

    @model_validator(mode="after")
    def _subwords_are_possible(self) -> "Config":
        data = self.data
        if data.reads != "text" and data.reads != "sentences":
            return self
        if model_facts(self.model).words_alone and not level_facts(data.level).words:
            levels = " or ".join(levels_where(lambda facts: facts.words))
            raise IncompatibleConfig(
                f"{self.model.kind} counts words, no symbols of data.level = {data.level}; use level = {levels}, or a classifier"
            )
        check_learned_size(data.level, data.vocabulary, "data.")
        if data.reads == "text" and data.regularisation.levels:
            self._check_regularisation(data)
        return self

    def _check_regularisation(self, data: TextCorpus) -> None:
        regularisation = data.regularisation
        if data.level not in regularisation.levels:
            raise ValueError(
                f"data.regularisation.kind = {regularisation.kind} is for data.level = {' or '.join(regularisation.levels)}; "
                f"data.level = {data.level} has nothing that it could vary"
            )
        if model_facts(self.model).counted:
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

    @model_validator(mode="after")
    def _context_is_possible(self) -> "Config":
        if self.data.reads == "text":
            self._check_context(self.data)
        return self

    def _check_context(self, data: TextCorpus) -> None:
        length, stride, facts = self.eval_length, self.eval_stride, model_facts(self.model)
        if stride > length or any(stride > also for also in self.eval.also):
            raise ValueError(f"eval.stride = {stride} is above the window it scores the end of")
        if data.batches == "columns" and not facts.carries(self.model):
            raise IncompatibleConfig(
                "data.batches = columns carries a state from chunk to chunk: an attention needs cache = { kind = 'window', size = ... } "
                "and a position of none, rotary, alibi or t5; or use data.batches = windows"
            )
        if length > data.length and facts.ends(self.model):
            raise IncompatibleConfig(f"learned positions end at data.length = {data.length}; eval.length = {length} goes beyond")
        if data.batches == "columns" and (self.eval.also or stride < length):
            raise ValueError("with data.batches = columns the state is carried: eval.also, and a stride below the length, have no meaning")
        if data.batches == "columns" and self.eval.context == "stream" and length != data.length:
            raise ValueError(
                f"with data.batches = columns the state is carried from window to window, so eval.length = {length} would change nothing "
                "but how the sums are rounded; leave it out"
            )
        if self.eval.prompts and not facts.reads_prompts:
            raise IncompatibleConfig(
                "eval.prompts needs a model that reads a prompt; an interpolation mixes what its parts gave to the splits"
            )
        if self.eval.misspelt > 0 and not level_facts(data.level).spells:
            *levels, last = levels_where(lambda facts: facts.spells)
            raise ValueError(
                f"eval.misspelt has no meaning at the {data.level} level, where a misspelt word is <unk> and costs less than it did; "
                f"use data.level = {', '.join(levels)} or {last}"
            )

    @property
    def eval_length(self) -> int:
        """Tokens in a scoring window."""
        return self.data.length if self.eval.length == "training" else self.eval.length  # type: ignore[union-attr]

    @property
    def eval_stride(self) -> int:
        """Tokens scored in a window: its last."""
        return self.eval_length if self.eval.stride == "length" else self.eval.stride
