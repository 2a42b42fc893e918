#!/usr/bin/env bash
# Writes the pack of an experiment's quick preset anew from the runs of a folder: usage: scripts/ship_pack.sh NAME RUNS
# Needed when the manifest changes (its name, its cards); nothing is trained where the runs are there. After CODE_VERSION was raised the
# runs are others: `stepladder reproduce NAME --runs RUNS` first.
set -euo pipefail
name=$1 runs=$2
stepladder sweep "$name" --runs "$runs" --json > /dev/null
stepladder pack "$name" --runs "$runs" --no-tokens --out "$(dirname "$0")/../experiments/$name/quick.zip"
