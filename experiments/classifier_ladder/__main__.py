"""`python -m experiments.classifier_ladder --preset quick` is `stepladder reproduce classifier_ladder --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "classifier_ladder", *sys.argv[1:]])
