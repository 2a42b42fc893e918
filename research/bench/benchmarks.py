"""What is measured: benchmarks, their cases, the sides of a case, and the aims. Plain values; nothing here imports jax or torch."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from research.bench.sizes import (
    CaseSizes,
    GenerationSizes,
    GrowthSizes,
    LSTMSizes,
    NGramSizes,
    PopulationSizes,
    ProcessSizes,
    SweepSizes,
    TransformerSizes,
    TrickSizes,
)
from research.config.errors import StepladderError, did_you_mean

OURS = "ours"
KENLM = "build KenLM (https://github.com/kpu/kenlm) and put them there"
EXTRA = "pip install 'stepladder[bench]'"


class Aim(NamedTuple):
    """What is to hold of the medians. Ratios are a peer's seconds over ours."""

    ratio: float | None = None  # to the best peer, at least
    against: tuple[tuple[str, float], ...] = ()  # to these peers, at least
    seconds: float | None = None  # of ours, at most
    warm_up: float | None = None  # of the peer's compilation to ours, at least


class Case(NamedTuple):
    """One comparison. `units` are done in a round; `cost` is (seconds to start all sides, seconds a round) on two cores."""

    name: str  # benchmark/case
    sizes: CaseSizes
    sides: tuple[str, ...]  # in the order in which they take turns
    units: int
    cost: tuple[int, int]
    aim: Aim = Aim()
    tokens: int | None = None  # of a unit, where tokens a second is what people quote


class BenchmarkSide(NamedTuple):
    """Where the work of a side is, and what must be installed for it."""

    module: str
    packages: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    help: str = EXTRA  # how to get what is missing


class Benchmark(NamedTuple):
    """Cases with the same work at other sizes."""

    name: str
    what: str  # is timed
    unit: str
    cases: tuple[Case, ...]
    sides: dict[str, BenchmarkSide]
    kind: Literal["steady", "process"] = "steady"  # rounds of one child a side, or a new process for each round
    workers: int | None = 1  # of our side: runs at a time, by default one a core
    warm: bool = True  # whether a process is run once, untimed, before the rounds
    by_default: bool = True


TORCH = ("torch", "torch_compiled")
SMALL = TransformerSizes(layers=2, heads=4, width=64, length=64, batch=32, vocabulary=65)
ZAREMBA = LSTMSizes(layers=2, width=200, length=20, batch=20, vocabulary=10_000)
ZAREMBA_MEDIUM = ZAREMBA._replace(width=650, length=35, dropout=0.5)
DEEP = TransformerSizes(layers=8, heads=4, width=64, length=64, batch=16, vocabulary=65)
GENERATED = TransformerSizes(layers=4, heads=4, width=128, length=264, batch=1, vocabulary=1000)


def _torch(module: str, *names: str) -> dict[str, BenchmarkSide]:
    return {name: BenchmarkSide(f"research.bench.peers.{module}", ("torch",)) for name in names}


def _transformer_step(name: str, sizes: TransformerSizes, units: int, cost: tuple[int, int], ratio: float) -> Case:
    return Case(f"transformer_step/{name}", sizes, (OURS, *TORCH), units, cost, Aim(ratio=ratio))


def _lstm_step(name: str, sizes: LSTMSizes, units: int, cost: tuple[int, int], torch: float, flax: float) -> Case:
    return Case(f"lstm_step/{name}", sizes, (OURS, "torch", "flax"), units, cost, Aim(against=(("torch", torch), ("flax", flax))))


def _population(name: str, model: TransformerSizes | LSTMSizes, units: int, cost: tuple[int, int], ratio: float) -> Case:
    sides = (OURS, "torch_sequential", "torch_processes")
    return Case(f"population/{name}", PopulationSizes(model, 8), sides, units, cost, Aim(ratio=ratio))


def _generate(rows: int, units: int, cost: tuple[int, int], ratio: float) -> Case:
    sizes = GenerationSizes(GENERATED._replace(batch=rows))
    sides = (OURS, "hugging_face", "hugging_face_compiled")
    return Case(f"generate/batch_{rows}", sizes, sides, units, cost, Aim(ratio=ratio), rows * sizes.tokens)


def _trick(name: str, sizes: TrickSizes, units: int, cost: tuple[int, int] = (30, 4)) -> Case:
    return Case(f"tricks/{name}", sizes, (OURS, "without"), units, cost)


def _growth(name: str, along: str, model: TransformerSizes | LSTMSizes, values: tuple[int, ...], cost: tuple[int, int]) -> Case:
    return Case(f"growth/{name}", GrowthSizes(model, along, values), tuple(map(str, values)), 10 if max(values) <= 512 else 2, cost)


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark(
        "transformer_step",
        "one training step of a Transformer: batch, forward, backward, clip, AdamW",
        "step",
        (
            _transformer_step("nanogpt", TransformerSizes(4, 4, 128, 64, 12, 65), 40, (60, 8), 1.3),
            _transformer_step("small", SMALL, 60, (50, 6), 1.3),
            _transformer_step("six_layers", TransformerSizes(6, 6, 384, 256, 8, 65), 3, (80, 14), 1.1),
        ),
        {OURS: BenchmarkSide("research.bench.ours.training"), **_torch("torch_training", *TORCH)},
    ),
    Benchmark(
        "lstm_step",
        "one training step of an LSTM with a carried state: batch, forward, backward, clip, SGD",
        "step",
        (
            _lstm_step("zaremba_small", ZAREMBA, 20, (20, 6), 1.2, 1.4),
            _lstm_step("zaremba_medium", ZAREMBA_MEDIUM, 3, (30, 8), 1.0, 1.4),
        ),
        {
            OURS: BenchmarkSide("research.bench.ours.training"),
            **_torch("torch_training", "torch"),
            "flax": BenchmarkSide("research.bench.peers.flax_recurrent", ("flax",)),
        },
    ),
    Benchmark(
        "population",
        "one training step of each of 8 seeds",
        "step of 8 seeds",
        (
            _population("lstm_32", LSTMSizes(1, 32, 32, 32, 28), 160, (30, 6), 2.5),
            _population("lstm_64", LSTMSizes(1, 64, 32, 32, 28), 80, (30, 6), 1.8),
            _population("lstm_128", LSTMSizes(1, 128, 32, 32, 28), 24, (30, 6), 1.2),
            _population("transformer_small", SMALL, 12, (30, 8), 1.2),
        ),
        {OURS: BenchmarkSide("research.bench.ours.training"), **_torch("torch_population", "torch_sequential", "torch_processes")},
        workers=None,
    ),
    Benchmark(
        "table",
        "a table of 12 cells and 5 seeds of the small Transformer, 500 steps each, from the command to the printed table",
        "table",
        (Case("table/small", SweepSizes(SMALL), (OURS, "torch"), 1, (0, 1100), Aim(ratio=2.0)),),
        {OURS: BenchmarkSide("research.bench.process_commands"), "torch": BenchmarkSide("research.bench.process_commands", ("torch",))},
        kind="process",
        workers=None,
        warm=False,
        by_default=False,
    ),
    Benchmark(
        "ngram",
        "a 5-gram model with modified Kneser-Ney smoothing: fitting it, and scoring a text by it",
        "call",
        (
            Case("ngram/fit", NGramSizes(1_000_000, 0), (OURS, "kenlm"), 1, (10, 4), Aim(ratio=1.0)),
            Case("ngram/score", NGramSizes(1_000_000, 82_000), (OURS, "kenlm"), 5, (12, 3), Aim(seconds=0.2)),
            Case("ngram/fit_100k", NGramSizes(100_000, 0), (OURS, "nltk"), 1, (20, 10)),
        ),
        {
            OURS: BenchmarkSide("research.bench.ours.ngram_fitting"),
            "kenlm": BenchmarkSide(
                "research.bench.peers.kenlm",
                programs=("lmplz", "query"),
                help="build KenLM (https://github.com/kpu/kenlm) and put it there",
            ),
            "nltk": BenchmarkSide("research.bench.peers.nltk_kneser_ney", ("nltk",)),
        },
    ),
    Benchmark(
        "generate",
        "256 tokens, each the likeliest, after a prompt of 8, by one model with the same weights",
        "256 tokens a row",
        (_generate(1, 2, (60, 3), 8.0), _generate(16, 1, (60, 4), 4.0)),
        {
            OURS: BenchmarkSide("research.bench.ours.generation"),
            **{
                name: BenchmarkSide("research.bench.peers.hugging_face", ("torch", "transformers"))
                for name in ("hugging_face", "hugging_face_compiled")
            },
        },
    ),
    Benchmark(
        "cold_start",
        "a process from its start to its end",
        "process",
        (
            Case("cold_start/help", ProcessSizes(), (OURS,), 1, (1, 1), Aim(seconds=0.4)),
            Case("cold_start/config_error", ProcessSizes(), (OURS,), 1, (1, 1), Aim(seconds=0.4)),
            Case("cold_start/import", ProcessSizes(), (OURS, "torch"), 1, (6, 6)),
            Case("cold_start/first_step_cold", ProcessSizes(SMALL), (OURS,), 1, (10, 10)),
            Case("cold_start/first_step_warm", ProcessSizes(SMALL), (OURS, "ours_cold"), 1, (15, 15), Aim(warm_up=2.0)),
        ),
        {
            OURS: BenchmarkSide("research.bench.process_commands"),
            "ours_cold": BenchmarkSide("research.bench.process_commands"),
            "torch": BenchmarkSide("research.bench.process_commands", ("torch",)),
        },
        kind="process",
    ),
    Benchmark(
        "growth",
        "one training step while one size grows",
        "step",
        (
            _growth("lstm_length", "length", LSTMSizes(1, 128, 64, 16, 100), (64, 128, 256, 512), (25, 4)),
            _growth("attention_length", "length", TransformerSizes(2, 4, 64, 64, 8, 65), (64, 128, 256, 512), (30, 4)),
            _growth("layers", "layers", TransformerSizes(2, 4, 64, 64, 16, 65), (2, 4, 8, 16), (40, 4)),
            _growth("vocabulary", "vocabulary", LSTMSizes(1, 128, 32, 64, 1000), (1000, 3000, 10_000, 30_000, 100_000), (30, 8)),
            _growth("members", "members", SMALL._replace(batch=8), (2, 4, 8, 16), (30, 4)),
            _growth("cells", "cells", SMALL._replace(batch=8), (1, 2, 4, 8), (30, 4)),
        ),
        {},
    ),
    Benchmark(
        "tricks",
        "the same work with one of our tricks and without it",
        "unit",
        (
            _trick("walls", TrickSizes(DEEP), 5),
            _trick("narrow", TrickSizes(SMALL), 25),
            _trick("unrolled", TrickSizes(SMALL), 25),
            _trick("shared_batch", TrickSizes(SMALL), 25),
            _trick("whole_batch", TrickSizes(ZAREMBA_MEDIUM), 3, (30, 5)),
            _trick("steps_a_call", TrickSizes(LSTMSizes(1, 32, 32, 32, 28)), 40),
            _trick("donated", TrickSizes(ZAREMBA), 10),
            _trick("recurrence", TrickSizes(ZAREMBA), 10),
            _trick("unstacked", TrickSizes(GenerationSizes(GENERATED)), 2),
            _trick("in_place", TrickSizes(GenerationSizes(GENERATED)), 2),
            _trick("divided_rows", TrickSizes(GenerationSizes(GENERATED._replace(batch=16))), 1),
        ),
        {OURS: BenchmarkSide("research.bench.ours.tricks"), "without": BenchmarkSide("research.bench.ours.tricks")},
    ),
    Benchmark(
        "lanes",
        "one training step of each of 8 seeds, on cores of their own and side by side in every operation",
        "step of 8 seeds",
        (
            Case("lanes/lstm", TrickSizes(LSTMSizes(1, 64, 32, 32, 28), 8), (OURS, "without"), 25, (30, 5)),
            Case("lanes/transformer", TrickSizes(SMALL, 8), (OURS, "without"), 12, (40, 12)),
        ),
        {OURS: BenchmarkSide("research.bench.ours.tricks"), "without": BenchmarkSide("research.bench.ours.tricks")},
        workers=None,
    ),
)


def benchmark_of(case: Case) -> Benchmark:
    """The benchmark that a case belongs to."""
    return next(benchmark for benchmark in BENCHMARKS if case.name.startswith(f"{benchmark.name}/"))


def side_of(case: Case, side: str) -> BenchmarkSide:
    """Where a side's work is. The sides of a growing size are its values, and all ours."""
    return benchmark_of(case).sides.get(side, BenchmarkSide("research.bench.ours.growth"))


def case_named(name: str) -> Case:
    """One case by its whole name."""
    return next(case for benchmark in BENCHMARKS for case in benchmark.cases if case.name == name)


def case_workers(case: Case) -> int | None:
    """Runs at a time of our side."""
    grows = isinstance(case.sizes, GrowthSizes) and case.sizes.along in ("members", "cells")
    return None if grows else benchmark_of(case).workers


def select_cases(names: Sequence[str]) -> tuple[Case, ...]:
    """The cases of benchmarks and cases by their names, in the registry's order; without a name, all that run by default.

    Raises StepladderError with the nearest name.
    """

    def is_chosen(benchmark: Benchmark, case: Case) -> bool:
        return bool({benchmark.name, case.name} & {*names}) if names else benchmark.by_default

    valid_names = [name for benchmark in BENCHMARKS for name in (benchmark.name, *(case.name for case in benchmark.cases))]
    for name in names:
        if name not in valid_names:
            hint = did_you_mean(name, valid_names) or "."
            listed = ", ".join(benchmark.name for benchmark in BENCHMARKS)
            raise StepladderError(f"{name} is no benchmark{hint} The benchmarks are {listed}; one case of it is BENCHMARK/CASE.")
    return tuple(case for benchmark in BENCHMARKS for case in benchmark.cases if is_chosen(benchmark, case))


def seconds_expected(case: Case, repeats: int) -> float:
    """About how long a case takes on two cores."""
    start_seconds, round_seconds = case.cost
    return float(start_seconds + repeats * round_seconds)
