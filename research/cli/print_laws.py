"""What `stepladder check` prints for a person: a line a law, and under one that fails the input that shows it."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from research.laws.check_plugin import CheckedEntry


def print_laws(checked: tuple[CheckedEntry, ...], console: Console) -> None:
    """A table an entry, and a last line that says how many laws hold."""
    for entry in checked:
        table = Table("law", "", "what shows it", title=Text(f"{entry.kind} {entry.name}"), title_justify="left", box=None, expand=False)
        for law in entry.laws:
            verdict = Text("holds", style="green") if law.holds else Text("fails", style="bold red")
            table.add_row(Text(law.law, no_wrap=True), verdict, Text(law.shows))
        console.print(table)
    laws = [law for entry in checked for law in entry.laws]
    failed = sum(not law.holds for law in laws)
    console.print(Text(f"{len(laws) - failed} of {len(laws)} laws hold" + (f", {failed} fail" if failed else "")))
