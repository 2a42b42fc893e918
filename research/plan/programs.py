"""Which compiled program trains a config on its data."""

from hashlib import sha256

from research.config.cell_identity import canonical_json, program_key
from research.config.plain import Json
from research.config.schema import Config
from research.config.serialise import to_tree
from research.data.batches import steps_per_epoch
from research.data.dataset import Dataset
from research.tasks.registry import model_sizes
from research.train.optimiser import check_schedule
from research.train.update import Program


def program_of(config: Config, data: Dataset) -> Program:
    """The training program of a config: equal programs are compiled once."""
    steps, per_epoch = training_steps(config, data)
    check_schedule(config.optim.schedule, steps, per_epoch)
    return Program(program_key(config), model_sizes(config, data), steps, per_epoch)


def training_steps(config: Config, data: Dataset) -> tuple[int, int]:
    """How many steps a run takes, and how many an epoch has. Raises StepladderError where the data does not fill a batch."""
    per_epoch = steps_per_epoch(config.data, config.train.batch_size, data.train, config.train.buckets)
    train = config.train
    steps = train.epochs * per_epoch if isinstance(train.epochs, int) else train.steps
    assert isinstance(steps, int)
    return steps, per_epoch


def program_id(program: Program, config: Config, data_digest: str) -> str:
    """12 digits: runs with equal ones are trained, and scored, by one executable on one dataset."""
    steps = f"{program.steps} steps, {program.steps_per_epoch} an epoch, of sizes {tuple(program.sizes)}"
    words: Json = [to_tree(program.config, defaults=True), config.eval.model_dump(mode="json"), steps, data_digest]
    return sha256(canonical_json(words).encode()).hexdigest()[:12]
