"""`python -m experiments.captioning --preset quick` is `stepladder reproduce captioning --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "captioning", *sys.argv[1:]])
