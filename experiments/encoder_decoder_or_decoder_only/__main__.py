"""`python -m experiments.encoder_decoder_or_decoder_only --preset quick` is `stepladder reproduce attention_scores --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "encoder_decoder_or_decoder_only", *sys.argv[1:]])
