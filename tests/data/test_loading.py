"""The user's own files, their limits and their errors; the identity of data; corpora on disk, where a folder of them is named."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from research.config.corpora import PTB, Files, Pydoc, Shakespeare, TinyShakespeare, WikiText2
from research.config.errors import StepladderError
from research.config.generated import AssociativeRecall
from research.config.vocabulary import VocabularyConfig
from research.data.loading import dataset_digest, load_dataset
from research.data.source_entries import SOURCES

TEXTS = {"train": "a b a\n\nb c\n", "valid": "a x\n", "test": "c c d\n"}


def write(folder, **changed):
    for split, text in (TEXTS | changed).items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / f"{split}.txt").write_bytes(content)
    return {split: str(folder / f"{split}.txt") for split in TEXTS}


def files(folder, **changed):
    config = {key: value for key, value in changed.items() if key not in TEXTS}
    return Files(kind="files", **write(folder, **{key: value for key, value in changed.items() if key in TEXTS}), **config)


def test_a_text_is_its_tokens_with_line_ends_and_line_numbers(tmp_path):
    data = load_dataset(files(tmp_path))
    assert [data.vocabulary.types[i] for i in data.train.tokens] == ["a", "b", "a", "</s>", "</s>", "b", "c", "</s>"]
    assert data.train.sentence.tolist() == [0, 0, 0, 0, 1, 2, 2, 2]
    assert [data.vocabulary.types[i] for i in data.valid.tokens] == ["a", "<unk>", "</s>"]
    assert data.description["tokens"] == {"train": 8, "valid": 3, "test": 4}
    assert data.description["unknown"] == {"train": 0.0, "valid": 1 / 3, "test": 1 / 4}
    assert data.eos == data.vocabulary.lookup["</s>"]


@pytest.mark.parametrize("level", ["char", "byte"])
def test_characters_and_bytes_give_the_file_back(tmp_path, level):
    text = "naïve\tword \u2028 one\n\nlast\n"
    data = load_dataset(files(tmp_path, train=text, level=level))
    assert data.vocabulary.decode(data.train.tokens) == text
    assert data.train.sentence[-1] == 2  # \u2028 ends no line


@pytest.mark.parametrize("text", ["a b\r\nc\r\n", b"\xef\xbb\xbfa b\nc\n", "a b\nc"])
def test_windows_line_ends_a_byte_order_mark_and_a_missing_last_newline_do_not_matter(tmp_path, text):
    data = load_dataset(files(tmp_path, train=text, level="char"))
    assert data.vocabulary.decode(data.train.tokens) == "a b\nc\n"


@pytest.mark.parametrize(("limit", "tokens"), [(4, 4), (5, 5), (7, 5)])
def test_a_limit_cuts_at_a_lines_end(tmp_path, limit, tokens):
    data = load_dataset(files(tmp_path, train_tokens=limit))
    assert len(data.train.tokens) == tokens
    assert data.train.tokens[-1] == data.eos


@pytest.mark.parametrize("limit", [8, 100])
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_limit_that_leaves_nothing_out_is_an_error_since_it_would_be_a_second_name_of_one_run(tmp_path, split, limit):
    whole = files(tmp_path)
    n = len(getattr(load_dataset(whole), split).tokens)
    with pytest.raises(StepladderError, match=rf"data.{split}_tokens = {n + limit} leaves nothing out: there are {n} tokens"):
        load_dataset(whole.model_copy(update={f"{split}_tokens": n + limit}))
    with pytest.raises(StepladderError, match=r"leaves nothing out"):
        load_dataset(whole.model_copy(update={f"{split}_tokens": n}))


def test_the_vocabulary_is_that_of_the_whole_training_text_whatever_part_is_trained_on(tmp_path):
    whole, part = load_dataset(files(tmp_path)), load_dataset(files(tmp_path, train_tokens=5))
    assert part.vocabulary == whole.vocabulary
    assert len(part.train.tokens) < len(whole.train.tokens)
    cut = load_dataset(files(tmp_path, vocabulary=VocabularyConfig(min_count=2)))
    assert set(cut.vocabulary.types) == {"a", "b", "</s>", "<unk>"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"valid": ""}, r"data.valid = .*is empty"),
        ({"valid": " \n\n"}, r"data.valid = .*is empty"),
        ({"test": b"a\nb \xe9t\xe9\n"}, r"data.test = .*not UTF-8: line 2 has the byte 0xe9.*iconv"),
        ({"train": "a\nb </s>\n"}, r"Line 2 of the train text already has the word </s>"),
        ({"train_tokens": 3}, r"data.train_tokens = 3 is shorter than the first line, of 4 tokens"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, changed, message):
    with pytest.raises(StepladderError, match=message):
        load_dataset(files(tmp_path, **changed))


def test_a_missing_split_says_which(tmp_path):
    config = files(tmp_path)
    Path(config.valid).unlink()
    with pytest.raises(StepladderError, match=r"data.valid = .* does not exist"):
        load_dataset(config)
    with pytest.raises(StepladderError, match="is a folder without classes"):
        load_dataset(config.model_copy(update={"valid": str(tmp_path)}))


def test_relative_paths_are_also_sought_in_the_data_folder(tmp_path):
    write(tmp_path)
    config = Files(kind="files", train="train.txt", valid="valid.txt", test="test.txt")
    assert load_dataset(config, tmp_path).description["tokens"]["train"] == 8


def test_a_changed_file_is_other_data_and_is_read_again(tmp_path):
    before = load_dataset(files(tmp_path))
    assert load_dataset(files(tmp_path)) is before
    after = load_dataset(files(tmp_path, test="c d\n"))
    assert after.digest != before.digest
    assert len(after.test.tokens) == 3


def test_the_digest_does_not_depend_on_where_files_are(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    assert dataset_digest(files(tmp_path)) == dataset_digest(files(tmp_path / "elsewhere"))


def test_cutting_for_training_is_no_part_of_the_data(tmp_path):
    assert load_dataset(files(tmp_path, length=3)) is load_dataset(files(tmp_path, length=5, batches="columns"))


def test_pinned_and_generated_data_have_a_digest_without_their_files(monkeypatch, tmp_path):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path))
    configs = [
        PTB(kind="ptb"),
        WikiText2(kind="wikitext2"),
        Shakespeare(),
        AssociativeRecall(kind="recall"),
        AssociativeRecall(kind="recall", keys=33),
    ]
    assert len({dataset_digest(config) for config in configs}) == len(configs)


def test_arrays_are_read_only(tmp_path):
    with pytest.raises(ValueError, match="read-only"):
        load_dataset(files(tmp_path)).train.tokens[0] = 1


def test_pydoc_needs_no_download():
    data = load_dataset(Pydoc(kind="pydoc"))
    assert data.description["tokens"]["train"] > 30_000
    assert data.description["tokens"]["test"] > 3_000


@pytest.fixture
def corpora():
    folder = os.environ.get("STEPLADDER_TEST_DATA")
    if not folder:
        pytest.skip("STEPLADDER_TEST_DATA names no folder of corpora")
    return Path(folder)


def test_wikitext2_has_its_published_counts(corpora):
    if not (corpora / "wikitext2").is_dir():
        pytest.skip("no wikitext2 there")
    data = load_dataset(WikiText2(kind="wikitext2"), corpora)
    assert tuple(data.description["tokens"].values()) == SOURCES["wikitext2"].tokens
    assert data.vocabulary.size == 33_278
    assert load_dataset(WikiText2(kind="wikitext2", blank_lines=False), corpora).description["tokens"]["test"] == 244_102


def test_tinyshakespeare_is_cut_in_order_at_line_ends(corpora):
    if not (corpora / "tinyshakespeare").is_dir():
        pytest.skip("no tinyshakespeare there")
    data = load_dataset(TinyShakespeare(kind="tinyshakespeare"), corpora)
    text = (corpora / "tinyshakespeare" / "input.txt").read_text()
    splits = [data.vocabulary.decode(split.tokens) for split in (data.train, data.valid, data.test)]
    assert "".join(splits) == text
    np.testing.assert_allclose([len(split) / len(text) for split in splits], [0.9, 0.05, 0.05], atol=2e-4)
    assert data.vocabulary.size == len(Counter(text)) + 1  # 65 characters and <unk>
