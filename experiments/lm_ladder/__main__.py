"""`python -m experiments.lm_ladder --preset quick` is `stepladder reproduce lm_ladder --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "lm_ladder", *sys.argv[1:]])
