"""`python -m experiments.attention_scores --preset quick` is `stepladder reproduce attention_scores --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "attention_scores", *sys.argv[1:]])
