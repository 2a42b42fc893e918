#!/usr/bin/env bash
# Everything that must hold before a change lands: style, types, import contracts, the wheel, tests. usage: scripts/test.sh [pytest options]
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" requirements-dev.txt
export PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check .
mypy
lint-imports
bash scripts/check_wheel.sh
command -v chromium >/dev/null || echo "no chromium on PATH: the test that opens the report in a browser is skipped"
exec python -m pytest --numprocesses 2 --dist loadfile "$@"
