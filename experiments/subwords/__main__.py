"""`python -m experiments.subwords --preset quick` is `stepladder reproduce subwords --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "subwords", *sys.argv[1:]])
