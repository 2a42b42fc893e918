"""A file with its overrides, planned and priced; nothing of it is run."""

import sys
from pathlib import Path

from research.api.print_plan import dropped_lines
from research.config.loader import LoadedConfig
from research.plan.build_manifest import checked_manifest
from research.plan.resolve_plan import Plan, resolve_plan
from research.runs.sweep_manifest import Launch


def checked_plan(loaded: LoadedConfig, launch: Launch, runs: Path, data_dir: Path | None) -> Plan:
    """The plan, checked as it is before a run; tells on stderr what a change of kind drops."""
    plan = resolve_plan(loaded, runs, data_dir)
    checked_manifest(plan, runs, launch)
    for line in dropped_lines(plan):
        print(line, file=sys.stderr)
    return plan
