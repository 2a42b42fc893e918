#!/usr/bin/env bash
# From a fresh clone to a table: installs into .venv, trains the quick ladder on Shakespeare, prints its table, writes its report.
# usage: scripts/quickstart.sh [further options of `stepladder reproduce lm_ladder`]
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" requirements.txt
.venv/bin/stepladder reproduce lm_ladder --preset quick --out report "$@"
cat >&2 <<'NEXT'
next:
  source .venv/bin/activate
  stepladder show lstm_tiny
  stepladder train lstm_tiny model.width=64 train.steps=500
  stepladder experiments
NEXT
