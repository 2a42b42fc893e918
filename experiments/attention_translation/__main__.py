"""`python -m experiments.attention_translation --preset quick` is `stepladder reproduce attention_translation --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "attention_translation", *sys.argv[1:]])
