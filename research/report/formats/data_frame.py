"""The table as a DataFrame of pandas: a row a place of the table and seed, and as the JSON that pandas reads again with its types."""

from research.report.formats.target import Target
from research.report.report_value import Report
from research.report.table_rows import table_frame


def report_frame_json(report: Report, target: Target) -> str:
    """`table_frame` in the JSON table schema of pandas."""
    return str(table_frame(report.table).to_json(orient="table", index=False, double_precision=15, indent=2)) + "\n"
