"""Which test items the data declares not to be independent, counted by hand."""

import numpy as np
import pytest

from research.config.corpora import PTB, Files, WikiText2
from research.config.sentences import Acceptability
from research.data.loading import load_dataset
from research.data.sentence_dataset import SENTENCES
from research.data.text_dataset import text_clusters
from research.tasks.membership import token_membership
from research.tasks.outcomes import by_item

FILES = Files(kind="files", train="a", valid="b", test="c")


@pytest.mark.parametrize("blank", [True, False])
def test_an_article_goes_from_title_to_title(blank):
    between = "\n" if blank else ""
    text = f"{between} = One = \n{between} Some words . \n = = A part = = \n More . \n{between} = Two = \n The end = no title . \n"
    starts = [line.startswith(" = ") and not line.startswith(" = =") for line in text.split("\n")[:-1]]
    starts[0] = False  # what comes before the first title is a cluster of its own
    found = text_clusters(WikiText2(kind="wikitext2"), None, text)
    np.testing.assert_array_equal(found, np.cumsum(starts))
    assert found[-1] == 1 + blank


def test_blank_lines_part_a_text_if_they_make_twenty_parts():
    text = "a\nb\n\n" * 20
    np.testing.assert_array_equal(np.bincount(text_clusters(FILES, None, text)), np.full(20, 3))
    np.testing.assert_array_equal(np.bincount(text_clusters(FILES, None, "a\n\n\n\n" * 20)), np.full(20, 4))
    assert text_clusters(FILES, None, "a\nb\n\n" * 19) is None
    assert text_clusters(FILES, None, "a\n" * 100) is None
    assert text_clusters(PTB(kind="ptb"), None, text) is None


def test_a_sentence_and_its_twin_are_one():
    found = SENTENCES[Acceptability].clusters(Acceptability.model_construct(kind="acceptability"), None, ("a", "b") * 3)
    np.testing.assert_array_equal(found, [0, 0, 1, 1, 2, 2])


def test_scored_items_name_their_cluster(tmp_path):
    for split, text in (("train", "a b\nb a\n"), ("valid", "a\nb\n"), ("test", "a b\nb\n\n" * 20)):
        (tmp_path / split).write_text(text)
    data = load_dataset(Files(kind="files", **{split: str(tmp_path / split) for split in ("train", "valid", "test")}))
    belonging = token_membership(data, "test")
    scored = len(belonging.items)
    items = by_item({"nats": np.ones(scored), "correct": np.ones(scored, bool)}, belonging)
    np.testing.assert_array_equal(items["cluster"], np.repeat(np.arange(20), 3))
    valid = token_membership(data, "valid")
    assert "cluster" not in by_item({"nats": np.ones(len(valid.items))}, valid)
