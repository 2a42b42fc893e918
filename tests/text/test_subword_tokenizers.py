"""Pieces against the libraries' own, and against their definitions. What every level has in common is in test_tokenizer_laws."""

from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from research.config.errors import StepladderError
from research.text.tokenizers.pretokenize import pretokenize
from research.text.tokenizers.random_numbers import seeded_generator
from research.text.tokenizers.tokenizer import (
    join_pieces,
    merges,
    n_best_segmentations,
    sample_pieces,
    segment,
    segment_with_dropout,
    train_tokenizer,
)

SIZE = 400


def made_up_lines():
    """Words of syllables, the first ones often, with marks, and a line of what a library may take for its own."""
    rng = np.random.default_rng(0)
    syllables = ["lo", "wer", "ing", "new", "est", "un", "wid", "e", "s", "th", "ou", "ght", "na\u00efve", "\u0916\u093f"]
    forms = ["".join(rng.choice(syllables, rng.integers(1, 5))) for _ in range(200)]
    marks = [" ", " ", " ", ", ", "; ", ". No. 7 ", "-", "  ", " #"]
    line = lambda: "".join(forms[int(rng.zipf(1.4)) % 200] + str(rng.choice(marks)) for _ in range(12))
    return [*(line() for _ in range(200)), "\t \u2581 \u2585!\r\0", "", "## <unk> </s>"]


LINES = made_up_lines()
known = st.text(sorted({*"".join(LINES), "\n"} - {*"\t\r\0"}))


@cache
def tokenizer(kind):
    return train_tokenizer(LINES, kind, SIZE)


@given(st.text())
def test_words_are_the_text(text):
    assert "".join(pretokenize(text)) == text


def learn_by_definition(lines, count):
    """Sennrich et al. 2016: merge the commonest pair, again and again. Pairs that tie are told apart nowhere: their counts are given."""
    spelled = Counter(tuple(word) for line in lines for word in pretokenize(line))
    for _ in range(count):
        pairs = Counter()
        for word, times in spelled.items():
            for pair in pairwise(word):
                pairs[pair] += times
        chosen = yield pairs
        spelled = Counter(dict(_merged(word, chosen, times) for word, times in spelled.items()))


def _merged(word, pair, times):
    made, place = [], 0
    while place < len(word):
        both = word[place : place + 2] == pair
        made.append("".join(pair) if both else word[place])
        place += 1 + both
    return tuple(made), times


def test_every_merge_is_of_the_commonest_pair():
    learned = merges(tokenizer("bpe"))
    counts = learn_by_definition(LINES, len(learned))
    pairs = next(counts)
    for merge in learned[:-1]:
        assert pairs[merge] == max(pairs.values())
        pairs = counts.send(merge)
    assert len(learned) > 100


@given(known)
def test_wordpiece_takes_the_longest_piece_that_fits(text):
    pieces = set(tokenizer("wordpiece").pieces)
    expected = []
    for word in pretokenize(text):
        rest = word
        while rest and word != "\n":
            inside = "##" if len(rest) < len(word) else ""
            longest = next(inside + rest[:n] for n in range(len(rest), 0, -1) if inside + rest[:n] in pieces)
            expected.append(longest)
            rest = rest[len(longest) - len(inside) :]
        expected += ["\n"] if word == "\n" else []
    assert segment(tokenizer("wordpiece"), text) == expected


@given(known)
def test_bytes_are_cut_as_by_the_byte_level_of_tokenizers(text):
    """The library's own byte level, given our merges in its letters."""
    letters = {number: letter for letter, number in _library_bytes().items()}
    spell = lambda piece: "".join(letters[ord(one)] for one in piece)
    vocab = {spell(piece): number for number, piece in enumerate(tokenizer("byte_bpe").pieces)}
    model = tokenizers.models.BPE(vocab, [(spell(a), spell(b)) for a, b in merges(tokenizer("byte_bpe"))])
    library = tokenizers.Tokenizer(model)
    library.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    expected = [token for word in pretokenize(text) for token in library.encode(word).tokens]
    assert [spell(piece) for piece in segment(tokenizer("byte_bpe"), text)] == expected


def _library_bytes():
    """From the letter by which `tokenizers` writes a byte to the byte: printable ones are themselves, the others follow from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [number for number in range(256) if number not in printable]
    return {chr(number): number for number in printable} | {chr(256 + place): number for place, number in enumerate(others)}


@given(st.one_of(st.text(max_size=30), known))
def test_the_likeliest_segmentation_is_sentencepieces_own(text):
    ours = n_best_segmentations(tokenizer("unigram"), text, 2)
    theirs = segment(tokenizer("unigram"), text)
    assert "".join(ours[0][0]) == text
    if len(ours) < 2 or ours[0][1] - ours[1][1] > 1e-4:  # no tie in SentencePiece's single precision
        assert ours[0][0] == theirs
    else:
        assert any(pieces == theirs for pieces, log_p in n_best_segmentations(tokenizer("unigram"), text, 50) if log_p > ours[0][1] - 1e-3)


@given(st.one_of(known, st.sampled_from(LINES)).map(lambda text: "".join(one for one in text if one not in "\n\u2581\u2585\t\r\0")))
def test_words_are_no_limit_to_sentencepiece_itself(text):
    """The library on the whole line finds what it finds word by word: no piece that it learned crosses a border."""
    whole = tokenizer("unigram").state.library.encode(text, out_type=str)
    likeliest = n_best_segmentations(tokenizer("unigram"), text, 2)
    if len(likeliest) < 2 or likeliest[0][1] - likeliest[1][1] > 1e-4:
        assert [piece.replace("\u2581", " ") for piece in whole] == segment(tokenizer("unigram"), text)


def test_probabilities_of_all_segmentations_add_up_to_one():
    found = n_best_segmentations(tokenizer("unigram"), " unlowering", 10_000)
    assert len(found) > 10
    assert np.exp([log_p for _, log_p in found]).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("alpha", "limit"), [(0.2, "all"), (0.1, "all"), (0.2, 8), (0.0, 5)])
def test_samples_follow_the_n_best_list(alpha, limit):
    text = " unlowering"
    listed = n_best_segmentations(tokenizer("unigram"), text, 10_000 if limit == "all" else limit)
    weights = np.exp(alpha * np.array([log_p for _, log_p in listed]))
    expected = 10_000 * weights / weights.sum()
    rng = seeded_generator(0, 0)
    drawn = Counter(tuple(sample_pieces(tokenizer("unigram"), text, rng, alpha, limit)) for _ in range(10_000))
    counts = np.array([drawn[tuple(pieces)] for pieces, _ in listed])
    assert counts.sum() == 10_000
    often = np.arange(len(expected)) < np.count_nonzero(expected >= 5) - 1
    pooled = [[*numbers[often], numbers[~often].sum()] for numbers in (counts, expected)]
    assert len(pooled[0]) >= 4
    assert chisquare(*pooled).pvalue > 1e-4  # of right samplers one in 10,000 fails


@pytest.mark.parametrize("kind", ["bpe", "byte_bpe"])
@given(text=st.one_of(st.text(), known), step=st.integers(0, 9))
def test_dropping_no_merge_is_the_library_and_all_leaves_characters(kind, text, step):
    one = tokenizer(kind)
    assert segment_with_dropout(one, text, seeded_generator(0, step), 0.0) == segment(one, text)
    characters = text.encode().decode("latin-1") if kind == "byte_bpe" else text
    assert segment_with_dropout(one, text, seeded_generator(0, step), 1.0) == list(characters)
    assert join_pieces(one, segment_with_dropout(one, text, seeded_generator(0, step), 0.5)) == text


def test_one_merge_is_skipped_at_the_rate():
    one = tokenizer("bpe")
    word = "".join(merges(one)[0])
    kept = sum(segment_with_dropout(one, word, seeded_generator(0, step), 0.3) == [word] for step in range(2000))
    assert kept / 2000 == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / 2000))


def test_a_step_draws_the_same_again_and_another_step_draws_anew():
    text = LINES[0]
    draws = [
        lambda rng: sample_pieces(tokenizer("unigram"), text, rng, 0.1),
        lambda rng: segment_with_dropout(tokenizer("bpe"), text, rng, 0.5),
    ]
    for drawn in draws:
        assert drawn(seeded_generator(3, 7)) == drawn(seeded_generator(3, 7))
        assert len({tuple(drawn(seeded_generator(seed, step))) for seed in range(3) for step in range(3)}) == 9


@pytest.mark.parametrize(
    ("kind", "least"), [("bpe", "room for <unk>"), ("byte_bpe", "256 bytes"), ("unigram", "room"), ("wordpiece", "inside")]
)
def test_too_few_for_the_characters_is_an_error_that_says_what_has_no_room(kind, least):
    characters = len(set("".join(LINES)))
    number = {"byte_bpe": 256, "wordpiece": 2 + characters + characters - 1}.get(kind, 2 + characters)  # no space is inside a word
    with pytest.raises(StepladderError, match=rf"data\.vocabulary\.size = 9 .*{least}.*ask for {number} or more"):
        train_tokenizer(LINES, kind, 9)


def test_broken_bytes_of_a_generated_text_are_marked():
    assert join_pieces(tokenizer("byte_bpe"), ["\xc3"]) == "\ufffd"
    assert segment(tokenizer("byte_bpe"), "\u732b") == ["\xe7", "\x8c", "\xab"]
