"""A tokenizer is learned once for a text and its settings, and read again whole or not at all."""

import pytest

from research.config.corpora import Files
from research.config.levels import LEVEL_FACTS, levels_where
from research.config.vocabulary import VocabularyConfig
from research.data import tokenizer_cache
from research.data.loading import dataset_digest, load_dataset
from research.data.text_dataset import load_vocabulary
from research.text.tokenizers.registry import TOKENIZERS

KINDS = levels_where(lambda facts: facts.learned)
TEXTS = {"train": "the lowest newest\nlower, the newer\n\n" * 30, "valid": "the n\u00e9west\nlow\n", "test": "lower\n"}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tokenizers"


def files(folder, level, **words):
    for split, text in TEXTS.items():
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    paths = {split: str(folder / f"{split}.txt") for split in TEXTS}
    return Files(kind="files", **paths, level=level, vocabulary=VocabularyConfig(size=280 if level in KINDS else "all"), **words)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_call_reads_what_the_first_wrote(kind, cache, monkeypatch):
    learned = tokenizer_cache.fitted_tokenizer(TEXTS["train"], kind, 280)
    (path,) = cache.iterdir()
    monkeypatch.setattr(tokenizer_cache, "train_tokenizer", lambda *_: pytest.fail("learned again"))
    assert tokenizer_cache.fitted_tokenizer(TEXTS["train"], kind, 280) == learned
    monkeypatch.undo()
    monkeypatch.setenv("STEPLADDER_CACHE", str(cache.parent))
    path.write_bytes(path.read_bytes()[:-5])
    assert tokenizer_cache.fitted_tokenizer(TEXTS["train"], kind, 280) == learned  # half a file is no tokenizer


def test_another_text_size_kind_or_version_is_another_file(cache, monkeypatch):
    asked = [("ab ab", "bpe", 9), ("ab ac", "bpe", 9), ("ab ab", "bpe", 8), ("ab ab", "wordpiece", 9)]
    for count, (text, kind, size) in enumerate(asked, 1):
        tokenizer_cache.fitted_tokenizer(text, kind, size)
        assert len(list(cache.iterdir())) == count
    monkeypatch.setattr(tokenizer_cache, "version", lambda name: "0")
    tokenizer_cache.fitted_tokenizer("ab ab", "bpe", 9)
    assert len(list(cache.iterdir())) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_corpus_is_its_pieces_with_line_ends_and_its_characters(tmp_path, kind):
    data = load_dataset(files(tmp_path, kind))
    assert data.vocabulary.decode(data.train.tokens) == TEXTS["train"]
    assert data.vocabulary.decode(data.valid.tokens) == TEXTS["valid"].replace(
        "\u00e9", "\u00e9" if data.vocabulary.unk is None else "<unk>"
    )
    assert data.train.sentence[-1] == TEXTS["train"].count("\n") - 1
    assert len(data.train.tokens) < 2 / 3 * len(TEXTS["train"])
    assert [int(split.characters) for split in (data.train, data.valid, data.test)] == [len(text) for text in TEXTS.values()]
    assert load_vocabulary(files(tmp_path, kind)) == data.vocabulary


def test_pieces_are_learned_from_training_alone_and_from_all_of_it(tmp_path):
    whole = load_dataset(files(tmp_path, "bpe")).vocabulary
    assert load_dataset(files(tmp_path, "bpe", train_tokens=20)).vocabulary == whole
    assert "\u00e9" not in whole.types


def test_characters_of_words_are_those_of_the_text(tmp_path):
    for level in levels_where(lambda facts: not facts.learned):
        config = files(tmp_path, level).model_copy(update={"vocabulary": VocabularyConfig()})
        assert int(load_dataset(config).valid.characters) == len(TEXTS["valid"])
    cut = load_dataset(files(tmp_path, "word", valid_tokens=3))
    assert int(cut.valid.characters) == len("the n\u00e9west\n")


def test_the_librarys_version_is_part_of_the_datas_identity(tmp_path, monkeypatch):
    before = {level: dataset_digest(files(tmp_path, level)) for level in LEVEL_FACTS}
    monkeypatch.setattr(tokenizer_cache, "version", lambda name: "0")
    changed = {level for level, was in before.items() if dataset_digest(files(tmp_path, level)) != was}
    assert changed == {level for level, entry in TOKENIZERS.items() if entry.libraries}
