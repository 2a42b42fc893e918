#!/usr/bin/env bash
# The wheel, built without a network and installed into an environment without a checkout, does its work in an empty folder.
# usage: scripts/check_wheel.sh [PYTHON]: one that has the locked packages of requirements-dev.txt; by default that of .venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD python=${1:-$PWD/.venv/bin/python}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
fail() { echo "check_wheel: $*" >&2; exit 1; }

mkdir "$place/source"
cp -r research configs experiments pyproject.toml setup.py README.md LICENSE "$place/source" # not what earlier builds left in the checkout
PYTHONPATH= "$python" -m pip wheel --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index \
  --wheel-dir "$place" "$place/source"
"$python" - "$place"/stepladder-*.whl <<'PYTHON' || fail "the wheel holds more than the package research"
import sys, zipfile
names = zipfile.ZipFile(sys.argv[1]).namelist()
tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
sys.exit(0 if tops == {"research"} and not any("__pycache__" in name for name in names) else f"{sorted(tops)}")
PYTHON

# The dependencies are those of PYTHON: their folders are put on the path as they are, so that a .pth file in them, as that of an
# editable install, is not read.
"$python" -m venv --without-pip "$place/venv"
PYTHONPATH= "$python" -m pip --python "$place/venv/bin/python" install --quiet --disable-pip-version-check --no-deps --no-index \
  "$place"/stepladder-*.whl
"$python" -c 'import sys; print(*(path for path in sys.path if path.endswith("-packages")), sep="\n")' \
  >"$(echo "$place"/venv/lib/python3*/site-packages)/dependencies.pth"

mkdir "$place/empty"
cd "$place/empty"
unset PYTHONPATH STEPLADDER_RUNS STEPLADDER_DATA
export PATH="$place/venv/bin:$PATH" # programs that were compiled before are taken from this machine's cache
says() { # TEXT COMMAND ...: the command succeeds, and its output has the text
  local text=$1 output
  shift
  output=$("$@" 2>&1) || fail "failed: $*"$'\n'"$output"
  [[ $output == *"$text"* ]] || fail "does not say $text: $*"$'\n'"$output"
}

says "$place/venv" python -c 'import research; print(research.__file__)'
for _ in {1..40}; do echo "to be , or not to be : that is the question ."; done >text.txt
mkdir mine
cat >mine/heads.toml <<'TOML'
extends = "configs/lm/kneser_ney.toml"
[data]
kind = "files"
train = "text.txt"
valid = "text.txt"
test = "text.txt"
[sweep]
name = "orders"
axes = { "model.order" = [1, 2] }
table = { rows = "model.order" }
TOML
cat >mine/expected.json <<'JSON'
{"cards": [{"kind": "order", "claim": "two words are better", "better": "2", "worse": "1", "metric": "test.perplexity", "source": "none"}]}
JSON
cat >mine/analysis.py <<'PYTHON'
from research.analyses.analysis import Analysis, first_run_units
from research.report.section import Section
from research.runs.analysis_files import Measurement

ANALYSIS = Analysis(
    name="mine",
    section="A section of mine",
    holds_text=False,
    applies=lambda manifest: True,
    units=lambda manifest, runs_dir: first_run_units(manifest, runs_dir, manifest["cells"], ("done",)),
    measure=lambda unit, place: Measurement({"seed": unit.seed}),
    sections=lambda manifest, measured: [Section("A section of mine", f"<p>{len(measured)} runs were measured</p>")],
)
PYTHON
tiny=(data.kind=files data.train=text.txt data.valid=text.txt data.test=text.txt optim.schedule.warmup=1 data.length=4 model.width=8 model.layers=1 train.steps=2 train.batch_size=4 seeds=1 --workers 1)
says "lm_ladder" stepladder experiments
says "run it: stepladder reproduce word_vectors" stepladder experiments word_vectors
says "test perplexity" stepladder train configs/lm/lstm_tiny.toml "${tiny[@]}"
says "all 1 runs are done" stepladder train lstm_tiny "${tiny[@]}"
says "2020-12/schema" stepladder schema
says "FLOPs" stepladder show attention_scores --preset quick
says "orders" stepladder sweep mine/heads.toml
says "report.html" stepladder report mine/heads.toml --out mine/report
grep -q "two words are better" mine/report/report.html || fail "a report of an own file lacks its claim"
grep -q "2 runs were measured" mine/report/report.html || fail "a report of an own file lacks its section"
says "--save" python -m research.shipped.experiments.word_vectors --help
says "all are imported" python - <<'PYTHON'
from research.catalog.folder_code import import_file
from research.catalog.folders import shipped_experiments

for folder in shipped_experiments():
    for path in folder.path.glob("*.py"):
        if path.stem not in ("__init__", "__main__"):
            import_file(path)
print("all are imported")
PYTHON
echo "the wheel does its work in an empty folder"
