"""Pictures of characters: what is drawn, what a row holds, and that no picture is in two splits."""

import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydantic import ValidationError

import research.data.glyphs as glyphs
from research.config.errors import StepladderError
from research.config.pairs import Glyphs
from research.config.schema import Config
from research.data.dataset import SPLITS
from research.data.glyphs import draw_pictures, split_pictures
from research.data.loading import dataset_digest, load_dataset
from research.tasks.translating import translation_prompts

CONFIG = Glyphs(kind="glyphs", size=16, levels=4)


def pixels(data, split):
    """The grey levels of a split's rows, n x 16 x 16."""
    examples = getattr(data, split)
    return examples.inputs[:, : examples.source].reshape(-1, 16, 16) - data.sides.first_source


def test_the_same_picture_is_in_one_split():
    data = load_dataset(CONFIG)
    seen = {split: {row.tobytes() for row in pixels(data, split)} for split in SPLITS}
    assert all(seen.values())
    assert not seen["train"] & seen["valid"]
    assert not seen["train"] & seen["test"]
    assert not seen["valid"] & seen["test"]
    assert len(seen["train"]) < len(data.train.inputs), "some characters look alike"


def test_every_character_is_in_one_split_and_a_tenth_of_the_pictures_is_for_test():
    data = load_dataset(CONFIG)
    characters = [source for split in SPLITS for source in data.pairs[split].sources]
    assert len(set(characters)) == len(characters) == 5810 - 61
    distinct = {split: len({row.tobytes() for row in pixels(data, split)}) for split in SPLITS}
    assert distinct["test"] == distinct["valid"] == sum(distinct.values()) // 10


def test_equal_rows_stay_together_wherever_they_stand():
    levels = np.random.default_rng(3).integers(0, 2, size=(300, 6))
    parts = split_pictures(levels)
    assert sorted(np.concatenate([*parts.values()])) == [*range(300)]
    rows = {split: {row.tobytes() for row in levels[members]} for split, members in parts.items()}
    assert sum(map(len, rows.values())) == len(np.unique(levels, axis=0))


def test_what_is_drawn_does_not_depend_on_what_was_drawn_before():
    whole = load_dataset(CONFIG)
    glyphs.draw_pictures.cache_clear()
    again = glyphs.load_glyphs(CONFIG, None, dataset_digest(CONFIG))
    for one, other in zip(whole.test[:6], again.test[:6], strict=True):
        np.testing.assert_array_equal(one, other)
    assert whole.pairs == again.pairs


def test_a_row_is_a_picture_and_its_name():
    """One character, drawn far to the right of a wider sheet and cut out; the words of its name are looked up one by one."""
    data = load_dataset(CONFIG)
    font = ImageFont.truetype(glyphs._font(), 11.2, layout_engine=ImageFont.Layout.BASIC)
    types = data.vocabulary.types
    for row in range(0, 400, 80):
        character, code = data.pairs["test"].sources[row].split(" ")
        assert code == f"U+{ord(character):04X}"
        sheet = Image.new("L", (48, 48))
        ImageDraw.Draw(sheet).text((24, 28), character, fill=255, font=font, anchor="ms")
        expected = np.asarray(sheet)[16:32, 16:32] / 255 * 3
        np.testing.assert_array_less(np.abs(pixels(data, "test")[row] - expected), 0.51)
        words = unicodedata.name(character).lower().split()
        written = data.test.inputs[row, 256:][data.test.valid[row, 256:]]
        expected_words = ["<sep>", *(word if word in types else "<unk>" for word in words)]
        assert [types[number] for number in written] == expected_words
        scored = data.test.targets[row, data.test.weight[row] > 0]
        assert [types[number] for number in scored] == [*expected_words[1:], "</s>"]
        assert data.test.group[row] == len(words)
        assert data.pairs["test"].targets[row] == translation_prompts(data, "test").references[row] == " ".join(words)


def test_every_pixel_is_a_grey_level_and_no_picture_is_blank():
    data = load_dataset(CONFIG)
    assert data.vocabulary.types[data.sides.first_source :] == ("g0", "g1", "g2", "g3")
    for split in SPLITS:
        assert getattr(data, split).valid[:, :256].all()
        assert pixels(data, split).min() == 0
        assert pixels(data, split).max() == 3
        assert pixels(data, split).any(axis=(1, 2)).all()


def test_ink_seldom_reaches_the_border():
    pictures = draw_pictures(24, 16).levels.reshape(-1, 24, 24)
    border = np.concatenate([pictures[:, [0, -1]].reshape(len(pictures), -1), pictures[:, :, [0, -1]].reshape(len(pictures), -1)], axis=1)
    assert border.any(axis=1).mean() < 0.02


def test_rare_words_of_names_are_unknown():
    data = load_dataset(Glyphs(kind="glyphs", size=16, levels=4, vocabulary={"min_count": 5}, train_pairs=500))
    words = [word for name in data.pairs["train"].targets for word in name.split()]
    known = {word for word in words if words.count(word) >= 5}
    assert set(data.vocabulary.types[: data.vocabulary.unk]) == known
    unknown = data.train.targets[data.train.weight > 0] == data.vocabulary.unk
    assert unknown.sum() == sum(word not in known for word in words)


def test_fewer_pairs_are_the_first_of_them_and_too_many_an_error():
    few = load_dataset(CONFIG.model_copy(update={"test_pairs": 7, "train_pairs": 50}))
    assert few.pairs["test"].targets == load_dataset(CONFIG).pairs["test"].targets[:7]
    with pytest.raises(StepladderError, match=r"data.test_pairs = 9000 leaves nothing out: there are \d+ characters in test"):
        load_dataset(CONFIG.model_copy(update={"test_pairs": 9000}))


def test_the_digest_draws_nothing_and_knows_every_word(monkeypatch):
    monkeypatch.setattr(glyphs, "draw_pictures", None)
    words = [{"size": 20}, {"levels": 5}, {"vocabulary": {"min_count": 2}}, {"train_pairs": 9}, {"valid_pairs": 9}, {"test_pairs": 9}]
    digests = {dataset_digest(Glyphs(kind="glyphs", **word)) for word in ({}, *words)}
    assert len(digests) == 1 + len(words)
    monkeypatch.setattr("PIL.features.version", lambda library: "another")
    assert dataset_digest(Glyphs(kind="glyphs")) not in digests


@pytest.mark.parametrize(
    ("data", "model", "said"),
    [
        ({"kind": "glyphs"}, {"kind": "encoder_decoder"}, "model.encoder.kind = patches or convolutions"),
        ({"kind": "glyphs"}, {"kind": "language_model"}, "model.encoder.kind = patches or convolutions"),
        ({"kind": "rewrite"}, {"kind": "encoder_decoder", "encoder": {"kind": "patches", "width": 128}}, "use data.kind = glyphs"),
    ],
)
def test_pictures_are_read_by_what_sees_and_by_nothing_else(data, model, said):
    with pytest.raises(ValidationError, match=said):
        Config.model_validate({"data": data, "model": model})
