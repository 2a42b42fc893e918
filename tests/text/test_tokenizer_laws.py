"""What holds at every level that is registered, and at two more that are registered here: no level is named but these two."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property, partial
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from research.config.corpora import Files
from research.config.errors import StepladderError
from research.config.fields import member_classes
from research.config.levels import LEVEL_FACTS, LevelFacts, level_facts
from research.config.subwords import Regularisation
from research.config.vocabulary import VocabularyConfig
from research.data.subword_regularisation import resegment
from research.data.text_blocks import text_blocks
from research.data.text_cache import cached_split
from research.data.text_numbers import numbered_blocks
from research.data.tokenizer_cache import fitted_tokenizer, library_version
from research.data.training_vocabulary import training_vocabulary
from research.text.tokenizers.learned_pieces import cut_words, strange_characters
from research.text.tokenizers.random_numbers import seeded_generator
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer import (
    join_pieces,
    merges,
    n_best_segmentations,
    sample_pieces,
    segment,
    segment_with_dropout,
    train_tokenizer,
    unknown_characters,
)
from research.text.tokenizers.tokenizer_kind import (
    Learning,
    Room,
    TokenizerKind,
    as_it_stands,
    count_symbols,
    learns_nothing_to_read,
    look_up_symbols,
)
from research.text.vocabulary import build_vocabulary, subword_vocabulary
from research.text.vocabulary_serialisation import vocabulary_from_plain, vocabulary_to_plain

SIZE = 400


def made_up_text():
    """Lines of words of syllables, with marks and spaces, a blank line, and what a library or a vocabulary may take for its own."""
    rng = np.random.default_rng(0)
    syllables = ["lo", "wer", "ing", "new", "est", "un", "wid", "e", "na\u00efve", "\u0916\u093f", "\u0e01\u0e33", "\u732b"]
    words = ["".join(rng.choice(syllables, rng.integers(1, 4))) for _ in range(100)]
    line = lambda: "".join(words[int(rng.zipf(1.4)) % 100] + str(rng.choice([" ", " ", ", ", "  ", " #", "-7 "])) for _ in range(12))
    return "".join(line() + "\n" for _ in range(60)) + "\t \u2581 \u2585!\0\n\n## <unk> ##\n"


TEXT = made_up_text()
LINES = TEXT.split("\n")[:-1]
PAIR = re.compile(r"\n| [^\n ]?|[^\n ]{1,2}")  # no symbol reaches over the space before a word
PAIRS = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=(),
    revision=0,
    read=learns_nothing_to_read,
    cut=lambda _, text: PAIR.findall(text),
    join=lambda _, pairs: "".join(pairs),
    own_types=None,
    count_types=count_symbols(PAIR.findall),
    learning=None,
    merging=None,
    ranking=None,
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=as_it_stands,
)


@dataclass(frozen=True, eq=False)
class CommonWords:
    """Words that are pieces whole, and the characters of the others."""

    serialised: bytes

    @cached_property
    def pieces(self):
        return tuple(json.loads(self.serialised))

    @cached_property
    def alphabet(self):
        return frozenset(piece for piece in self.pieces if len(piece) == 1)

    def segment_run(self, run):
        return [run] if run in self.pieces else list(run)


def learn_common_words(words_by_line, alphabet, size):
    counts = Counter(word for line in words_by_line for word in line if len(word) > 1)
    commonest = sorted(counts, key=lambda word: (-counts[word], word))
    return json.dumps([*alphabet, *commonest[: size - 2 - len(alphabet)]]).encode()


COMMON_WORDS = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=(),
    revision=1,
    read=CommonWords,
    cut=cut_words,
    join=lambda _, pieces: "".join(pieces),
    own_types=None,
    count_types=None,
    learning=Learning(
        train=learn_common_words,
        room=lambda alphabet: Room(2 + len(alphabet), "<unk>, the line's end and the characters", ""),
        pieces=lambda learned: learned.pieces,
        unknown_characters=strange_characters,
    ),
    merging=None,
    ranking=None,
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=as_it_stands,
)
OWN = {
    "character_pairs": (PAIRS, LevelFacts(learned=False, words=False, spells=True, own_types="", varied_by=())),
    "common_words": (COMMON_WORDS, LevelFacts(learned=True, words=False, spells=True, own_types="", varied_by=())),
}
ALL = {**TOKENIZERS, **{level: entry for level, (entry, _) in OWN.items()}}
LEVELS = tuple(ALL)
LEARNED = tuple(level for level in LEVELS if ALL[level].learning is not None)
VARIED = [(level, kind) for kind in member_classes(Regularisation) for level in kind.levels]
texts = st.one_of(st.text(), st.text(st.sampled_from([*set(TEXT), "\r", "\u0301", "\u00e9"])), st.sampled_from(LINES))
edge_cases = ("", "\n", "\r\n", "\uf900", " \u0301", "a\n\nb ", "## #a ##a #\n\n <unk>\r\n\u2028\0\U000f0000 \u2581x\u2585")


@pytest.fixture(scope="module", autouse=True)
def registered(tmp_path_factory):
    """The two levels of this file are registered as any other is, and what is learned is kept in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEPLADDER_CACHE", str(tmp_path_factory.mktemp("cache")))
        for level, (entry, facts) in OWN.items():
            patch.setitem(TOKENIZERS, level, entry)
            patch.setitem(LEVEL_FACTS, level, facts)
        yield


def at_every_level(test):
    return pytest.mark.parametrize("level", LEVELS)(test)


def on_any_text(test):
    test = given(text=texts)(test)
    for text in edge_cases:
        test = example(text=text)(test)
    return test


@cache
def vocabulary(level):
    """That of the training text, as a config of this level has it."""
    size = VocabularyConfig(size=SIZE if level_facts(level).learned else "all")
    config = Files(kind="files", train="train", valid="valid", test="test")
    return training_vocabulary(config.model_copy(update={"level": level, "vocabulary": size}), TEXT)


def without_the_word_for_a_line_end(level, text):
    """Data refuses a text that has this word already."""
    line_end = TOKENIZERS[level].line_end
    assume(line_end == "\n" or line_end not in text)
    return text


def test_what_config_knows_and_what_cuts_are_of_the_same_levels():
    assert list(LEVEL_FACTS) == list(TOKENIZERS)
    assert set(OWN) < set(TOKENIZERS)


@at_every_level
def test_config_and_entry_agree(level):
    entry, facts = TOKENIZERS[level], LEVEL_FACTS[level]
    assert (entry.learning is not None, entry.own_types is not None) == (facts.learned, bool(facts.own_types))
    assert [entry.own_types, entry.count_types, entry.learning].count(None) == 2
    assert (entry.merging is not None, entry.ranking is not None) == ("bpe_dropout" in facts.varied_by, "sample" in facts.varied_by)
    assert bool(library_version(level)) == (entry.revision > 0)
    assert entry.revision > 0 or not (entry.libraries or entry.learning)
    assert all(library in library_version(level) for library in entry.libraries)


@at_every_level
@on_any_text
def test_a_text_comes_back_but_for_white_space_between_words(level, text):
    entry, cutter = TOKENIZERS[level], vocabulary(level).cutter
    text = without_the_word_for_a_line_end(level, text)
    assert join_pieces(cutter, segment(cutter, text)) == entry.written(text)
    assert entry.written(text).split() == text.split()
    assert entry.written(text).count("\n") == text.count("\n")
    assert level_facts(level).words or entry.written(text) == text


@at_every_level
@given(before=texts, after=texts, border=st.sampled_from(["\n", " "]))
def test_no_symbol_reaches_over_a_line_end_or_the_space_before_a_word(level, before, after, border):
    cutter, place = vocabulary(level).cutter, len(before) + (border == "\n")
    text = before + border + after
    assert segment(cutter, text[:place]) + segment(cutter, text[place:]) == segment(cutter, text)


@at_every_level
@on_any_text
def test_a_line_end_is_one_symbol_of_its_own(level, text):
    text, cutter = without_the_word_for_a_line_end(level, text), vocabulary(level).cutter
    assert segment(cutter, text).count(TOKENIZERS[level].line_end) == text.count("\n")
    assert vocabulary(level).types[vocabulary(level).eos] == TOKENIZERS[level].line_end


@at_every_level
@on_any_text
def test_numbers_tell_what_is_unknown_and_lose_nothing_else(level, text):
    known, text = vocabulary(level), without_the_word_for_a_line_end(level, text)
    tokens = known.tokens(text)
    strange = [token not in known.types for token in tokens]
    numbers = known.encode(text)
    np.testing.assert_array_equal(
        numbers == (-1 if known.unk is None else known.unk), [s or t == "<unk>" for s, t in zip(strange, tokens, strict=True)]
    )
    assert known.decode(numbers) == known.text("<unk>" if s else token for s, token in zip(strange, tokens, strict=True))
    assert TOKENIZERS[level].has_unknown == (known.unk is not None)
    assert known.unk is not None or not any(strange)


@at_every_level
def test_training_has_nothing_unknown(level):
    known = vocabulary(level)
    assert known.decode(known.encode(TEXT)) == TOKENIZERS[level].written(TEXT)
    assert (known.encode(TEXT) == (-1 if known.unk is None else known.unk)).sum() == known.tokens(TEXT).count("<unk>")


@at_every_level
@settings(max_examples=30)
@given(text=texts.map(lambda text: normalize("NFC", text) + "\n"), size=st.integers(1, 30))
def test_blocks_have_the_numbers_and_the_text_of_the_whole(level, text, size):
    known, text = vocabulary(level), without_the_word_for_a_line_end(level, text)
    blocks = list(numbered_blocks(known, text_blocks(text, size), "train_tokens"))
    np.testing.assert_array_equal(np.concatenate([block.numbers for block in blocks]), known.encode(text))
    assert "".join(block.text for block in blocks) == TOKENIZERS[level].written(text)


@at_every_level
def test_what_is_read_from_the_cache_is_the_plain_cut(level, tmp_path):
    known = vocabulary(level)
    blocks = lambda: numbered_blocks(known, text_blocks(TEXT, 100), "train_tokens")
    written = cached_split(tmp_path / "split", known, blocks, True, True)
    read = cached_split(tmp_path / "split", known, lambda: pytest.fail("cut again"), True, True)
    for cached in (written, read):
        np.testing.assert_array_equal(cached.split.tokens, known.encode(TEXT))
        assert cached.text == TOKENIZERS[level].written(TEXT)
        assert (cached.facts.tokens, cached.facts.lines) == (len(known.encode(TEXT)), len(LINES))
        assert cached.facts == written.facts


@at_every_level
def test_a_vocabulary_is_kept_as_plain_values(level):
    plain = json.loads(json.dumps(vocabulary_to_plain(vocabulary(level))))
    again = vocabulary_from_plain(plain)
    assert again == vocabulary(level)
    np.testing.assert_array_equal(again.encode(TEXT), vocabulary(level).encode(TEXT))


@at_every_level
@given(size=st.integers(1, SIZE))
def test_a_vocabulary_has_at_most_its_size_or_is_refused(level, size):
    if TOKENIZERS[level].count_types is None:
        assert level_facts(level).learned or vocabulary(level).size == len(TOKENIZERS[level].own_types)
        return
    tokens = vocabulary(level).tokens(TEXT)
    if size < 3:
        with pytest.raises(StepladderError, match=rf"data\.vocabulary\.size = {size} .*3 or more"):
            build_vocabulary(tokens, level, size)
    else:
        assert build_vocabulary(tokens, level, size).size == min(size, len({*tokens, "<unk>"}))


@pytest.mark.parametrize("level", LEARNED)
def test_what_is_learned_has_at_most_its_size_and_no_type_twice(level):
    for size in (SIZE, 300):
        learned = subword_vocabulary(train_tokenizer(LINES, level, size))
        assert learned.size == len(set(learned.types)) <= size
        assert sum(len(piece) > 1 for piece in learned.types) > 20


@pytest.mark.parametrize("level", LEARNED)
def test_too_few_for_the_characters_is_an_error_that_says_how_many(level):
    with pytest.raises(StepladderError, match=r"data\.vocabulary\.size = 2 has no room for .*ask for (\d+)") as error:
        train_tokenizer(LINES, level, 2)
    least = int(str(error.value).split("ask for ")[1].split()[0])
    assert len(subword_vocabulary(train_tokenizer(LINES, level, least)).types) <= least
    with pytest.raises(StepladderError, match="has no room"):
        train_tokenizer(LINES, level, least - 1)


@pytest.mark.parametrize("level", LEARNED)
def test_a_text_without_words_is_an_error(level):
    with pytest.raises(StepladderError, match="no word"):
        train_tokenizer(["", ""], level, SIZE)


@pytest.mark.parametrize("level", LEARNED)
@on_any_text
def test_unknown_characters_are_those_that_no_piece_has(level, text):
    tokenizer = vocabulary(level).tokenizer
    strange = unknown_characters(tokenizer, text)
    tokens = segment(tokenizer, text)
    assert not unknown_characters(tokenizer, TEXT)
    assert set(strange) == {token for token in tokens if token not in vocabulary(level).types}
    assert list(strange) == list(dict.fromkeys(character for character in text if character in strange))


@pytest.mark.parametrize("level", LEARNED)
def test_the_same_text_gives_the_same_bytes_from_the_cache_too(level):
    learned = train_tokenizer(LINES, level, SIZE)
    assert train_tokenizer(ReadAnew(LINES), level, SIZE) == learned
    assert fitted_tokenizer("\n".join(LINES), level, SIZE) == fitted_tokenizer("\n".join(LINES), level, SIZE) == learned
    assert train_tokenizer([line.upper() for line in LINES], level, SIZE) != learned


@dataclass(frozen=True)
class ReadAnew:
    """Lines that are made anew whenever they are read."""

    lines: list[str]

    def __iter__(self):
        return (line for line in self.lines)


IN_A_PROCESS = """
import hashlib, sys
from research.text.tokenizers.tokenizer import train_tokenizer
lines = sys.stdin.read().split("\\n")
for level in sys.argv[2:]:
    print(hashlib.sha256(train_tokenizer(lines, level, int(sys.argv[1])).model).hexdigest())
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_text_gives_the_same_bytes_in_another_process(seed):
    levels = [level for level in LEARNED if level not in OWN]
    here = [hashlib.sha256(train_tokenizer(LINES, level, SIZE).model).hexdigest() for level in levels]
    child = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS, str(SIZE), *levels],
        input="\n".join(LINES), capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed},
    )  # fmt: skip
    assert child.stdout.split() == here


def by_part(part):
    """The levels whose entries have a part, and the others."""
    return [level for level in LEVELS if getattr(ALL[level], part)], [level for level in LEVELS if not getattr(ALL[level], part)]


MERGED, UNMERGED = by_part("merging")
RANKED, UNRANKED = by_part("ranking")


@pytest.mark.parametrize("level", MERGED)
@given(text=texts, seed=st.integers(0, 9), rate=st.floats(0, 1))
def test_merges_lead_to_the_pieces_and_dropped_or_not_to_the_text(level, text, seed, rate):
    tokenizer = vocabulary(level).tokenizer
    assert {left + right for left, right in merges(tokenizer)} == {piece for piece in tokenizer.pieces if len(piece) > 1}
    assert segment_with_dropout(tokenizer, text, seeded_generator(seed, 0), 0.0) == segment(tokenizer, text)
    dropped = segment_with_dropout(tokenizer, text, seeded_generator(seed, 0), rate)
    assert join_pieces(tokenizer, dropped) == text
    assert dropped == segment_with_dropout(tokenizer, text, seeded_generator(seed, 0), rate)


@pytest.mark.parametrize("level", RANKED)
@settings(max_examples=30)
@given(text=st.text(st.sampled_from("lowering un"), max_size=12), seed=st.integers(0, 9), alpha=st.floats(0, 1))
def test_segmentations_are_ranked_and_each_is_the_text(level, text, seed, alpha):
    tokenizer = vocabulary(level).tokenizer
    ranked = n_best_segmentations(tokenizer, text, 20)
    log_p = [log_probability for _, log_probability in ranked]
    assert log_p == sorted(log_p, reverse=True)
    assert np.exp(log_p).sum() <= 1 + 1e-9
    assert {join_pieces(tokenizer, pieces) for pieces, _ in ranked} == {text}
    for n_best in (3, "all"):
        assert join_pieces(tokenizer, sample_pieces(tokenizer, text, seeded_generator(seed, 0), alpha, n_best)) == text


@pytest.mark.parametrize(
    ("level", "use", "others"),
    [
        *((level, merges, MERGED) for level in UNMERGED),
        *((level, partial(n_best_segmentations, text="a", k=1), RANKED) for level in UNRANKED),
        *((level, partial(segment_with_dropout, text="a", rng=seeded_generator(0, 0), rate=0.1), MERGED) for level in UNMERGED),
        *((level, partial(sample_pieces, text="a", rng=seeded_generator(0, 0), alpha=1.0), RANKED) for level in UNRANKED),
    ],
)
def test_what_a_level_has_not_is_an_error_that_names_those_that_have(level, use, others):
    with pytest.raises(StepladderError, match=f"A tokenizer of the {level} level has no .*; use data.level = {' or '.join(others)}"):
        use(vocabulary(level).cutter)


@pytest.mark.parametrize(("level", "kind"), VARIED)
def test_a_regularisation_that_a_level_names_cuts_the_same_text_in_other_pieces(level, kind):
    known = vocabulary(level)
    (word,) = [field.annotation.__args__[0] for name, field in kind.model_fields.items() if name == "kind"]
    drawn = [resegment(kind(kind=word), known, TEXT, 0, epoch).tokens for epoch in (0, 1)]
    assert [known.decode(tokens[1:]) for tokens in drawn] == [TEXT, TEXT]
    assert drawn[0].tobytes() != drawn[1].tobytes()


@at_every_level
def test_a_symbol_is_shown_as_text(level):
    shown = [TOKENIZERS[level].shown(kind) for kind in vocabulary(level).types]
    assert len(set(shown)) == len(shown)
    assert all(text == kind for text, kind in zip(shown, vocabulary(level).types, strict=True) if kind.isascii())
