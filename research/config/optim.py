"""The words of [optim] and [train]."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from research.config.node import Fraction, Node, NonNegative, Positive, Rate, Weight, as_tuple


class WarmupSchedule(Node):
    """What every schedule has that begins with a warm-up from zero."""

    warmup: NonNegative = 0


class ConstantSchedule(WarmupSchedule):
    """After `warmup` steps from zero, the rate stays."""

    kind: Literal["constant"] = "constant"


class CosineSchedule(WarmupSchedule):
    """Half a cosine from the rate to `final` times it (Loshchilov & Hutter 2017)."""

    kind: Literal["cosine"]
    final: Fraction = 0.1


class LinearSchedule(WarmupSchedule):
    """A line from the rate to `final` times it."""

    kind: Literal["linear"]
    final: Fraction = 0.0


class InverseSquareRootSchedule(WarmupSchedule):
    """rate * sqrt(warmup / step) after a linear warm-up (Vaswani et al. 2017, sec. 5.3)."""

    kind: Literal["inverse_square_root"]
    warmup: Positive = 100


class EpochDecaySchedule(Node):
    """The rate for `hold` epochs, then times `factor` at the start of each further epoch (Zaremba et al. 2014)."""

    kind: Literal["epoch_decay"]
    hold: Positive = 4
    factor: Fraction = 0.5


Schedule = Annotated[
    ConstantSchedule | CosineSchedule | LinearSchedule | InverseSquareRootSchedule | EpochDecaySchedule, Field(discriminator="kind")
]


Limit = Rate | Literal["off"]


class Optimiser(Node):
    """What every optimiser has."""

    traced: ClassVar[tuple[str, str]]  # the words for its rate and for the decay of weights: programs differ in neither
    learning_rate: Rate = 1e-3
    schedule: Schedule = ConstantSchedule()
    clip: Limit = "off"  # of the global norm
    max_norm: Limit = "off"  # of the weights that lead to each class, after each step (Kim 2014: 3)


class L2Optimiser(Optimiser):
    """An optimiser whose loss may have an L2 penalty."""

    traced: ClassVar[tuple[str, str]] = ("learning_rate", "l2")
    l2: Weight = 0.0  # times half the squared length of all matrices and embeddings, added to the loss


class SGD(Optimiser):
    """Stochastic gradient descent, with momentum if above zero. `weight_decay` is the same as an L2 penalty here."""

    traced: ClassVar[tuple[str, str]] = ("learning_rate", "weight_decay")
    alone: ClassVar[tuple[str, ...]] = ("learning_rate",)
    kind: Literal["sgd"]
    learning_rate: Rate = 0.1
    momentum: Fraction = 0.0
    weight_decay: Weight = 0.0


class Adam(L2Optimiser):
    """Kingma & Ba 2015."""

    kind: Literal["adam"]
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999


class AdamW(Optimiser):
    """Adam with decoupled weight decay of the matrices (Loshchilov & Hutter 2019)."""

    traced: ClassVar[tuple[str, str]] = ("learning_rate", "weight_decay")
    kind: Literal["adamw"] = "adamw"
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    weight_decay: Weight = 0.01


class Adagrad(L2Optimiser):
    """Each number's rate falls with the root of the sum of its squared gradients (Duchi et al. 2011)."""

    alone: ClassVar[tuple[str, ...]] = ("learning_rate",)
    kind: Literal["adagrad"]
    learning_rate: Rate = 0.01
    epsilon: Rate = 1e-10  # under the root


class Adadelta(L2Optimiser):
    """Steps of the size of the steps before, over that of the gradients (Zeiler 2012, algorithm 1, with its rho and epsilon)."""

    alone: ClassVar[tuple[str, ...]] = ("learning_rate",)
    kind: Literal["adadelta"]
    learning_rate: Rate = 1.0  # the paper has none
    rho: Fraction = 0.95
    epsilon: Rate = 1e-6


class RMSprop(L2Optimiser):
    """The gradient over the root of a running mean of its square (Tieleman & Hinton 2012)."""

    kind: Literal["rmsprop"]
    decay: Fraction = 0.9
    epsilon: Rate = 1e-8


Optim = Annotated[SGD | Adam | AdamW | Adagrad | Adadelta | RMSprop, Field(discriminator="kind")]


class Train(Node):
    """How long, how much at a time, and when validation decides."""

    steps: Positive | Literal["epochs"] = "epochs"
    epochs: Positive | Literal["steps"] = "steps"
    batch_size: Positive = 32
    loss: Literal["token_mean", "time_sum"] = "token_mean"  # time_sum: summed over time, mean over the batch
    buckets: Positive = 1  # batches of examples of similar length: sorted into so many equal parts, computed as wide as the part's longest
    label_smoothing: Fraction = 0.0
    scheduled_sampling: Fraction = 0.0  # of the target's symbols that the model reads, replaced by its own predictions
    evaluations: Positive = 5  # validations, evenly spread, the last at the end
    patience: Positive | Literal["off"] = "off"  # stop after so many validations without a better one
    keep: Literal["best", "last"] = "best"  # which parameters are tested and kept: best on validation, or the last
    select: str = "valid.loss"  # the metric of validation by which the best are known, and patience waits

    @model_validator(mode="after")
    def _one_duration(self) -> "Train":
        if (self.steps == "epochs") == (self.epochs == "steps"):
            raise ValueError("give exactly one of steps and epochs")
        if self.keep == "last" and self.patience != "off":
            raise ValueError("patience waits for a better validation: it needs keep = best")
        if not self.select.startswith("valid."):
            raise ValueError(f"select = {self.select} would choose on what is reported; choose on validation, as valid.accuracy")
        if self.keep == "last" and self.select != "valid.loss":
            raise ValueError("select says which parameters are the best on validation: it needs keep = best")
        return self


class RunConfig(Node):
    """Logistics, no part of a cell's identity: no result depends on them."""

    log_every: Positive = 50  # steps between lines of metrics.jsonl, and between chances to stop
    checkpoint_seconds: Weight = 60.0
    listeners: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()  # beside the terminal: tensorboard
    sample_tokens: Annotated[int, Field(ge=0)] = 0  # of a text that a language model writes at every validation, for those who watch
