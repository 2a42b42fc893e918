"""`python -m experiments.masked_or_causal --preset quick` is `stepladder reproduce masked_or_causal --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "masked_or_causal", *sys.argv[1:]])
