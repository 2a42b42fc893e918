"""A sweep, resolved once: every cell checked by its shapes, identified, ordered and priced before the first run.

What is resolved here is written down (`manifest`); reports read that and results, nothing else.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
from pydantic import ValidationError

from research.classic.lexicon import load_lexicon
from research.config.cell_identity import cell_id, program_key
from research.config.classify import BagOfWords, CommonestTag, HiddenMarkov, NGramClassifier, Perceptron
from research.config.data import CrossValidated
from research.config.errors import StepladderError
from research.config.loader import LoadedConfig
from research.config.model import Interpolation, NGram
from research.config.pairs import Pairs
from research.config.resolve import canonical_config
from research.config.rules import Rules
from research.config.schema import Config
from research.config.sweep import SweepPoint
from research.config.unicode import decode_path
from research.config.value_labels import plain_label
from research.data.batches import steps_per_epoch
from research.data.dataset import Dataset
from research.data.download import sha256_of
from research.data.loading import load_dataset
from research.data.prompts import load_prompt_set, longest_query, prompt_queries
from research.launch.cell_record import BUILT_IN, file_checksums, input_cell_id, inputs_digest, open_cell, with_vector_checksum
from research.launch.match import CostInputs, match_costs
from research.launch.metric_names import valid_names
from research.launch.parents import Trial, inline_parts, reference_to, source_names, with_references
from research.launch.position_limits import beyond_training, check_reach
from research.launch.price import price
from research.launch.selection_metric import FALLBACKS, check_checkpoint_metric, resolve_selection_metric
from research.models.count import count_parameters_in, flops_per_token
from research.models.warm_start import inherited_part
from research.results import store
from research.results.sweep_manifest import sweep_name
from research.results.trial_choice import Choice, parse_reference
from research.tasks.language_modelling import unavailable_metrics
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes, task_of
from research.tasks.sizes import init_sizes
from research.text.spacing import advice_on_bleu
from research.train import checkpoint
from research.train.frozen import check_freeze
from research.train.initial_vectors import type_vectors, vector_coverage
from research.train.optimiser import check_schedule
from research.train.update import Program, abstract_state


@dataclass(frozen=True)
class PlannedCell:
    """A config with its identity, its place in the table and what is known of it before it is run."""

    labels: dict[str, Any]
    config: Config | None  # None where the combination cannot be
    reason: str = ""
    cell_id: str = ""
    data_digest: str = ""
    tuned: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[Any, ...] = ()
    parents: tuple[str, ...] = ()  # cells that must be run before it
    parent_seed: int | None = None  # the one seed of its parent that every seed starts from; None: seed k starts from seed k
    facts: dict[str, Any] = field(default_factory=dict)  # params, flops_per_token, lacks, extra
    predicted_seconds: float = 0.0  # core-seconds of one run, without compilation
    settled_parts: bool = True  # whether the rows that a mixture names give one result for all seeds
    shown: bool = True  # False for the parts of an interpolation that are no row of their own

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds to be run: one where chance plays no part."""
        assert self.config is not None
        return self.config.seeds[:1] if self.deterministic else self.config.seeds

    @property
    def deterministic(self) -> bool:
        """Whether all seeds give one result."""
        assert self.config is not None
        model = self.config.model
        if isinstance(model, BagOfWords):
            return not isinstance(model.learner, Perceptron)
        if isinstance(model, Interpolation):
            return self.settled_parts and all(isinstance(part, NGram | str) for part in model.parts)
        return isinstance(model, NGram | Rules | NGramClassifier | CommonestTag | HiddenMarkov)


@dataclass(frozen=True)
class Plan:
    loaded: LoadedConfig
    cells: tuple[PlannedCell, ...]  # each cell once, parents before children
    places: tuple[PlannedCell, ...]  # every point of the sweep, in its order; several of them may be one cell
    select: str  # the metric of validation that chooses among the values of `tune`
    matched: str = ""  # what `match` solved, and how far from the target each cell is

    @property
    def rows(self) -> tuple[PlannedCell, ...]:
        """The places with what is known of their cells."""
        cells = {cell.cell_id: cell for cell in self.cells if cell.config}
        return tuple(_placed(place, cells[place.cell_id]) if place.config else place for place in self.places)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """A choice for each row whose values are tried."""
        trial_seeds = {row: {cell.cell_id: cell.seeds for cell in trials} for row, trials in self._trials_by_row.items()}
        return tuple(Choice(row, trials, self.select) for row, trials in trial_seeds.items() if len(trials) > 1)

    @property
    def settled(self) -> frozenset[str]:
        """The cells that stand for a row whatever validation says: their test split is scored at once."""
        trial_ids = {cell.cell_id for trials in self._trials_by_row.values() for cell in trials if len(trials) > 1}
        untuned = {cell.cell_id for cell in self.places if cell.config and not cell.tuned}
        return frozenset({cell.cell_id for cell in self.places if cell.config and cell.cell_id not in trial_ids} | untuned)

    @property
    def _trials_by_row(self) -> dict[str, list[PlannedCell]]:
        """The cells with tuned values of each row."""
        rows: dict[str, list[PlannedCell]] = {}
        for cell in self.places:
            if cell.tuned and cell.config is not None:
                rows.setdefault(_row_name(cell), []).append(cell)
        return rows

    @property
    def name(self) -> str:
        """The sweep's, or the file's."""
        return sweep_name(self.loaded)


def resolve_plan(loaded: LoadedConfig, runs_dir: Path, data_dir: Path | None) -> Plan:
    """Every cell of a file, checked. Raises StepladderError for whatever would fail later."""
    points, summary = loaded.points(), ""
    if loaded.sweep and loaded.sweep.match:
        points, summary = match_costs(points, loaded.sweep.match, lambda config: _data_facts(config, data_dir))
    if loaded.sweep is None:
        points = tuple(point._replace(labels={"label": loaded.path.stem}) for point in points)
    show = loaded.sweep is not None and loaded.sweep.impossible == "show"
    drafts = [_within_reach(_draft(point), show, data_dir) for point in points]
    select = _select_metric(loaded, drafts, data_dir)
    identified = _identify(drafts, select, runs_dir, data_dir)
    cells = _unique([cell for _, draft in identified for cell in (*_parts(draft), draft)])
    for cell in cells:
        _check_start(cell, cells, runs_dir, data_dir)
    places = tuple(cell for _, cell in sorted(identified, key=lambda pair: pair[0]))
    return Plan(loaded, tuple(_with_facts(cell, data_dir) for cell in cells), places, select, summary)


def _select_metric(loaded: LoadedConfig, drafts: Sequence[PlannedCell], data_dir: Path | None) -> str:
    """The metric of validation that chooses, checked against every tuned row; and each row's `train.select` is checked."""
    rows = {_row_name(cell): cell.config for cell in reversed(drafts) if cell.config}
    rows = {row: _fold_config(config, 0) if config.pooled else config for row, config in rows.items()}
    for row, config in rows.items():
        check_checkpoint_metric(config, load_dataset(config.data, data_dir), row)
    if loaded.sweep is None or not rows:
        return FALLBACKS[0]
    tuned = {_row_name(cell) for cell in drafts if cell.tuned} or {next(reversed(rows))}
    names = [(row, valid_names(config, load_dataset(config.data, data_dir))) for row, config in reversed(rows.items()) if row in tuned]
    return resolve_selection_metric(loaded.sweep.select, loaded.sweep.metric, [(row, available) for row, available in names if available])


def _data_facts(config: Config, data_dir: Path | None) -> CostInputs:
    data = load_dataset(config.data, data_dir)
    return CostInputs(model_sizes(config, data), task_of(config).scored_share(config, data))


def _placed(place: PlannedCell, cell: PlannedCell) -> PlannedCell:
    """The cell in one of the places that it fills: its facts, with the place's labels and words."""
    place_fields = ("labels", "tuned", "dropped", "config")
    return replace(cell, shown=True, **{name: getattr(place, name) for name in place_fields})


def program_of(config: Config, data: Dataset) -> Program:
    """The training program of a config: equal programs are compiled once."""
    per_epoch = steps_per_epoch(config.data, config.train.batch_size, data.train, config.train.buckets)
    train = config.train
    steps = train.epochs * per_epoch if isinstance(train.epochs, int) else train.steps
    assert isinstance(steps, int)
    check_schedule(config.optim.schedule, steps, per_epoch)
    return Program(program_key(config), model_sizes(config, data), steps, per_epoch)


def _draft(point: SweepPoint) -> PlannedCell:
    config = point.config and _with_validation(point.config, bool(point.tuned))
    return PlannedCell(point.labels, config, point.cannot or "", tuned=point.tuned, dropped=point.dropped)


def _with_validation(config: Config, tuned: bool) -> Config:
    """Of folds: whether one is taken from training for validation. It is where training, or a tuned value, is chosen by it."""
    if not isinstance(config.data, CrossValidated) or config.data.folds == "off":
        return config
    if tuned and config.data.validation == "none":
        raise StepladderError("data.validation = none leaves nothing by which `tune` could choose; leave it out, or tune nothing.")
    if config.data.validation != "when_needed":
        return config
    needed = tuned or not config.fitted
    if needed and config.data.folds == 2:
        raise StepladderError("data.folds = 2 leaves no fold to train on beside test and validation; use more folds.")
    data = config.data.model_copy(update={"validation": "next_fold" if needed else "none"})
    return config.model_copy(update={"data": data})


def _within_reach(cell: PlannedCell, show: bool, data_dir: Path | None) -> PlannedCell:
    """The cell, or where `show` one that says why it cannot be: its learned positions end before the pairs that are scored do."""
    if cell.config is None or not isinstance(cell.config.data, Pairs):
        return cell
    reason = beyond_training(cell.config.model, load_dataset(cell.config.data, data_dir))
    if reason and not show:
        raise StepladderError(f"{_row_name(cell)}: {reason}.")
    return replace(cell, config=None, reason=reason) if reason else cell


def _identify(drafts: Sequence[PlannedCell], select: str, runs_dir: Path, data_dir: Path | None) -> list[tuple[int, PlannedCell]]:
    """The drafts with ids, children after the rows of this sweep that they start from, each with its number among the drafts."""
    rows = Counter(_row_name(cell) for cell in drafts)
    cells_by_row: dict[str, list[PlannedCell]] = {}

    def waits(cell: PlannedCell) -> bool:
        """Whether a row of this sweep that it starts from has cells without ids."""
        names = (split_seed(name, rows)[0] for name in source_names(cell.config))
        return any(name in rows and len(cells_by_row.get(name, ())) < rows[name] for name in names)

    waiting, identified = list(enumerate(drafts)), []
    while waiting:
        ready = [(index, cell) for index, cell in waiting if not waits(cell)]
        if not ready:
            circle = ", ".join(_row_name(cell) for _, cell in waiting)
            raise StepladderError(f"The rows {circle} start from each other in a circle. One of them must start from nothing.")
        for index, cell in ready:
            new_cell = _identified(cell, cells_by_row, select, runs_dir, data_dir)
            cells_by_row.setdefault(_row_name(cell), []).append(new_cell)
            identified.append((index, new_cell))
        ready_indices = {index for index, _ in ready}
        waiting = [(index, cell) for index, cell in waiting if index not in ready_indices]
    return identified


def _row_name(cell: PlannedCell) -> str:
    """What `init.from` calls a row of the same sweep."""
    return plain_label(cell.labels)


def split_seed(name: str, rows: Container[str]) -> tuple[str, int | None]:
    """A name of a row, or of a cell, and the seed behind its slash, where there is one."""
    row, _, seed = name.rpartition("/")
    return (row, int(seed)) if name not in rows and row and seed.isdigit() and parse_reference(name) is None else (name, None)


def _identified(
    cell: PlannedCell, cells_by_row: Mapping[str, list[PlannedCell]], select: str, runs_dir: Path, data_dir: Path | None
) -> PlannedCell:
    """The cell with its id. `cells_by_row`: the cells that have ids already."""
    if cell.config is None:
        return cell
    config = with_references(canonical_config(cell.config), lambda name: _resolve_name(name, cells_by_row, select, runs_dir))
    data = load_dataset(config.data, data_dir)
    named_cells = [
        trial for name in source_names(cell.config) for trial in cells_by_row.get(split_seed(name, cells_by_row)[0], ()) if trial.config
    ]
    if isinstance(config.model, Interpolation):
        _check_named(cell, named_cells, data.digest)
        configs = {trial.cell_id: trial.config for trial in named_cells if trial.config}
        config = inline_parts(config, configs, partial(_part_id, config, data_digest=data.digest))
    parents = tuple(split_seed(name, ())[0] for name in source_names(config))
    seed = split_seed(config.init.source, ())[1] if config.init and config.init.source else None
    if config.init and config.init.embeddings is not None:
        config = _with_init(config, embeddings=str(_vector_file(config.init.embeddings, data_dir)))
    if isinstance(config.model, Rules) and config.model.lexicon != BUILT_IN:
        load_lexicon(config.model.lexicon)  # a mistake in it is said before anything is run
    if config.eval.prompts:
        _check_prompts(config, data)
    files = file_checksums(config, data_dir)
    return replace(
        cell,
        config=config,
        parents=parents,
        parent_seed=seed,
        cell_id=input_cell_id(config, data.digest, files),
        data_digest=inputs_digest(data.digest, files),
        settled_parts=all(trial.deterministic for trial in named_cells),
    )


def _resolve_name(name: str, cells_by_row: Mapping[str, list[PlannedCell]], select: str, runs_dir: Path) -> str:
    """What stands for a name: a row's reference or the cell_id of a run that is there, with the seed behind it where one is named."""
    row, seed = split_seed(name, cells_by_row)
    if row not in cells_by_row:
        return _existing_run(name, runs_dir)
    trials = [Trial(trial.cell_id, trial.config, trial.seeds if trial.config else ()) for trial in cells_by_row[row]]
    reference = reference_to(row, trials, select)
    if seed is not None and parse_reference(reference) is not None:
        raise StepladderError(
            f"{name!r} names a seed of the tuned row {row!r}: each seed starts from its own of the chosen trial. Leave it out."
        )
    return f"{reference}/{seed}" if reference and seed is not None else reference


def _check_named(cell: PlannedCell, named_cells: Sequence[PlannedCell], digest: str) -> None:
    """A mixture's named rows are of its own data, and are mixed seed by seed."""
    if other := next((trial for trial in named_cells if trial.data_digest != digest), None):
        raise StepladderError(
            f"The row {_row_name(cell)} mixes the row {_row_name(other)}, which has other data: their tokens are not the same. Give both "
            "rows one [data]."
        )
    if missing := [name for name in cell.config.model.parts if name == ""]:  # type: ignore[union-attr]
        raise StepladderError(f"The row {_row_name(cell)} mixes {len(missing)} rows that cannot be. Leave it out, or let it mix others.")
    seeds = [
        name
        for name in source_names(cell.config)
        if split_seed(name, ())[1] is not None and name not in [_row_name(trial) for trial in named_cells]
    ]
    if seeds:
        raise StepladderError(f"The row {_row_name(cell)} mixes {seeds[0]!r}, one seed: parts are mixed seed by seed. Leave the seed out.")


def _with_init(config: Config, **fields: str) -> Config:
    assert config.init is not None
    return config.model_copy(update={"init": config.init.model_copy(update=fields)})


def _vector_file(file: str, data_dir: Path | None) -> Path:
    candidates = [decode_path(file), *([data_dir / decode_path(file)] if data_dir else [])]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise StepladderError(
        f"init.embeddings = {file!r} is no file (looked for {' and '.join(map(str, candidates))}). It holds word vectors in the format of "
        "word2vec, as text or binary, or of GloVe."
    )


def _check_prompts(config: Config, data: Dataset) -> None:
    """Raises StepladderError for a mistake in a prompt set, and for a line beyond a model's last position."""
    prompt_set = load_prompt_set(config.eval, data.vocabulary)
    assert prompt_set is not None
    needed = max(longest_query(prompt_queries(prompt_set, seed)) for seed in config.seeds)
    check_reach(config.model, model_sizes(config, data), needed, "Shorten the lines of eval.prompts.file, ask for fewer examples")


def _existing_run(source: str, runs_dir: Path) -> str:
    """The cell_id of a run that is there already, with the seed where one is named."""
    if parse_reference(source) is not None:
        return source
    run = store.find_run(runs_dir, source)
    if run.folder.resolve() != store.cell_folder(runs_dir, run.cell_id).resolve():
        raise StepladderError(f"init.from = {source!r} is in another runs folder; copy {run.folder} to {runs_dir}, or give --runs.")
    return run.cell_id if run.seed is None else f"{run.cell_id}/{run.seed}"


def _check_start(cell: PlannedCell, cells: Sequence[PlannedCell], runs_dir: Path, data_dir: Path | None) -> None:
    """A run that starts from another has its vocabulary and its shapes, and what it freezes is there."""
    if cell.config is None or cell.config.init is None or cell.config.pooled:
        return
    shapes = _shapes(cell.config, data_dir)
    if cell.config.init.source is not None:
        _check_parent(cell, cells, shapes, runs_dir, data_dir)
    check_freeze(cell.config, shapes)


def _check_parent(cell: PlannedCell, cells: Sequence[PlannedCell], shapes: Any, runs_dir: Path, data_dir: Path | None) -> None:
    """Each parent has the seeds and the shapes that the cell starts from. `shapes`: of the cell's parameters."""
    assert cell.config is not None
    child, source = cell.config, cell.parents[0]
    if not source:
        raise StepladderError(f"The row {_row_name(cell)} starts from a row that cannot be. Leave it out, or let it start from another.")
    choice = parse_reference(source)
    for parent_id in choice.trials if choice else (source,):
        planned = next((other for other in cells if other.cell_id == parent_id), None)
        folder = store.cell_folder(runs_dir, parent_id)
        parent = planned.config if planned and planned.config else open_cell(folder, data_dir).config
        _check_seeds(cell, parent_id, planned.seeds if planned else _usable_seeds(folder))
        _check_fits(child, parent, parent_id, shapes, data_dir)


def _check_fits(child: Config, parent: Config, source: str, child_shapes: Any, data_dir: Path | None) -> None:
    if not parent.trained:
        raise StepladderError(f"init.from = {source!r} is no trained run ({parent.model.kind}), so it has no parameters to start from.")
    if load_dataset(parent.data, data_dir).vocabulary != load_dataset(child.data, data_dir).vocabulary:
        raise StepladderError(f"init.from = {source!r} was trained on another vocabulary, so its embedding would stand for other symbols.")
    if mismatches := checkpoint.mismatches(*_inherited_shapes(child, parent, child_shapes, _shapes(parent, data_dir))):
        raise StepladderError(f"init.from = {source!r} is not of this model: {'; '.join(mismatches)}. Give this cell the parent's [model].")


def _inherited_shapes(child: Config, parent: Config, child_shapes: Any, parent_shapes: Any) -> tuple[Any, Any]:
    """What is taken over, and its place: everything, or what the entry of this pair of models says."""
    start = inherited_part(parent, child)
    if start is None:
        return parent_shapes, child_shapes
    if reason := start.unfit(child.model):
        raise StepladderError(reason)
    return jax.eval_shape(start.part, parent_shapes, child_shapes), start.place(child_shapes)


def _usable_seeds(folder: Path) -> tuple[int, ...]:
    """The seeds of a cell outside the plan that are done, or that another process is at."""
    return tuple(
        seed for seed in store.seeds_of(folder) if store.status_of(folder / f"seed-{seed}") in (*store.TRAINED_STATUSES, "running")
    )


def _check_seeds(cell: PlannedCell, parent: str, present: tuple[int, ...]) -> None:
    """Every seed has the parent's seed that it starts from."""
    needed = cell.seeds if cell.parent_seed is None else (cell.parent_seed,)
    if missing := [seed for seed in needed if seed not in present]:
        available = f"has the seeds {', '.join(map(str, present))}" if present else "has no seed that is done"
        start = f'init.from = "{parent}/{present[0]}"' if present else "a parent that is done"
        raise StepladderError(
            f"{_row_name(cell) or cell.cell_id} starts from {parent}, which {available}, and needs {', '.join(map(str, missing))}, as "
            f"seed k starts from seed k. Train these seeds of it first, or start all from one with {start}."
        )


def _shapes(config: Config, data_dir: Path | None) -> Any:
    return jax.eval_shape(partial(init_params, config, model_sizes(config, load_dataset(config.data, data_dir))), jax.random.key(0))


def _parts(cell: PlannedCell) -> tuple[PlannedCell, ...]:
    """The cells that an interpolation is made of: its own data, training and seeds, and one model each; or those of a row of folds."""
    if cell.config is None:
        return ()
    if cell.config.pooled:
        return _folds(cell)
    if not isinstance(cell.config.model, Interpolation):
        return ()
    configs = tuple(part_config(cell.config, part) for part in cell.config.model.parts if not isinstance(part, str))
    return tuple(
        PlannedCell({}, canonical_config(config), cell_id=cell_id(config, cell.data_digest), data_digest=cell.data_digest, shown=False)
        for config in configs
    )


def _folds(cell: PlannedCell) -> tuple[PlannedCell, ...]:
    """The cells of a row of folds, each of which starts as the row says."""
    assert cell.config is not None
    assert isinstance(cell.config.data, CrossValidated)
    assert cell.config.data.folds != "off"
    cells = []
    for number in range(cell.config.data.folds):
        config = _fold_config(cell.config, number)
        labels = cell.labels | {"fold": f"fold {number}"}
        identity = cell_id(with_vector_checksum(config, file_checksums(config, None)), cell.data_digest)
        cells.append(replace(cell, labels=labels, config=config, cell_id=identity, dropped=(), shown=False))
    return tuple(cells)


def _fold_config(config: Config, number: int) -> Config:
    """The config of one fold of a row."""
    return config.model_copy(update={"data": config.data.model_copy(update={"fold": number})})


def part_config(config: Config, part: Any) -> Config:
    """The config of one part of an interpolation. Raises StepladderError where the part cannot be trained on the whole's data."""
    excluded = ("model", "optim", "train") if isinstance(part, NGram) else ("model",)
    fields = {name: getattr(config, name) for name in config.model_fields_set if name not in excluded}
    try:
        return Config(**fields, model=part)
    except ValidationError as error:
        raise StepladderError(f"The part {part.kind} of model.kind = interpolation cannot be: {error.errors()[0]['msg']}.") from None


def _part_id(config: Config, part: Any, data_digest: str) -> str:
    """The cell_id of one part of an interpolation."""
    return cell_id(part_config(config, part), data_digest)


def _unique(cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Each cell that can be once, a row of the table before a mere part; parents stay before children."""
    unique: dict[str, PlannedCell] = {}
    for cell in cells:
        if cell.config and (cell.cell_id not in unique or (cell.shown and not unique[cell.cell_id].shown)):
            unique[cell.cell_id] = cell
    return list(unique.values())


def _with_facts(cell: PlannedCell, data_dir: Path | None) -> PlannedCell:
    """Shapes evaluated, parameters and FLOPs counted, the run priced."""
    assert cell.config is not None
    if cell.config.pooled:
        return replace(cell, parents=tuple(fold.cell_id for fold in _folds(cell)), predicted_seconds=0.1)
    config, data = cell.config, load_dataset(cell.config.data, data_dir)
    if isinstance(config.model, Interpolation):
        parts = tuple(part if isinstance(part, str) else _part_id(config, part, data.digest) for part in config.model.parts)
        return replace(cell, parents=parts, predicted_seconds=0.1)
    if not config.trained:
        return replace(cell, predicted_seconds=price(config, None, data, 0.0))
    program = program_of(config, data)
    counts = count_parameters_in(config.model, abstract_state(program)[1].params)  # a mistake that only shapes show is raised here
    flops = flops_per_token(config.model, *init_sizes(config.model, program.sizes), scored=task_of(config).scored_share(config, data))
    facts = {"params": counts._asdict(), "flops_per_token": flops} | (
        {"lacks": impossible} if (impossible := unavailable_metrics(config)) else {}
    )
    facts |= embedding_facts(config, data) | advice_facts(config, data)
    return replace(cell, facts=facts, predicted_seconds=price(config, program, data, flops, counts.total))


def embedding_facts(config: Config, data: Dataset) -> dict[str, Any]:
    """Of a cell that begins with word vectors: their file and checksum, and under `extra` what they cover, as columns of a table."""
    if config.init is None or config.init.embeddings is None:
        return {}
    path = decode_path(config.init.embeddings)
    params = jax.eval_shape(partial(init_params, config, model_sizes(config, data)), jax.random.key(0))
    file_coverage = vector_coverage(config.model, params, type_vectors(path, data.vocabulary), data, config.init.embeddings)
    file = {"file": config.init.embeddings, "sha256": sha256_of(path), "covered": file_coverage.covered, "types": file_coverage.types}
    return {
        "embeddings": file,
        "extra": {"covered_types": file_coverage.covered / file_coverage.types, "covered_tokens": file_coverage.share},
    }


def advice_facts(config: Config, data: Dataset) -> dict[str, Any]:
    """What a reader of the table is to be told of the data beforehand."""
    advice = advice_on_bleu(config.data.bleu_tokenizer, data.pairs["test"].targets) if isinstance(config.data, Pairs) else ""
    return {"advice": [advice]} if advice else {}
