"""A user's mistakes with pairs and encoder-decoders: one paragraph each, exit 2, nothing started."""

import pytest
from test_mistakes import assert_mistake, call

PAIRS = """
[data]
kind = "rewrite"
longest = 16
train_pairs = 60
valid_pairs = 5
test_pairs = 5
[model]
kind = "encoder_decoder"
[model.encoder]
width = 8
[model.decoder]
width = 16
[train]
steps = 4
batch_size = 2
"""
TEXT = """
[data]
kind = "shakespeare"
[model]
kind = "language_model"
"""
MISTAKES = {
    "model.decoder.width=12": ["score scaled_dot", "decoder's have 12 numbers", "looks at 16", "encoder.width = 6", "mlp or bilinear"],
    "model.decoder.width=12 model.encoder.bidirectional=false": ["12 numbers", "looks at 8", "make them equal, or use score mlp"],
    "model.decoder.attention.score.kind=dot model.encoder.kind=stack": ["score dot", "16 numbers", "looks at 128"],
    "model.encoder.kind=stack model.encoder.mixer.heads=3": ["3 heads", "width 128", "nearest number that does is 2"],
    "model.decoder.kind=stack model.decoder.cross.heads=3": ["cross.heads = 3", "decoder.width = 128", "nearest is 2"],
    "model.decoder.kind=stack model.decoder.cross.projections=false model.decoder.width=32": ["vectors of 32 and 16 numbers"],
    "model.encoder.kind=stack model.encoder.position.kind=alibi": ["alibi", "looks both ways"],
    "model.encoder.kind=stack model.encoder.position.kind=t5": ["t5", "looks both ways"],
    "model.encoder.kind=stack model.encoder.mixer.cache.kind=window model.encoder.mixer.cache.size=2": ["window", "cache = full"],
    "model.decoder.kind=stack model.decoder.masked=false model.decoder.mixer.kind=lstm": ["masked is a word of attention"],
    "model.decoder.kind=stack model.decoder.masked=false model.decoder.position.kind=t5": ["t5 counts backwards"],
    "model.embeddings=shared": ["encoder.width = decoder.width", "8 and 16"],
    "model.embeddings=shared model.encoder.kind=patches": ["a picture has none"],
    "model.encoder.kind=patches model.encoder.width=16": ["pictures", "symbols"],
    "data.kind=glyphs": ["pictures", "patches"],
    "model.kind=classifier": ["rewrite", "classifier"],
    "model.kind=ngram": ["rewrite has pairs", "model.kind = encoder_decoder"],
    "decode.kind=beam decode.size=0": ["decode.size", "at least 1"],
    "decode.kind=sample decode.temperature=0": ["decode.temperature", "above 0"],
    "decode.kind=sample decode.temperature=-1": ["decode.temperature", "above 0"],
    "decode.kind=top_p decode.p=1.5": ["decode.p", "at most 1"],
    "decode.size=3": ["decode.size", "beam"],
    "train.scheduled_sampling=1": ["train.scheduled_sampling", "below 1"],
}
OF_TEXT = {
    "model.kind=encoder_decoder": ["shakespeare has no pairs", "data.kind = numerals"],
    "decode.kind=beam": ["[decode] is for pairs", "leave it out"],
    "train.scheduled_sampling=0.1": ["train.scheduled_sampling is for the targets of pairs"],
}


@pytest.mark.parametrize(
    ("tree", "overrides", "words"),
    [
        *((PAIRS, *mistake) for mistake in MISTAKES.items()),
        *((TEXT, *mistake) for mistake in OF_TEXT.items()),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)
def test_a_mistake_is_told_in_one_paragraph(tmp_path, tree, overrides, words):
    path = tmp_path / "cell.toml"
    path.write_text(tree)
    assert_mistake(call(tmp_path, "train", str(path), *overrides.split()), tmp_path, *words)
