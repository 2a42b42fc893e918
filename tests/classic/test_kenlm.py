"""KenLM's own figures on WikiText-2. Runs where STEPLADDER_TEST_DATA names a folder that holds wikitext2/."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from research.classic import ngram
from research.config.model import NGram

EOS = 0
KENLM = {2: 269.857, 3: 230.886, 4: 226.050, 5: 224.812}  # lmplz without pruning, perplexity with </s>


def sentences(path):
    """Lines of words without the blank ones. The file's <unk> is a word like any other: KenLM's is an additional, unseen one."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    return [line.split() for line in text.split("\n") if line.strip()]


def encode(lines, ids):
    """Ids of the words and of each line's end; a new word gets the next one."""
    return np.array([ids.setdefault(word, len(ids)) for line in lines for word in [*line, "</s>"]], np.int32)


@pytest.fixture(scope="module")
def wikitext2():
    """Train, test, vocabulary size."""
    folder = Path(os.environ.get("STEPLADDER_TEST_DATA", "absent")) / "wikitext2"
    if not folder.is_dir():
        pytest.skip("STEPLADDER_TEST_DATA names no folder with wikitext2/")
    ids = {"</s>": EOS}
    train, test = (encode(sentences(folder / name), ids) for name in ("wiki.train.tokens.gz", "wiki.test.tokens"))
    return train, test, len(ids) + 1


@pytest.mark.slow
@pytest.mark.parametrize("order", KENLM)
def test_perplexity_is_kenlms(wikitext2, order):
    train, test, vocabulary_size = wikitext2
    log_p = ngram.log_probabilities(ngram.fit_ngram(NGram(kind="ngram", order=order), train, vocabulary_size, EOS), test)
    assert len(log_p) == 244_102
    assert np.exp(-log_p.mean()) == pytest.approx(KENLM[order], rel=1e-5)
