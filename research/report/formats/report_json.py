"""JSON for a program: entries with their intervals and values by seed, comparisons, cards, notes, cells, and the report's files."""

from dataclasses import asdict

from research.compare.tables import Entry
from research.config.plain import Tree
from research.report.formats.target import Target
from research.report.report_value import Report
from research.runs.store import to_json


def report_json(report: Report, target: Target) -> str:
    """The whole report; `files` are the names of what is written with it."""
    return to_json(report_data(report) | {"files": list(target.files)}, indent=2) + "\n"


def report_data(report: Report) -> Tree:
    """The numbers of the report as plain values."""
    table = report.table
    entries = [
        {"row": list(row), "column": list(column.labels), "metric": column.metric, **_entry_data(entry)}
        for row, line in zip(table.rows, table.entries, strict=True)
        for column, entry in zip(table.columns, line, strict=True)
        if entry is not None
    ]
    return {
        "name": report.name,
        "hash": report.hash,
        "question": report.question,
        "preset": report.preset,
        "spec_file": report.spec_file,
        "created": report.created,
        "entries": entries,
        "comparisons": [{**asdict(comparison), "verdict": comparison.verdict} for comparison in report.comparisons.named],
        "cards": [asdict(result) for result in report.cards],
        "cards_changed": list(report.card_changes),
        "notes": list(table.notes),
        "cells": [
            {"cell_id": cell.cell_id, "labels": dict(cell.labels), "tuned": dict(cell.tuned), "trials": cell.trials, "seeds": cell.counts}
            for cell in report.cells
        ],
        **({"missing": list(report.missing)} if report.missing else {}),
    }


def _entry_data(entry: Entry) -> Tree:
    interval = entry.interval
    numbers = {"mean": None, "low": None, "high": None} if interval is None else interval._asdict()
    if entry.source == "none":
        numbers |= {"low": None, "high": None}
    others = {"interval": entry.source, "sd": entry.sd, "seeds": dict(entry.values), "counts": dict(entry.counts), "cannot": entry.cannot}
    return {**numbers, **others, "best": entry.best}
