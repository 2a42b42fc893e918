"""`python -m experiments.decoding --preset quick` is `stepladder reproduce attention_scores --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "decoding", *sys.argv[1:]])
