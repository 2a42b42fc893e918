"""A text is cut into tokens once, block by block; what is read from the cache is what the text whole gives, or it is made anew."""

import errno
import gzip
import hashlib
import json
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from research.config.corpora import Files
from research.config.errors import StepladderError
from research.config.unicode import normalise_unicode
from research.config.vocabulary import VocabularyConfig
from research.data import checked_files, text_dataset, text_files
from research.data.batches import host_batch, train_batch
from research.data.dataset import SCORED, SPLITS
from research.data.held_out import hold_out
from research.data.loading import dataset_digest, load_dataset
from research.data.split_memory import belongs_on_host, device_arrays, host_arrays
from research.data.text_blocks import file_blocks
from research.data.text_dataset import load_text, load_vocabulary, text_clusters
from research.data.text_numbers import narrowest
from research.data.utf8 import as_text
from research.text.tokenize import unicode_words
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer import segment, train_tokenizer, unlearned
from research.text.vocabulary import build_vocabulary, subword_vocabulary

PIECES = [
    "a",
    "b",
    "c ",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\ufeff",
    "e\u0301",
    "\u0301",
    "é",
    "\u1100",
    "\u1161",
    "日",
    "\u2028",
    "\t",
    "don't ",
]
raw_texts = st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: ("a b c é 日 " + "".join(pieces)).encode())
REFUSALS = ("leaves nothing out", "shorter than the first line", "holds out", "has no room")
LEVELS = {"word": 7, "char": 6, "byte": "all", "bpe": 30, "byte_bpe": 260, "wordpiece": 50}  # with a size of its vocabulary


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files(folder, level="word", **words):
    size = {} if LEVELS[level] == "all" else {"vocabulary": VocabularyConfig(size=LEVELS[level])}
    return Files(kind="files", **({split: str(folder / split) for split in SPLITS} | size | {"level": level} | words))


def write(folder, texts):
    for split, content in texts.items():
        (folder / split).write_bytes(content)


def load(config):
    """The dataset, not as the process remembers it."""
    return load_text(config, None, dataset_digest(config))


def in_memory(config, raw):
    """The splits by their definition: every text whole, every token a string. Vocabulary, tokens, texts."""
    texts = {split: as_text(content, split) for split, content in raw.items()}
    if not isinstance(config.valid, str):
        lines = texts["train"].split("\n")[:-1]
        texts |= dict(zip(("train", "valid"), hold_out(config.valid, lines, [""] * len(lines), "train"), strict=True))
        texts |= {split: "".join(line + "\n" for line in texts[split]) for split in ("train", "valid")}
    if not config.tokenized:
        texts = {split: "".join(" ".join(unicode_words(line)) + "\n" for line in text.split("\n")[:-1]) for split, text in texts.items()}
    texts = {split: normalise_unicode(text, config.normalisation) for split, text in texts.items()}
    if TOKENIZERS[config.level].learning is None:
        vocabulary = build_vocabulary(segment(unlearned(config.level), texts["train"]), config.level, config.vocabulary.size)
    else:
        vocabulary = subword_vocabulary(train_tokenizer(texts["train"].split("\n"), config.level, config.vocabulary.size))
    vocabulary = replace(vocabulary, normalisation=config.normalisation)
    tokens = {split: _limited(vocabulary.tokens(texts[split]), config, split) for split in SPLITS}
    return vocabulary, tokens, {split: vocabulary.text(tokens[split]) for split in SPLITS}


def _limited(tokens, config, split):
    limit, end = getattr(config, f"{split}_tokens"), TOKENIZERS[config.level].line_end
    if limit == "all":
        return tokens
    if limit >= len(tokens):
        raise StepladderError("leaves nothing out")
    kept = limit
    while kept and tokens[kept - 1] != end:
        kept -= 1
    if not kept:
        raise StepladderError("is shorter than the first line")
    return tokens[:kept]


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def check_same(data, config, raw):
    vocabulary, tokens, texts = in_memory(config, raw)
    assert data.vocabulary == vocabulary
    for split in SPLITS:
        found, numbers = getattr(data, split), vocabulary.numbers(tokens[split])
        ends = numbers == vocabulary.eos
        assert (found.tokens.dtype, found.sentence.dtype, len(found)) == (np.int32, np.int32, len(numbers))
        np.testing.assert_array_equal(found.tokens, numbers)
        np.testing.assert_array_equal(found.sentence, np.cumsum(ends) - ends)
        assert (int(found.characters), int(found.bytes)) == (len(texts[split]), len(texts[split].encode()))
        assert data.description["unknown"][split] == np.mean(numbers == (-1 if vocabulary.unk is None else vocabulary.unk))
        assert data.description["lines"][split] == ends.sum()
    for split in SCORED:
        types = [vocabulary.types[number] for number in vocabulary.numbers(tokens[split])]
        assert tuple(data.identities[split]) == (digest(texts[split]), digest(*types))
    assert data.test_text == texts["test"]
    np.testing.assert_equal(data.clusters, text_clusters(config, None, texts["test"]))


def outcome(compute, *arguments):
    """What it gives, or the kind of what it refuses."""
    try:
        return compute(*arguments), None
    except StepladderError as error:
        return None, next(
            (kind for kind in ("leaves nothing out", "shorter than the first line", "holds out") if kind in str(error)), str(error)
        )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.fixed_dictionaries(dict.fromkeys(SPLITS, raw_texts)),
    st.sampled_from(sorted(LEVELS)),
    st.integers(1, 12),
    st.integers(1, 40),
    st.fixed_dictionaries(
        {},
        optional={
            "valid": st.sampled_from([1, 0.4]),
            "normalisation": st.just("none"),
            "train_tokens": st.integers(1, 20),
            "test_tokens": st.integers(1, 20),
        },
    ),
    st.booleans(),
)
@example(dict.fromkeys(SPLITS, b"a b c \xc3\xa9\na"), "word", 1, 1, {"valid": 1}, False)  # a block whose lines are all held out
def test_block_by_block_and_from_the_cache_a_dataset_is_that_of_the_texts_whole(tmp_path, raw, level, size, long_line, words, tokenized):
    config = files(tmp_path, level, **words, tokenized=tokenized or level != "word")
    write(tmp_path, raw)
    raw = {split: content for split, content in raw.items() if isinstance(getattr(config, split), str)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "file_blocks", partial(file_blocks, size=size, long_line=long_line))
        made, refused = outcome(load, config)
        assert refused == outcome(in_memory, config, raw)[1]
        if made is None:
            return
        check_same(made, config, raw)
        patch.setattr(text_files, "file_blocks", lambda *_: pytest.fail("the text is read again"))
        check_same(load(config), config, raw)
        assert load_vocabulary(config) == made.vocabulary


RAW = {"train": b"a b a\n\nb c\n" * 50, "valid": b"a x\n", "test": "c c d é\n\nb\n".encode() * 25}


def damage(kind, path):
    content = path.read_bytes()
    damaged = {
        "cut": content[:-1],
        "empty": b"",
        "flipped": content[:-2] + bytes([content[-2] ^ 1]) + content[-1:],
        "longer": content + b"x",
    }
    path.write_bytes(damaged[kind]) if kind in damaged else path.unlink()


@pytest.mark.parametrize("kind", ["cut", "empty", "flipped", "longer", "gone"])
@pytest.mark.parametrize("level", ["word", "byte"])
def test_a_file_that_is_not_whole_is_made_anew(tmp_path, cache, level, kind):
    write(tmp_path, RAW)
    config = files(tmp_path, level)
    load(config)
    paths = sorted(path for path in (cache / "texts").rglob("*") if path.is_file())
    contents = {path: path.read_bytes() for path in paths}
    assert {path.name for path in paths} >= {
        "vocabulary",
        "train-all.tokens",
        "test-all.json",
        "test-all.text",
        "test-all-unknown.clusters",
    }
    for path in paths:
        damage(kind, path)
        check_same(load(config), config, RAW)
        again = {path: path.read_bytes() for path in paths if path.suffix != ".json"}
        assert again == {path: content for path, content in contents.items() if path.suffix != ".json"}


def test_a_cache_that_was_copied_is_checked_once(tmp_path, cache, monkeypatch):
    write(tmp_path, RAW)
    config = files(tmp_path)
    load(config)
    (tokens,) = (cache / "texts").rglob("train-all.tokens")
    content = tokens.read_bytes()
    tokens.unlink()
    tokens.write_bytes(content)
    sums = []
    monkeypatch.setattr(checked_files, "sha256_of", lambda path: sums.append(path) or hashlib.sha256(path.read_bytes()).hexdigest())
    load(config)
    load(config)
    assert sums == [tokens]


def test_two_that_write_at_once_both_end_right(tmp_path, monkeypatch):
    """The second begins and ends while the first has written a part."""
    write(tmp_path, RAW)
    config = files(tmp_path)
    small, inner = partial(file_blocks, size=8), []

    def interrupted(path, place):
        for number, block in enumerate(small(path, place)):
            if number == 3 and not inner:
                inner.append(None)
                inner[0] = load(config)
            yield block

    monkeypatch.setattr(text_files, "file_blocks", interrupted)
    outer = load(config)
    for data in (outer, *inner, load(config)):
        check_same(data, config, RAW)


def test_files_that_change_while_they_are_read_are_not_kept(tmp_path, cache, monkeypatch):
    write(tmp_path, RAW)

    def changing(path, place):
        yield from file_blocks(path, place)
        (tmp_path / "valid").write_bytes(b"other words\n")

    with monkeypatch.context() as patch:
        patch.setattr(text_files, "file_blocks", changing)
        with pytest.raises(StepladderError, match="changed while they were read"):
            load(files(tmp_path))
    assert not [path for path in cache.rglob("*") if path.is_file()]
    check_same(load(files(tmp_path)), files(tmp_path), RAW | {"valid": b"other words\n"})


def test_clusters_of_files_that_changed_are_not_kept(tmp_path, cache, monkeypatch):
    write(tmp_path, RAW)

    def changing(config, data_dir, text):
        (tmp_path / "test").write_bytes(b"other words\n")
        return text_clusters(config, data_dir, text)

    monkeypatch.setattr(text_dataset, "text_clusters", changing)
    with pytest.raises(StepladderError, match="changed while they were read"):
        load(files(tmp_path))
    assert not list(cache.rglob("*.clusters"))


@pytest.mark.parametrize("words", [{}, {"valid": 0.4}, {"valid": 0.4, "tokenized": False}])
def test_what_is_read_whole_is_what_is_streamed(tmp_path, monkeypatch, words):
    """Packed files, tables and files in another encoding against the plain lines, each from a cache of its own."""
    write(tmp_path, RAW)
    for split, content in RAW.items():
        (tmp_path / f"{split}.gz").write_bytes(gzip.compress(content))
        cells = "".join(f'"{line}"\n' for line in content.decode().split("\n")[:-1])
        (tmp_path / f"{split}.csv").write_text(f"text\n{cells}", encoding="utf-8")
        (tmp_path / f"{split}.latin").write_text(content.decode(), encoding="latin-1")
    streamed = load(files(tmp_path, **words))
    check_same(streamed, files(tmp_path, **words), RAW)
    for ending in (".gz", ".csv", ".latin"):
        monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / f"cache{ending}"))
        paths = {split: str(tmp_path / f"{split}{ending}") for split in SPLITS}
        other = load(files(tmp_path, **(paths | words), encoding="latin-1" if ending == ".latin" else "utf-8"))
        assert (other.vocabulary, other.identities, other.test_text) == (streamed.vocabulary, streamed.identities, streamed.test_text)
        for split in SPLITS:
            np.testing.assert_array_equal(getattr(other, split).tokens, getattr(streamed, split).tokens)


def test_a_folder_that_cannot_be_written_costs_a_note(tmp_path, cache, capsys):
    write(tmp_path, RAW)
    cache.write_text("a file where the folder is to be")
    for level in ("word", "bpe"):
        check_same(load(files(tmp_path, level)), files(tmp_path, level), RAW)
    assert capsys.readouterr().err.count("note:") == 1
    assert cache.is_file()


def test_a_full_disk_leaves_nothing_behind(tmp_path, cache, capsys, monkeypatch):
    write(tmp_path, RAW)

    def full(self, piece):
        self.file.write(piece[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checked_files.CountedFile, "write", full)
    check_same(load(files(tmp_path)), files(tmp_path), RAW)
    assert "No space left on device" in capsys.readouterr().err
    assert not list(cache.rglob("*tokens*"))


def test_what_a_killed_process_left_goes_after_a_day(tmp_path, monkeypatch):
    left = tmp_path / ".x.1"
    left.write_bytes(b"half")
    written = left.stat().st_mtime
    for seconds, stays in ((60, True), (90_000, False)):
        monkeypatch.setattr(checked_files.time, "time", lambda now=written + seconds: now)
        checked_files.write_checked(tmp_path / "x", b"whole")
        assert left.exists() == stays
        assert checked_files.read_checked(tmp_path / "x") == b"whole"


def test_where_a_text_lies_and_how_much_of_it_is_scored_is_not_cut_anew(tmp_path, cache, monkeypatch):
    """Only what differs is made: another limit, another tokenisation."""
    (tmp_path / "moved").mkdir()
    for folder in (tmp_path, tmp_path / "moved"):
        write(folder, RAW)
    load(files(tmp_path))
    made = set((cache / "texts").rglob("*"))
    load(files(tmp_path / "moved"))
    assert set((cache / "texts").rglob("*")) == made
    load(files(tmp_path, test_tokens=9))
    assert {path.name for path in set((cache / "texts").rglob("*")) - made} == {
        "test-9.tokens",
        "test-9.json",
        "test-9.text",
        "test-9-unknown.clusters",
    }
    load(files(tmp_path, level="char"))
    assert len(list((cache / "texts").iterdir())) == 2


@pytest.mark.parametrize(("types", "kind"), [(2, "u1"), (256, "u1"), (257, "<u2"), (65_536, "<u2"), (65_537, "<i4")])
def test_numbers_are_as_narrow_as_they_can_be(types, kind):
    assert narrowest(types) == np.dtype(kind)
    assert narrowest(types).type(types - 1) == types - 1


@pytest.mark.parametrize("batches", ["windows", "columns"])
def test_a_mapped_text_trains_as_one_on_the_device(tmp_path, batches):
    write(tmp_path, RAW)
    config = files(tmp_path, length=8, batches=batches)
    split = load_dataset(config).train
    host, device, key = host_arrays(split), device_arrays(split), jax.random.key(0)
    assert host.tokens.dtype == np.uint8
    assert isinstance(host.tokens, np.memmap)
    for step in (0, 1, 7):
        here = host_batch(config, 4, host, key, step)
        there = train_batch(config, 4, device, key, jnp.int32(step))
        for mine, other in zip(jax.tree.leaves(here), jax.tree.leaves(there), strict=True):
            assert mine.dtype == other.dtype
            np.testing.assert_array_equal(mine, other)


def test_a_text_is_measured_in_numbers_of_32_bits(tmp_path):
    write(tmp_path, RAW)
    split = load_dataset(files(tmp_path)).train
    assert belongs_on_host(split, above=4 * len(split) - 1)
    assert not belongs_on_host(split, above=4 * len(split))


def test_a_header_says_what_its_file_has(tmp_path, cache):
    write(tmp_path, RAW)
    load(files(tmp_path))
    (path,) = (cache / "texts").rglob("train-all.json")
    header = json.loads(path.read_bytes().partition(b"\n")[2])
    assert header["facts"] == {"tokens": 400, "lines": 150, "unknown": 0, "characters": 550, "bytes": 550, "identity": None}
    assert header["file"][0] == path.with_suffix(".tokens").stat().st_size == 401
    assert header["type"] == "|u1"


def test_documents_end_where_the_data_say(tmp_path):
    write(tmp_path, RAW | {"test": b"a\nb\n\nc\n\n\nd\n"})
    clusters = {word: load(files(tmp_path, documents=word)).clusters for word in ("unknown", "blank_line", "line")}
    assert clusters["unknown"] is None  # fewer than twenty parts
    assert clusters["line"] is None
    assert clusters["blank_line"].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert text_dataset.text_clusters(files(tmp_path), None, "a\n\n" * 20).tolist() == [i // 2 for i in range(40)]


def test_documents_that_are_not_named_are_no_part_of_an_id(tmp_path):
    assert "documents" not in files(tmp_path).model_dump(exclude_defaults=True)
    write(tmp_path, RAW)
    assert dataset_digest(files(tmp_path, documents="line")) == dataset_digest(files(tmp_path))
