"""The one name under which a run's files are read and written; what each module of it is for stands there."""

from research.runs.array_files import read_arrays, write_arrays
from research.runs.atomic_files import ELSEWHERE, check_writable, make_folder, read_text_file, write_bytes, write_text
from research.runs.json_files import FORMAT, INFINITE, JsonObject, create_json, read_json, stamp, to_json, write_json
from research.runs.metric_lines import append_metrics, read_metrics, truncate_metrics
from research.runs.references import RunReference, cell_ids, find_run
from research.runs.run_files import (
    TRAINED_STATUSES,
    cell_folder,
    read_items,
    read_prompt_items,
    read_result,
    read_status,
    read_tokens,
    read_training,
    seed_folder,
    seeds_of,
    status_of,
    sweeps_folder,
)

__all__ = [
    "ELSEWHERE",
    "FORMAT",
    "INFINITE",
    "TRAINED_STATUSES",
    "JsonObject",
    "RunReference",
    "append_metrics",
    "cell_folder",
    "cell_ids",
    "check_writable",
    "create_json",
    "find_run",
    "make_folder",
    "read_arrays",
    "read_items",
    "read_json",
    "read_metrics",
    "read_prompt_items",
    "read_result",
    "read_status",
    "read_text_file",
    "read_tokens",
    "read_training",
    "seed_folder",
    "seeds_of",
    "stamp",
    "status_of",
    "sweeps_folder",
    "to_json",
    "truncate_metrics",
    "write_arrays",
    "write_bytes",
    "write_json",
    "write_text",
]
