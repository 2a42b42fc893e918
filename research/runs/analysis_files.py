"""What an analysis measured, in the folder of a run or of a sweep: analysis/<name>.json, and analysis/<name>.npz where there are arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.config.errors import DamagedFileError
from research.runs import store

if TYPE_CHECKING:
    import numpy as np

FOLDER = "analysis"
ANALYSIS_FORMAT = 1  # of these files, raised when a reader must tell an old one from a new one


@dataclass(frozen=True, eq=False)
class Measurement:
    """Plain values and arrays by name."""

    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, "np.ndarray"] = field(default_factory=dict)


def write_measurement(folder: Path, name: str, measurement: Measurement, holds_text: bool) -> None:
    """Write both files, the JSON last: where it is, all is. `holds_text`: whether they hold text of the data, which no pack takes along."""
    path = Path(folder) / FOLDER / name
    if measurement.arrays:
        store.write_arrays(path.with_name(f"{name}.npz"), **measurement.arrays)
    contents = {"holds_text": holds_text, "arrays": sorted(measurement.arrays), "values": dict(measurement.values)}
    store.write_json(path.with_name(f"{name}.json"), store.stamp(contents) | {"format": ANALYSIS_FORMAT})


def read_measurement(folder: Path, name: str) -> Measurement | None:
    """What `write_measurement` wrote; None where it is not there, not whole, or of another format, so that it is measured again."""
    path = Path(folder) / FOLDER / name
    try:
        record = store.read_json(path.with_name(f"{name}.json"))
        if record is None or record.get("format") != ANALYSIS_FORMAT or not {"arrays", "values"} <= record.keys():
            return None
        arrays = (store.read_arrays(path.with_name(f"{name}.npz")) or {}) if record["arrays"] else {}
    except DamagedFileError:
        return None
    return Measurement(record["values"], arrays) if set(record["arrays"]) <= set(arrays) else None
