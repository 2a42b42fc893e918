"""The code's integer: part of every cell's id and of every file of a run."""

CODE_VERSION = 4  # raised when a change of code or of a default alters results
