"""What other libraries call the words of a config: an error about such a name answers with the word that is meant."""

from research.config.fields import Path, all_keys
from research.config.node import Node

ALIASES = {
    "data.kind": ("dataset", "corpus_name"),
    "data.length": ("seq_len", "sequence_length", "seq_length", "block_size", "context_length", "max_len", "max_length", "n_ctx", "bptt"),
    "data.vocabulary.size": ("vocab", "vocab_size", "vocabulary_size", "n_vocab"),
    "data.vocabulary.min_count": ("min_freq", "min_frequency"),
    "eval.length": ("eval_length",),
    "model.feed_forward.width": ("d_ff", "dff", "ff_dim", "ffn_dim", "ffn", "intermediate_size", "d_inner"),
    "model.kind": ("model_type", "model_name", "arch", "architecture"),
    "model.layers": ("n_layers", "num_layers", "n_layer", "num_layer", "nlayers", "depth", "num_hidden_layers"),
    "model.mixer.heads": ("n_heads", "num_heads", "n_head", "nhead", "num_attention_heads", "attention_heads"),
    "model.mixer.kind": ("rnn_type", "cell_type", "mixer_type"),
    "model.mixer.nonlinearity": ("activation",),
    "model.norm.placement": ("norm_first", "pre_norm", "prenorm"),
    "model.position.kind": ("positional_encoding", "position_encoding", "pos_encoding", "positions", "pos_emb"),
    "model.precision": ("dtype", "amp", "fp16", "bf16"),
    "model.dropout.residual": ("dropout", "dropout_rate", "p_dropout", "drop", "resid_pdrop", "dropout_prob"),
    "model.order": ("n", "ngram", "n_gram"),
    "model.rematerialise": ("remat", "checkpointing", "gradient_checkpointing"),
    "model.tie": ("tie_weights", "tied", "tie_embeddings", "weight_tying", "tie_word_embeddings"),
    "model.width": (
        *("dim", "hidden", "hidden_size", "hidden_dim", "d_model", "n_embd", "d_hidden", "nhid", "n_units", "units", "size"),
        *("embed_dim", "emb_dim", "embedding_dim", "emb_size", "embedding_size", "emsize", "model_dim"),
    ),
    "optim.beta1": ("beta_1", "b1", "betas"),
    "optim.beta2": ("beta_2", "b2"),
    "optim.clip": ("grad_clip", "clip_grad", "clip_norm", "max_grad_norm", "gradient_clip", "gradient_clipping", "grad_norm_clip"),
    "optim.kind": ("optimizer", "optimiser", "opt"),
    "optim.learning_rate": ("lr", "learningrate", "learning_rates", "rate", "alpha", "step_size", "eta", "base_lr", "max_lr"),
    "optim.schedule.kind": ("scheduler", "lr_scheduler", "lr_schedule", "lr_decay"),
    "optim.schedule.warmup": ("warmup_steps", "n_warmup", "warmup_iters", "num_warmup_steps"),
    "optim.weight_decay": ("wd", "decay", "weightdecay", "l2_penalty"),
    "run.log_every": ("log_interval", "log_steps", "logging_steps", "print_every"),
    "seeds": ("seed", "random_seed", "n_seeds", "num_seeds", "random_state", "repeats"),
    "train.batch_size": ("bs", "batch", "batchsize", "batch_sz", "mini_batch", "minibatch", "batches_of", "per_device_train_batch_size"),
    "train.epochs": ("epoch", "n_epochs", "num_epochs", "max_epochs", "num_train_epochs", "nepochs"),
    "train.evaluations": ("eval_every", "eval_interval", "val_interval", "eval_steps", "validate_every"),
    "train.patience": ("early_stopping", "early_stop"),
    "train.steps": ("max_steps", "num_steps", "n_steps", "iters", "max_iters", "iterations", "n_iter", "updates"),
}
KEY_BY_ALIAS = {short: key for key, names in ALIASES.items() for short in names}


def canonical_key(path: Path, root: type[Node]) -> str | None:
    """The key that a name of another library stands for: under the same table where that has it, else in its usual place."""
    key = KEY_BY_ALIAS.get(path[-1].lower().replace("-", "_"))
    if key is None:
        return None
    sibling = ".".join((*path[:-1], key.split(".")[-1]))
    return next((name for name in (sibling, key) if name in all_keys(root)), None)
