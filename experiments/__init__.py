"""Questions, a folder each (docs/experiments.md). The library finds them by their path; this package is for their tests alone."""
