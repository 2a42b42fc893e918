"""What a run will cost, before it starts: floating point operations over a rate, time steps that must follow each other, and compilation.

The constants were fitted to the runs of the quick presets on 2 cores of an AMD EPYC (AVX-512). Every table's last note has predicted
beside measured core-seconds, and where the runs folder has runs of this machine, `show` and `sweep` multiply by what these took
(`research.runs.costs`).
"""

from typing import Any

import numpy as np

from research.config.schema import Config
from research.data.buckets import bucket_widths
from research.data.dataset import Dataset, ExampleSplit, TextSplit
from research.data.eval_batches import scored_tokens
from research.models import MODELS
from research.tasks.registry import task_of
from research.tasks.sizes import Sizes
from research.tasks.translating import ROWS
from research.train import lanes
from research.train.fitted_runs import fitted_task
from research.train.update import Program

FLOPS_PER_SECOND = 4.0e10  # sustained by one core in training
SECONDS_PER_TIME_STEP = 2e-5  # of one recurrent layer, forward and backward
SECONDS_PER_STEP = 1e-3  # of one update, whatever its size
SECONDS_PER_PARAMETER = 3e-9  # of one update: the gradient is zeroed, clipped and taken in
SECONDS_PER_SYMBOL = 1e-3  # that a group of rows writes, whatever its size
SECONDS_PER_TOKEN_CUT = 6e-6  # of a text that is cut anew
SECONDS_PER_TOKEN_RANKED = 2.7e-6  # and for each segmentation of an n-best list
SHARE_OF_A_CORE = 0.6  # what each further core adds to a run that has several

COMPILE_SECONDS = 7.0  # of one program, on one core
START_SECONDS = 6.0  # imports, data, and the report


def price(config: Config, program: Program | None, data: Dataset, flops: float, parameters: int = 0) -> float:
    """Core-seconds of one run, without compilation."""
    if program is None:
        return _counting_seconds(config, data)
    share = _share_of_width(config, data)
    tokens = config.train.batch_size * program.sizes.length * share
    fixed = SECONDS_PER_STEP + parameters * SECONDS_PER_PARAMETER
    step = 3 * flops * tokens / FLOPS_PER_SECOND + fixed + share * _time_steps(config.model, program.sizes) * SECONDS_PER_TIME_STEP
    scoring = _tokens_scored(config, data) * flops / FLOPS_PER_SECOND
    return program.steps * step + scoring + _cutting_seconds(config, program, data) + _decoding_seconds(config, data, flops)


def _decoding_seconds(config: Config, data: Dataset, flops: float) -> float:
    """Of the test sources: as many symbols as a text may have, of each text or beam, one after another for so many rows at a time."""
    if not data.sides or not isinstance(data.train, ExampleSplit) or not isinstance(data.test, ExampleSplit):
        return 0.0
    symbols, n = data.train.targets.shape[1], len(data.test.inputs)
    texts = config.decode.hypotheses
    encoding_flops = n * data.test.source * flops
    return (encoding_flops + n * symbols * texts * flops) / FLOPS_PER_SECOND + -(-n // ROWS) * symbols * SECONDS_PER_SYMBOL


def _cutting_seconds(config: Config, program: Program, data: Dataset) -> float:
    """Of a text that is cut anew for every epoch: for one seed after another, while all lanes wait."""
    if config.data.reads != "text" or not config.data.regularisation.levels or not isinstance(data.train, TextSplit):
        return 0.0
    waiting_lanes = min(len(config.seeds), lanes.lane_count(len(config.seeds)))
    epochs = -(-program.steps // program.steps_per_epoch)
    return waiting_lanes * epochs * len(data.train) * (SECONDS_PER_TOKEN_CUT + config.data.regularisation.ranked * SECONDS_PER_TOKEN_RANKED)


def _share_of_width(config: Config, data: Dataset) -> float:
    """Of the columns of a row those that are computed, where training batches are cut to the longest row of their bucket."""
    if config.train.buckets == 1 or not isinstance(data.train, ExampleSplit):
        return 1.0
    widths = bucket_widths(data.train, config.train.buckets)
    return float(np.mean([source + target for source, target in widths])) / data.train.inputs.shape[1]


def total_seconds(runs: list[tuple[float, Any]], workers: int, cores: int = 1) -> float:
    """Seconds to the end of a sweep. runs: (core-seconds, program), with None for a run that is counted. `cores`: of a run.

    The runs of a program go through the workers together, as many waves as it takes; a program is compiled while another trains, and
    counted runs follow one another.
    """
    seconds_by_program: dict[Any, list[float]] = {}
    for seconds, program in runs:
        seconds_by_program.setdefault(program, []).append(seconds)
    counting_seconds = sum(seconds_by_program.pop(None, []))
    waves = sum(sum(sorted(group, reverse=True)[::workers]) for group in seconds_by_program.values())
    return (
        START_SECONDS
        + counting_seconds
        + waves / (1 + SHARE_OF_A_CORE * (cores - 1))
        + COMPILE_SECONDS * len(seconds_by_program) / min(workers, 2)
    )


def cores_for_a_run(runs: list[tuple[float, Any]], cores: int) -> int:
    """How many of the cores a run of a plan has: one, or all where each program has one run and the plan ends sooner so.

    runs: as `total_seconds` has them, all of the plan, so that the answer is that of program and words alone.
    """
    trained = [(seconds, program) for seconds, program in runs if program is not None]
    if not trained or len({program for _, program in trained}) < len(trained):
        return 1
    return cores if total_seconds(trained, 1, cores) < total_seconds(trained, cores) else 1


def _tokens_scored(config: Config, data: Dataset) -> float:
    """Tokens read by all validations and the test; a window longer than its stride reads a token several times."""
    times = config.train.evaluations
    if not isinstance(data.train, TextSplit):
        return float(times * scored_tokens(data.valid) + scored_tokens(data.test))
    windows, extra_windows = config.eval_length, sum(config.eval.also) + config.eval_length * (config.eval.misspelt > 0)
    tokens = times * windows * scored_tokens(data.valid) + (windows + extra_windows) * scored_tokens(data.test)
    return task_of(config).readings(config) * tokens / config.eval_stride


def _time_steps(model: Any, sizes: Sizes) -> int:
    """Steps of a scan over time in one update, over all layers."""
    return MODELS[type(model)].time_steps(model, sizes.length, sizes.source)


def _counting_seconds(config: Config, data: Dataset) -> float:
    tokens = len(data.train) if isinstance(data.train, TextSplit) else data.train.inputs.size
    return 0.2 + 0.6e-6 * tokens * fitted_task(config).passes(config.model)
