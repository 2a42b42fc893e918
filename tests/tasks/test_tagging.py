"""The tagger's scores are those of its sentences: resampled as themselves, and the same however words are padded and batched."""

import functools
import operator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.compare.item_tests import estimate_items, has_statistic, item_interval, paired_items
from research.compare.statistics import average_items, read_run_items
from research.config.merge import with_default_kinds
from research.config.schema import Config
from research.data.batches import train_batch
from research.data.buckets import in_narrowest
from research.data.eval_batches import eval_batches
from research.data.loading import load_dataset
from research.data.split_memory import device_arrays
from research.metrics.registry import METRICS
from research.models.head_logits import row_logits
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes, task_of
from research.tasks.symbols import position_scores, symbol_outcome
from research.text.spans import find_spans

LENGTH = 5
ENCODER = {"kind": "stack", "layers": 1, "width": 6, "mixer": {"kind": "lstm"}, "bidirectional": True}
TAGS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def sentences(n, seed):
    """Tags that follow bio, and words that say something of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        tags = ["O"]
        for _ in range(rng.integers(0, 2 * LENGTH)):
            inside = [f"I-{tags[-1][2:]}"] * 2 if tags[-1] != "O" else []
            tags.append(rng.choice(["O", "O", "B-X", "B-Y", *inside]))
        rows.append([(f"w{rng.integers(6)}{tag[0]}", tag) for tag in tags])
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagging")
    for seed, split in enumerate(("train", "valid", "test")):
        text = "\n".join("".join(f"{word} {tag}\n" for word, tag in row) for row in sentences(30, seed))
        (folder / f"{split}.conll").write_text(text)
    data = {
        "kind": "tagged_files",
        "scheme": "bio",
        "length": LENGTH,
        **{s: str(folder / f"{s}.conll") for s in ("train", "valid", "test")},
    }
    config = Config.model_validate(with_default_kinds({"data": data, "model": {"kind": "token_encoder", "encoder": ENCODER}}))
    return config, load_dataset(config.data)


def outcomes_of(data, seed, wrong=0.3):
    rng, tags = np.random.default_rng(seed), data.tagged["test"].tags
    likeliest = np.where(rng.random(len(tags)) < wrong, rng.integers(len(data.classes), size=len(tags)), tags).astype(np.int32)
    return {"nats": rng.random(len(tags)).astype(np.float32), "likeliest": likeliest, "correct": likeliest == tags}


def spans_of(data, numbers, chosen):
    """All spans of some sentences, by plain reading."""
    ends = np.cumsum([len(words) for words in data.tagged["test"].words])
    found = []
    for sentence in chosen:
        start = ends[sentence] - len(data.tagged["test"].words[sentence])
        names = [data.classes[number] for number in numbers[start : ends[sentence]]]
        found += [(sentence, *span) for span in find_spans(names)]
    return found


def f1(data, outcomes, chosen):
    there, said = (spans_of(data, tags, chosen) for tags in (data.tagged["test"].tags, outcomes["likeliest"]))
    right = len(set(there) & set(said))
    return 2 * right / (len(there) + len(said)), right / len(said), right / len(there)


def test_span_scores_are_of_all_spans_together(run):
    config, data = run
    task, outcomes = task_of(config), outcomes_of(data, 1)
    metrics = task.measure(config, "test", outcomes, task.belongs(data, "test"))
    assert [metrics[f"span_{name}"] for name in ("f1", "precision", "recall")] == pytest.approx(f1(data, outcomes, range(30)))
    named = task.metrics(config, frozenset(outcomes)).both
    assert {name for name in metrics if "_at_" not in name} == {name for name in named if "_at_" not in name}
    assert 0 < metrics["span_f1"] < 1


def test_span_f1_without_a_sentence_is_that_of_the_others(run):
    """What the jackknife does with the counts is what leaving sentences out and reading anew would do."""
    config, data = run
    task, outcomes = task_of(config), outcomes_of(data, 2)
    items = read_run_items(task.items("test", outcomes, task.belongs(data, "test")))
    counts = items.fields["spans"][:, 0].astype(float)
    for chosen in (range(30), [*range(0, 12), *range(13, 30)], [3, 5, 8, 9]):
        sums = counts[list(chosen)].sum(axis=0)
        expected = f1(data, outcomes, chosen)
        for name, value in zip(("span_f1", "span_precision", "span_recall"), expected, strict=True):
            assert float(METRICS[name].statistic.score(sums)) == pytest.approx(value)
    assert has_statistic(items, "span_f1")
    assert estimate_items(items, "span_f1").value == pytest.approx(f1(data, outcomes, range(30))[0])
    interval = item_interval(items, "span_f1", f1(data, outcomes, range(30))[0])
    assert interval.low < interval.mean < interval.high


def test_two_taggers_are_compared_by_the_difference_of_their_f1(run):
    config, data = run
    task, belongs = task_of(config), task_of(config).belongs(data, "test")
    items = lambda *runs: average_items([read_run_items(task.items("test", outcomes, belongs)) for outcomes in runs])
    good, bad = (outcomes_of(data, 3, wrong) for wrong in (0.05, 0.6))
    found = paired_items(items(good), items(bad), "span_f1")
    assert found.difference.value == pytest.approx(f1(data, good, range(30))[0] - f1(data, bad, range(30))[0])
    assert found.p < 0.01
    assert paired_items(items(good), items(good), "span_f1").p == 1
    mean = paired_items(items(good, bad), items(bad, bad), "span_f1").difference.value
    assert mean == pytest.approx((f1(data, good, range(30))[0] - f1(data, bad, range(30))[0]) / 2)


def test_slices_are_words_that_training_has_not_and_words_of_several_tags(run):
    config, data = run
    slices = task_of(config).belongs(data, "test").slices
    tags_of = {}
    for word, tag in zip(
        functools.reduce(operator.iadd, map(list, data.tagged["train"].words), []), data.tagged["train"].tags, strict=True
    ):
        tags_of.setdefault(word, set()).add(tag)
    words = functools.reduce(operator.iadd, map(list, data.tagged["test"].words), [])
    assert slices["unknown_words"].tolist() == [word not in tags_of for word in words]
    assert slices["ambiguous_words"].tolist() == [len(tags_of.get(word, ())) > 1 for word in words]


@pytest.fixture(scope="module")
def params(run):
    config, data = run
    return jax.jit(lambda: init_params(config, model_sizes(config, data), jax.random.key(1)))()


@pytest.fixture(scope="module")
def alone(run, params):
    """The nats of every word, each row read by itself and without padding."""
    config, data = run
    read, nats = jax.jit(functools.partial(row_logits, config.model)), []
    for words, tags, valid in zip(data.test.inputs, data.test.targets, data.test.valid, strict=True):
        n = int(valid.sum())
        logits = np.asarray(read(params, words[None, :n], np.ones((1, n), bool))[0])
        nats.append(np.log(np.exp(logits).sum(axis=-1)) - logits[np.arange(n), tags[:n]])
    return np.concatenate(nats)


@pytest.mark.parametrize("tokens_per_batch", [3 * LENGTH, 10_000])
def test_every_word_is_scored_once_whatever_the_batch(run, params, alone, tokens_per_batch):
    config, data = run
    outcome = jax.jit(functools.partial(symbol_outcome, config))
    (batches,) = eval_batches(config.data, config.eval, data.test, None, 1, 1, tokens_per_batch)
    nats = np.full(len(data.tagged["test"].tags), np.nan)
    for number in range(len(batches.inputs)):
        batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[number]), batches)  # noqa: B023
        scored = np.asarray(batch.weight) > 0
        nats[np.asarray(batch.index)[scored]] = np.asarray(outcome(params, (), batch)[1]["nats"])[scored]
    np.testing.assert_allclose(nats, alone, rtol=1e-5, atol=1e-6)


def test_a_batch_of_a_bucket_is_cut_without_a_change(run, params):
    """The columns that all rows leave empty: inputs, tags and places go together."""
    config, data = run
    arrays = device_arrays(data.train, 3)
    assert len(arrays.widths) > 1

    def sums(batch):
        scores = position_scores(config, params, (), batch, None)[1]
        return jnp.where(batch.weight > 0, scores.nats, 0).sum(), batch.weight.sum()

    @jax.jit
    def both(step):
        batch = train_batch(config.data, 4, arrays, jax.random.key(0), step)
        return jnp.stack(in_narrowest(batch, sums)), jnp.stack(sums(batch))

    for step in range(6):
        np.testing.assert_allclose(*both(jnp.int32(step)), rtol=1e-5)


def test_nothing_of_the_model_depends_on_the_test_split(run):
    config, data = run
    short = data._replace(test=data.test._replace(**{name: getattr(data.test, name)[:, :1] for name in ("inputs", "valid", "targets")}))
    assert model_sizes(config, short) == model_sizes(config, data)
    assert model_sizes(config, data)[:3] == (data.vocabulary.size, LENGTH, len(TAGS))
