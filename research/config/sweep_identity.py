"""What of a [sweep] is a part of what is launched. How its table looks is none: moving a column needs no launch.

Of [experiment] nothing is: its question is layout, and its control and spread stand in the manifest as they were launched.
"""

import json

from research.config.plain import Json, Tree, table
from research.config.sweep import Sweep, TableLayout


def sweep_identity(sweep: Sweep) -> Tree:
    """Its words without the layout of its table, the order of rows included. Words equal to their defaults are left out.

    The baseline stays: it says what is compared. So do the metric, which chooses where nothing else does, and the comparisons.
    """
    words: Tree = sweep.model_dump(mode="json", exclude={"table": set(TableLayout.layout)}, exclude_defaults=True)
    axes: Tree = {key: _sorted(values) for key, values in table(words.get("axes")).items()}
    rows: Tree = {"list": _sorted(words["list"])} if "list" in words else {}
    return words | ({"axes": axes} if axes else {}) | rows


def _sorted(values: Json) -> Json:
    """An array whose order is that of rows or columns."""
    assert isinstance(values, list)
    return sorted(values, key=lambda value: json.dumps(value, sort_keys=True))
