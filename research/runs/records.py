"""The files of a run as they are read: what stands in result.json (with test.json) and in status.json."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from research.config.plain import Json


class Cost(TypedDict, total=False):
    """What a run took. `seconds`: core-seconds of compile, train and evaluate."""

    seconds: Mapping[str, float]
    tokens_per_second: float
    latency_ms: float | None
    peak_memory_mb: float


class Result(TypedDict, total=False):
    """A run's numbers: `metrics` and `scored_on`, the digests of what was scored, by split."""

    format: int
    code_version: int
    data_digest: str
    cell_id: str
    seed: int
    params: Mapping[str, int]
    flops_per_token: float
    tokens_seen: int
    steps: int
    best_step: int | None
    cost: Cost
    metrics: Mapping[str, Mapping[str, float | None]]
    scored_on: Mapping[str, Mapping[str, str]]
    extra: Mapping[str, int | float]
    signatures: Mapping[str, str]
    folds: Sequence[str]  # the cells of the folds that it is pooled of
    parents: Sequence[str]
    advice: Sequence[str]


class Status(TypedDict, total=False):
    """What became of a run, when it was last said, and at which of how many steps."""

    format: int
    code_version: int
    data_digest: str
    status: str
    step: int
    steps: int
    message: str
    updated: str


class RungWords(TypedDict):
    """Where a trial of a row that is halved stands, as `research.config.halving.Rung` says."""

    halving: int
    number: int
    rungs: int
    candidate: int
    duration: Mapping[str, int]


class CellEntry(TypedDict, total=False):
    """What a manifest says of a cell."""

    cell_id: str
    labels: Mapping[str, Json]
    config: Mapping[str, Json]
    data_digest: str
    seeds: Sequence[int]
    deterministic: bool
    state: str  # ok | cannot
    reason: str
    tuned: Mapping[str, Json]
    metrics: Sequence[str]
    predicted_seconds: float | None
    params: Mapping[str, int]
    flops_per_token: float | None
    extra: Mapping[str, int | float]
    lacks: Mapping[str, str]
    rung: RungWords
    advice: Sequence[str]


class Summary(TypedDict):
    """One cell in one JSON object."""

    cell_id: str
    status: str
    seeds: Mapping[str, int]
    config: Mapping[str, Json]
    params: Mapping[str, int] | None
    flops_per_token: float | None
    seconds: Mapping[str, float | None]
    valid: Mapping[str, float | None]
    test: Mapping[str, float | None]
    extra: Mapping[str, int | float]
    runs: Sequence[Mapping[str, Json]]
    labels: NotRequired[Mapping[str, Json]]
