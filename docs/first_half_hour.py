# %% [markdown]
# # The first half hour
#
# From a config to a table that says what it can say, and what it cannot: a few minutes of it are training, on two cores of a CPU. Cells
# are run from top to bottom. Whatever is trained is kept in the folder `runs`, so that a second time nothing is trained again.
#
# On a machine without the library: `pip install` its wheel, or `pip install -e .` in a clone of it.

# %%
from pathlib import Path

import research as sl

STEPS = 300  # of training

# %% [markdown]
# ## A cell
#
# One config is one *cell* of a table. It is a TOML file, changed by overrides in the file's own words; a word that does not exist is an
# error that names the right one. `seeds=3`: the same cell three times, by another draw of its initial values and of the order of its
# data.

# %%
words = [
    *("data.train_tokens=50_000", "data.valid_tokens=5_000", "data.test_tokens=5_000"),
    *("data.vocabulary.size=1000", "data.length=32", "model.width=32", f"train.steps={STEPS}", "optim.schedule.warmup=10"),
]
cell = sl.load("configs/lm/lstm_tiny.toml", *words, seeds=3)
cell

# %% [markdown]
# `cell.show()` prints the shape of every parameter, what a token costs, the memory and the predicted time, and trains nothing. `train`
# trains the seeds that are not done; stop it, and the same line goes on from where it was.

# %%
cell.train(runs="runs")

# %% [markdown]
# A row a seed. `valid` is what choices are made by, `test` is looked at once.

# %%
cell.frame(metrics=["valid.perplexity", "test.perplexity", "params", "seconds.train"])

# %% [markdown]
# ## A run
#
# A cell and a seed is a *run*. It is opened by the beginning of its cell's id, by anybody who has its folder: its numbers need neither
# jax nor the data.

# %%
run = sl.open(cell.cell_id[:6])
curves = run.curves()
curves.pivot(index="step", columns="split", values="loss").interpolate().plot(ylabel="nats a token")

# %% [markdown]
# Its parameters and its vocabulary are read once something asks for them. After so little training it writes words, and not yet
# sentences.

# %%
run.generate("my lord ,", tokens=40)

# %% [markdown]
# ## A table
#
# Is the LSTM's gate worth its parameters? That is a *sweep*: the same words, and two values of one of them. The row of the LSTM is the
# cell from above, with the same words and so the same id: it is not trained again.

# %%
Path("gates.toml").write_text(f"""
extends = "configs/lm/lstm_tiny.toml"
[data]
train_tokens = 50_000
valid_tokens = 5_000
test_tokens = 5_000
vocabulary.size = 1000
length = 32
[model]
width = 32
[train]
steps = {STEPS}
[optim]
schedule.warmup = 10
[sweep]
name   = "gates"
axes   = {{ "model.mixer.kind" = ["elman", "lstm"] }}
seeds  = 3
table  = {{ rows = "model.mixer.kind", metrics = ["params", "seconds"] }}
""")
table = sl.sweep("gates.toml").run(runs="runs").table()
table

# %% [markdown]
# The notes under a table are part of it.
#
# - *Its rows were not tuned*: both had the learning rate of the file. With its own best rate either row may be better, so this table does
#   not decide the question. `tune = { "optim.learning_rate" = [1e-3, 3e-3, 1e-2] }` under `[sweep]` tries them for each row, chooses on
#   validation, and scores the test split once for what was chosen.
# - *±* is the 95% interval of the mean over three seeds: what another three would give. With two seeds there is none, and the table says
#   so.
# - *bold* is a row that every test tells from every other, over the test sentences and, from five seeds on, over seeds. *All rows lie
#   within noise* means that nothing was shown, whichever mean is lower.
#
# The same numbers, a row a seed:

# %%
table.frame()

# %% [markdown]
# Finished runs make a table without their sweep too, by any words of their configs, and a frame of pandas with what a condition chooses:

# %%
sl.table("runs", rows="model.mixer.kind", columns="model.width", where="data.kind == 'shakespeare'")

# %%
sl.frame("runs", where="model.mixer.kind == 'elman' and seed < 2", metrics=["test.perplexity", "seconds.train"])

# %% [markdown]
# ## A model by hand
#
# `build` gives the model of a config as pure functions, without a store and without a sweep: `init(key)`, `empty(batch)`, and
# `apply(params, carry, tokens)`. One step of gradient descent, written out:

# %%
import jax
import jax.numpy as jnp
import optax

model = sl.build(cell.config, cell.data)
params = model.init(jax.random.key(0))
tokens = jnp.asarray(cell.data.train.tokens[: 8 * 33]).reshape(8, 33)


@jax.value_and_grad
def loss(params):
    _, logits = model.apply(params, model.empty(8), tokens[:, :-1])
    return optax.softmax_cross_entropy_with_integer_labels(logits, tokens[:, 1:]).mean()


before, gradient = loss(params)
after, _ = loss(jax.tree.map(lambda leaf, slope: leaf - 0.5 * slope, params, gradient))
f"{before:.4f} nats a token before the step, {after:.4f} after it"

# %% [markdown]
# ## From here
#
# - `sl.sweep("lm_ladder").show()` is an experiment that comes with the library: ten models, from counted words to the Transformer. The
#   command `stepladder experiments` lists all of them with what they ask and cost.
# - [notebook.md](notebook.md) has every function of this page; [tables.md](tables.md) says what a table promises, and when it refuses a
#   verdict; [commands.md](commands.md) has the same as commands of a shell.
