# Sourced by the other scripts: a virtual environment in .venv with the locked versions. usage: . scripts/setup.sh LOCKFILE EXTRAS
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
lock=$1 extras=${2:-}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "Stepladder needs Python 3.11 or newer; $("$python" --version) was found. Set PYTHON to a newer one." >&2
  exit 2
}
stamp=.venv/.installed-$(cat "$lock" pyproject.toml | cksum | cut -d' ' -f1)-$(basename "$lock" .txt)
if [[ ! -f $stamp ]]; then
  echo "installing the locked versions of $lock into .venv ..." >&2
  [[ -x .venv/bin/python ]] || "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e ".$extras"
  touch "$stamp"
fi
