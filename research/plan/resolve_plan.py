"""A sweep, resolved once: every cell checked by its shapes, identified, ordered and priced before the first run.

What is resolved here is written down (`manifest`); reports read that and results, nothing else.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from research.config.cell_inputs import input_cell_id, inputs_digest
from research.config.errors import StepladderError
from research.config.loader import LoadedConfig
from research.config.resolve import canonical_config
from research.config.schema import Config
from research.config.sweep_points import SweepPoint
from research.config.unicode import decode_path
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.data.prompts import load_prompt_set, longest_query, prompt_queries
from research.plan.cell_record import file_checksums
from research.plan.match import CostInputs, match_costs
from research.plan.metric_names import valid_names
from research.plan.parent_checks import check_start
from research.plan.parents import Trial, inline_parts, parts_of, reference_to, source_names, with_references
from research.plan.plan_parts import fold_config, part_id, parts_of_cell
from research.plan.planned_cell import PlannedCell
from research.plan.planned_facts import with_facts
from research.plan.position_limits import beyond_training, check_reach
from research.plan.selection_metric import FALLBACKS, check_checkpoint_metric, resolve_selection_metric
from research.runs import store
from research.runs.sweep_manifest import sweep_name
from research.runs.trial_choice import Choice, choice_among, parse_reference
from research.tasks.registry import model_sizes, task_of
from research.train.fitted_files import check_files_of


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
        trials_by_row = {row: {cell.cell_id: cell for cell in trials} for row, trials in self._trials_by_row.items()}
        return tuple(_choice(row, trials, self.select) for row, trials in trials_by_row.items() if len(trials) > 1)

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
                rows.setdefault(cell.row_name, []).append(cell)
        return rows

    @property
    def name(self) -> str:
        """The sweep's, or the file's."""
        return sweep_name(self.loaded)


def _choice(row: str, trials: Mapping[str, PlannedCell], select: str) -> Choice:
    rungs = {cell_id: cell.rung for cell_id, cell in trials.items() if cell.rung}
    return choice_among(row, {cell_id: cell.seeds for cell_id, cell in trials.items()}, rungs, select)


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
    cells = _unique([cell for _, draft in identified for cell in (*parts_of_cell(draft), draft)])
    for cell in cells:
        check_start(cell, cells, runs_dir, data_dir)
    places = tuple(cell for _, cell in sorted(identified, key=lambda pair: pair[0]))
    return Plan(loaded, tuple(with_facts(cell, data_dir) for cell in cells), places, select, summary)


def _select_metric(loaded: LoadedConfig, drafts: Sequence[PlannedCell], data_dir: Path | None) -> str:
    """The metric of validation that chooses, checked against every tuned row; and each row's `train.select` is checked."""
    rows = {cell.row_name: cell.config for cell in reversed(drafts) if cell.config}
    rows = {row: fold_config(config, 0) if config.pooled else config for row, config in rows.items()}
    for row, config in rows.items():
        check_checkpoint_metric(config, load_dataset(config.data, data_dir), row)
    if loaded.sweep is None or not rows:
        return FALLBACKS[0]
    tuned = {cell.row_name for cell in drafts if cell.tuned} or {next(reversed(rows))}
    names = [(row, valid_names(config, load_dataset(config.data, data_dir))) for row, config in reversed(rows.items()) if row in tuned]
    return resolve_selection_metric(loaded.sweep.select, loaded.sweep.metric, [(row, available) for row, available in names if available])


def _data_facts(config: Config, data_dir: Path | None) -> CostInputs:
    data = load_dataset(config.data, data_dir)
    return CostInputs(model_sizes(config, data), task_of(config).scored_share(config, data))


def _placed(place: PlannedCell, cell: PlannedCell) -> PlannedCell:
    """The cell in one of the places that it fills: its facts, with the place's labels and words."""
    place_fields = ("labels", "tuned", "dropped", "config", "rung")
    return replace(cell, shown=True, **{name: getattr(place, name) for name in place_fields})


def _draft(point: SweepPoint) -> PlannedCell:
    config = point.config and _with_validation(point.config, bool(point.tuned))
    return PlannedCell(point.labels, config, point.cannot or "", tuned=point.tuned, dropped=point.dropped, rung=point.rung)


def _with_validation(config: Config, tuned: bool) -> Config:
    """Of folds: whether one is taken from training for validation."""
    data = config.data.with_validation(tuned, not config.fitted)
    return config if data is config.data else config.model_copy(update={"data": data})


def _within_reach(cell: PlannedCell, show: bool, data_dir: Path | None) -> PlannedCell:
    """The cell, or where `show` one that says why it cannot be: its learned positions end before the pairs that are scored do."""
    if cell.config is None or cell.config.data.asks != "targets":
        return cell
    reason = beyond_training(cell.config.model, load_dataset(cell.config.data, data_dir))
    if reason and not show:
        raise StepladderError(f"{cell.row_name}: {reason}.")
    return replace(cell, config=None, reason=reason) if reason else cell


def _identify(drafts: Sequence[PlannedCell], select: str, runs_dir: Path, data_dir: Path | None) -> list[tuple[int, PlannedCell]]:
    """The drafts with ids, children after the rows of this sweep that they start from, each with its number among the drafts."""
    rows = Counter(cell.row_name for cell in drafts)
    cells_by_row: dict[str, list[PlannedCell]] = {}

    def waits(cell: PlannedCell) -> bool:
        """Whether a row of this sweep that it starts from has cells without ids."""
        names = (split_seed(name, rows)[0] for name in source_names(cell.config))
        return any(name in rows and len(cells_by_row.get(name, ())) < rows[name] for name in names)

    waiting, identified = list(enumerate(drafts)), []
    while waiting:
        ready = [(index, cell) for index, cell in waiting if not waits(cell)]
        if not ready:
            circle = ", ".join(cell.row_name for _, cell in waiting)
            raise StepladderError(f"The rows {circle} start from each other in a circle. One of them must start from nothing.")
        for index, cell in ready:
            new_cell = _identified(cell, cells_by_row, select, runs_dir, data_dir)
            cells_by_row.setdefault(cell.row_name, []).append(new_cell)
            identified.append((index, new_cell))
        ready_indices = {index for index, _ in ready}
        waiting = [(index, cell) for index, cell in waiting if index not in ready_indices]
    return identified


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
    if parts_of(config):
        _check_named(cell, named_cells, data.digest)
        configs = {trial.cell_id: trial.config for trial in named_cells if trial.config}
        config = inline_parts(config, configs, partial(part_id, config, data_digest=data.digest))
    parents = tuple(split_seed(name, ())[0] for name in source_names(config))
    seed = split_seed(config.init.source, ())[1] if config.init and config.init.source else None
    if config.init and config.init.embeddings is not None:
        config = _with_init(config, embeddings=str(_vector_file(config.init.embeddings, data_dir)))
    check_files_of(config.model)
    if config.eval.prompts:
        _check_prompts(config, data)
    if config.run.sample_tokens and config.trained:
        check_reach(config.model, model_sizes(config, data), config.run.sample_tokens, "Lower run.sample_tokens")
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
    trials = [Trial(trial.cell_id, trial.config, trial.seeds if trial.config else (), trial.rung) for trial in cells_by_row[row]]
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
            f"The row {cell.row_name} mixes the row {other.row_name}, which has other data: their tokens are not the same. Give both "
            "rows one [data]."
        )
    if missing := [name for name in source_names(cell.config) if name == ""]:
        raise StepladderError(f"The row {cell.row_name} mixes {len(missing)} rows that cannot be. Leave it out, or let it mix others.")
    seeds = [
        name
        for name in source_names(cell.config)
        if split_seed(name, ())[1] is not None and name not in [trial.row_name for trial in named_cells]
    ]
    if seeds:
        raise StepladderError(f"The row {cell.row_name} mixes {seeds[0]!r}, one seed: parts are mixed seed by seed. Leave the seed out.")


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


def _unique(cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Each cell that can be once, a row of the table before a mere part; parents stay before children."""
    unique: dict[str, PlannedCell] = {}
    for cell in cells:
        if cell.config and (cell.cell_id not in unique or (cell.shown and not unique[cell.cell_id].shown)):
            unique[cell.cell_id] = cell
    return list(unique.values())
