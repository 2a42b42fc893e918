"""`python -m experiments.positional_encodings --preset quick` is `stepladder reproduce positional_encodings --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "positional_encodings", *sys.argv[1:]])
