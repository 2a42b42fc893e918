"""What the report of decoding adds: what a token costs with a cache of keys and values, and without."""

from collections.abc import Sequence
from pathlib import Path

from research.analyses.analysis import Analysis, AnalysisPlace, AnalysisUnit, Measured, sweep_unit
from research.compare.cells import Manifest
from research.config.mixer import AttentionConfig
from research.config.model import LanguageModelConfig
from research.config.position import Sinusoidal
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.runs.analysis_files import Measurement

MODEL = LanguageModelConfig(kind="language_model", layers=4, width=128, position=Sinusoidal(kind="sinusoidal"), mixer=AttentionConfig())
VOCABULARY, PROMPT, TOKENS = 1000, 16, 256
TEXT = (
    f"<p>A Transformer of {MODEL.layers} layers, {MODEL.width} wide, with {VOCABULARY:,} symbols and parameters as they are drawn, writes "
    f"{TOKENS} tokens greedily after a prompt of {PROMPT}, one row, on this machine. With a cache the first token reads the prompt, and "
    "each later one is a chunk of one. Without, the whole text is read again for every token.</p>"
)


def applies(manifest: Manifest) -> bool:
    """Always: what is measured is no run of the sweep."""
    return True


def units(manifest: Manifest, runs_dir: Path) -> Sequence[AnalysisUnit]:
    """The sweep: its machine is measured once."""
    return (sweep_unit(manifest, runs_dir),)


def measure(unit: AnalysisUnit, place: AnalysisPlace) -> Measurement:
    """Milliseconds a token."""
    from .token_latency import token_latencies

    return Measurement(token_latencies())


def sections(manifest: Manifest, measured: Sequence[Measured]) -> Sequence[Section]:
    """One table of milliseconds."""
    first, later, again = (measured[0].measurement.values[name] for name in ("first", "later", "again"))
    rows = (
        (
            StyledText("with a cache"),
            StyledText(f"{first:.2f}"),
            StyledText(f"{later:.3f}"),
            StyledText(f"{first + later * (TOKENS - 1):.0f}"),
        ),
        (StyledText("reading again"), StyledText(""), StyledText(f"{again:.3f}"), StyledText(f"{again * TOKENS:.0f}")),
    )
    heads = (Heading("", numeric=False), Heading("first token, ms"), Heading("each later token, ms"), Heading(f"{TOKENS} tokens, ms"))
    notes = (f"Of {TOKENS} tokens the cache is {again * TOKENS / (first + later * (TOKENS - 1)):.1f} times as quick.",)
    return (Section("What a token costs", TEXT, Sheet("Latency", heads, rows, 1, notes)),)


ANALYSIS = Analysis("token_latency", "What a token costs", False, applies, units, measure, sections)
