"""Whether the folders of a pack are called what their configs and digests make: an id cannot be given to other words."""

import json
import tomllib
from collections.abc import Mapping
from functools import lru_cache

from research.config.cell_inputs import input_cell_id
from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError
from research.config.loader import config_from_tree
from research.config.plain import table


def check_cells(contents: Mapping[str, bytes], name: str) -> None:
    """Raises StepladderError for a cell of a source whose config and data make another id.

    What another version of the code made, or a version that kept no digest, is not recomputed; nor is a config that needs a user's plugin.
    """
    for path in sorted(path for path in contents if path.endswith("/config.toml")):
        cell_id = path.partition("/")[0]
        current_id = _computed_id(contents[path], contents.get(f"{cell_id}/cell.json", b"{}"), f"{path} of {name}")
        if current_id not in ("", cell_id):
            raise StepladderError(
                f"{path} of {name} and its data make the cell {current_id}, not {cell_id}: the file was changed, or the folder renamed. "
                "Nothing of it is merged; ask for it anew."
            )


@lru_cache(maxsize=4096)
def _computed_id(config: bytes, cell: bytes, place: str) -> str:
    """The id of a cell; "" where it cannot be computed here."""
    try:
        cell_record = table(json.loads(cell))
        tree = tomllib.loads(config.decode("utf-8", "surrogateescape"))
    except (ValueError, UnicodeDecodeError) as error:
        raise StepladderError(f"{place}, or cell.json beside it, was cut off or changed ({error}). Ask for it anew.") from None
    if cell_record.get("code_version") != CODE_VERSION or "data" not in cell_record or tree.get("plugins"):
        return ""
    files = {key: str(digest) for key, digest in table(cell_record.get("files")).items()}
    return input_cell_id(config_from_tree(tree, place), str(cell_record["data"]), files)
