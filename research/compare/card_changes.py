"""What became of the claims of a sweep since it was launched."""

import json
from collections.abc import Mapping

from research.compare.cell_labels import value_text
from research.compare.cells import Manifest
from research.config.plain import Json
from research.runs.measures import title


def card_changes(manifest: Manifest) -> list[str]:
    """What became of the cards since the launch, by their claims: both versions, for those of the launch are judged.

    The manifest holds the cards of its launch under `cards`, and today's, where the report knows them, under `cards_today`.
    """
    if "cards_today" not in manifest:
        return []
    launched, current = ({_claim_text(entry): entry for entry in manifest.get(key) or []} for key in ("cards", "cards_today"))
    lines = []
    for claim in dict.fromkeys((*launched, *current)):
        if claim not in launched:
            lines.append(f"{claim}: added since launch, and not judged.")
        elif claim not in current:
            lines.append(f"{claim}: taken out since launch, and judged all the same.")
        elif launched[claim] != current[claim]:
            lines.append(f"{claim}: changed since launch. {_versions_text(launched[claim], current[claim])}")
    return lines


def _claim_text(entry: Mapping[str, Json]) -> str:
    return str(entry.get("claim") or f"{value_text(entry.get('label'))}, {title(str(entry.get('metric')))}")


def _versions_text(launched: Mapping[str, Json], current: Mapping[str, Json]) -> str:
    keys = [key for key in dict.fromkeys((*launched, *current)) if launched.get(key) != current.get(key)]

    def entry_text(entry: Mapping[str, Json]) -> str:
        return ", ".join(f"{key} = {json.dumps(entry[key], ensure_ascii=False)}" if key in entry else f"no {key}" for key in keys)

    return f"Launched and judged with {entry_text(launched)}; now {entry_text(current)}."
