"""`python -m experiments.gradient_flow --preset quick` is `stepladder reproduce gradient_flow --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "gradient_flow", *sys.argv[1:]])
