"""The reader of the rated sentences: on a small archive made here, and, where STEPLADDER_TEST_DATA holds the real one, its counts."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from research.config.errors import StepladderError
from research.data import dataset_sources, vader


def packed(files):
    """A .tar.gz of these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def archive(tweets):
    return packed(
        {
            vader.LEXICON: b"sunny\t2.5\t0.5\t[2, 3]\r\ngloomy\t-2.0\t0\t[-2, -2]",
            vader.EMOJI: "\u2600\tsunny day\r\n".encode(),
            vader.RATED: packed({vader.PARTS["tweets"]: tweets}),
        }
    )


def test_a_sentence_has_an_id_a_rating_and_a_text():
    found = vader.read_rated(
        archive("1_1\t2.25\tWhat a caf\u00e9!\r\n2\t-0.5\t a tab\there \u2028 and there\r\n\r\n3\t0\tend".encode()), "tweets"
    )
    assert found == [("1_1", 2.25, "What a caf\u00e9!"), ("2", -0.5, "a tab\there \u2028 and there"), ("3", 0.0, "end")]


def test_lexicon_and_emoji_are_texts_with_newlines():
    assert vader.read_lexicon_text(archive(b"")) == "sunny\t2.5\t0.5\t[2, 3]\ngloomy\t-2.0\t0\t[-2, -2]"
    assert vader.read_emoji_text(archive(b"")) == "\u2600\tsunny day\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"2\t1.0", "tweets_GroundTruth.txt, line 2 has 2 fields"),
        (b"2\tgood\tday", "line 2 has the rating 'good'"),
        (b"2\tnan\tday", "line 2 has the rating 'nan'"),
    ],
)
def test_a_malformed_line_is_named(line, complaint):
    with pytest.raises(StepladderError, match=complaint):
        vader.read_rated(archive(b"1\t1.0\tday\n" + line), "tweets")


def test_another_archive_is_refused():
    with pytest.raises(StepladderError, match=r"no .*nytEditorialSnippets.*fetch vader"):
        vader.read_rated(archive(b""), "nyt")
    with pytest.raises(StepladderError, match=r"no .*vader_lexicon.*fetch vader"):
        vader.read_lexicon_text(b"no archive")


@pytest.mark.parametrize(
    ("part", "sentences", "characters", "mean", "exactly_zero"),
    [
        ("movie", 10_605, 1_184_906, 0.0048, 37),
        ("tweets", 4_200, 334_635, 0.5054, 4),
        ("amazon", 3_708, 325_316, 0.3823, 98),
        ("nyt", 5_190, 540_982, -0.1412, 244),
    ],
)
def test_the_real_archive_has_these_counts(part, sentences, characters, mean, exactly_zero):
    folder = Path(os.environ.get("STEPLADDER_TEST_DATA", "absent"))
    if not any((folder / place / vader.SDIST).is_file() for place in ("vader", ".")):
        pytest.skip(f"STEPLADDER_TEST_DATA names no folder with vader/{vader.SDIST}")
    ids, ratings, texts = zip(*vader.read_rated(dataset_sources.read_data_source("vader", folder)[vader.SDIST], part), strict=True)
    assert len(set(ids)) == len(ids) == sentences
    assert all(texts)
    assert sum(map(len, texts)) == characters
    assert np.mean(ratings) == pytest.approx(mean, abs=5e-5)
    assert ratings.count(0.0) == exactly_zero
