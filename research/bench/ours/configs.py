"""The config of a case's model, in the words of any user's TOML file."""

from research.bench.sizes import LSTMSizes, SweepSizes, TransformerSizes
from research.config.merge import with_default_kinds
from research.config.plain import Tree, table
from research.config.schema import Config


def benchmark_config(sizes: TransformerSizes | LSTMSizes) -> Config:
    """A cell on a made-up text; only how the text is cut matters of its [data]."""
    return Config.model_validate(with_default_kinds(benchmark_tree(sizes)))


def benchmark_tree(sizes: TransformerSizes | LSTMSizes) -> Tree:
    """The same as a plain tree."""
    return _transformer(sizes) if isinstance(sizes, TransformerSizes) else _recurrent(sizes)


def sweep_tree(sizes: SweepSizes) -> Tree:
    """A sweep over heads and learning rates."""
    tree = _transformer(sizes.model)
    limits: Tree = {f"{split}_tokens": getattr(sizes, f"{split}_tokens") for split in ("train", "valid", "test")}
    sweep: Tree = {
        "name": "table",
        "axes": {"model.mixer.heads": list(sizes.heads), "optim.learning_rate": list(sizes.learning_rates)},
        "metric": "test.perplexity",
        "select": "valid.perplexity",
        "table": {"rows": "model.mixer.heads", "columns": "optim.learning_rate"},
    }
    changed: Tree = {
        "seeds": sizes.seeds,
        "data": {**table(tree["data"]), **limits},
        "train": {**table(tree["train"]), "steps": sizes.steps, "evaluations": 1},
        "sweep": sweep,
    }
    return tree | changed


def _transformer(sizes: TransformerSizes) -> Tree:
    return {
        "data": {"kind": "pydoc", "level": "char", "length": sizes.length},
        "model": {
            "kind": "language_model",
            "layers": sizes.layers,
            "width": sizes.width,
            "position": {"kind": "learned"},
            "mixer": {"kind": "attention", "heads": sizes.heads},
            "norm": {"kind": "layer", "placement": "pre"},
            "feed_forward": {"kind": "gelu", "width": 4 * sizes.width},
            "tie": True,
            "init": {"kind": "normal", "scale": 0.02},
        },
        "optim": {"kind": "adamw", "learning_rate": sizes.learning_rate, "weight_decay": sizes.weight_decay, "clip": sizes.clip},
        "train": {"steps": 1000, "batch_size": sizes.batch},
    }


def _recurrent(sizes: LSTMSizes) -> Tree:
    dropout = {"input": sizes.dropout, "output": sizes.dropout, "between": sizes.dropout if sizes.layers > 1 else 0.0}
    return {
        "data": {"kind": "pydoc", "level": "char", "length": sizes.length, "batches": "columns"},
        "model": {
            "kind": "language_model",
            "layers": sizes.layers,
            "width": sizes.width,
            "mixer": {"kind": "lstm"},
            "norm": {"kind": "none"},
            "residual": False,
            "feed_forward": {"kind": "none"},
            "dropout": dropout,
            "init": {"kind": "uniform", "scale": 0.1},
        },
        "optim": {"kind": "sgd", "learning_rate": sizes.learning_rate, "clip": sizes.clip},
        "train": {"steps": 1000, "batch_size": sizes.batch, "loss": "time_sum"},
    }
