"""`python -m experiments.transformer_parts --preset quick` is `stepladder reproduce attention_scores --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "transformer_parts", *sys.argv[1:]])
