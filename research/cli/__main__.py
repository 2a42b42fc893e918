"""`python -m research.cli` is `stepladder`."""

from research.cli import main

main()
