"""The identity of a cell: what changes it, what does not, and ids that must never change."""

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from config_strategies import configs, trees
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.cell_identity import CODE_VERSION, canonical_json, cell_id, identity_tree, program_key
from research.config.corpora import TextCorpus
from research.config.evaluation import Evaluation
from research.config.merge import with_default_kinds
from research.config.resolve import canonical_config
from research.config.schema import Config
from research.config.sentences import Labelled
from research.config.serialise import to_tree
from research.config.warm_start import WarmStart
from scripts.golden_ids import missing_kinds

GOLDEN = json.loads((Path(__file__).parent / "golden_ids.json").read_text())
TREE: dict[str, Any] = {"data": {"kind": "shakespeare"}, "model": {"kind": "language_model"}}


def config(**sections: Any) -> Config:
    return Config.model_validate(with_default_kinds(TREE | sections))


def identity(**sections: Any) -> str:
    return cell_id(config(**sections), "digest")


@pytest.mark.parametrize("name", GOLDEN["cells"])
def test_ids_are_what_they_were(name: str) -> None:
    case = GOLDEN["cells"][name]
    found = Config.model_validate(with_default_kinds(case["config"]))
    advice = (
        "Results on disk are found by this id. A new field must have a default that means what the code did before. Only where results "
        "change on purpose, raise CODE_VERSION in research/config/cell_identity.py and write the new ids into golden_ids.json."
    )
    assert GOLDEN["code_version"] == CODE_VERSION, advice
    assert cell_id(found, "digest") == case["cell_id"], f"The id of `{name}` has changed. {advice}"


def differences(before: Any, after: Any, key: str = "") -> list[str]:
    """What was there and is different now; what is new does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for name in before for line in differences(before[name], after.get(name), f"{key}.{name}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [line for i, pair in enumerate(zip(before, after, strict=True)) for line in differences(*pair, f"{key}.{i}")]
    return [] if before == after else [f"{key[1:]}: {before} -> {after}"]


@pytest.mark.parametrize("name", GOLDEN["cells"])
def test_no_default_changes_its_meaning_under_an_old_id(name: str) -> None:
    case = GOLDEN["cells"][name]
    changed = differences(case["meaning"], to_tree(Config.model_validate(with_default_kinds(case["config"])), defaults=True))
    assert not changed, f"A default has changed ({', '.join(changed)}), so an old id would stand for new results: raise CODE_VERSION."


def shuffled(tree: Any, random: Random) -> Any:
    if not isinstance(tree, dict):
        return tree
    items = list(tree.items())
    random.shuffle(items)
    return {key: shuffled(value, random) for key, value in items}


@settings(deadline=None, max_examples=100)
@given(trees(), st.randoms())
def test_neither_the_order_of_keys_nor_spelled_defaults_matter_and_a_program_key_is_its_own(tree: dict[str, Any], random: Random) -> None:
    """Of one drawn config, which is what takes time."""
    config = Config.model_validate(tree)
    assert cell_id(Config.model_validate(shuffled(tree, random)), "digest") == cell_id(config, "digest")
    spelled = Config.model_validate(to_tree(config, defaults=True))
    assert canonical_json(identity_tree(spelled, "digest")) == canonical_json(identity_tree(config, "digest"))
    assert program_key(program_key(config)) == program_key(config)


@settings(deadline=None, max_examples=40)
@given(configs(), configs(), st.sampled_from(["data", "model", "optim", "train", "eval"]))
def test_a_section_that_means_something_changes_the_id(one: Config, other: Config, section: str) -> None:
    mixed = one.model_copy(update={section: getattr(other, section)})
    matters = section in identity_tree(mixed, "digest") or section in identity_tree(one, "digest")
    same = _meant(one, getattr(canonical_config(one), section)) == _meant(one, getattr(canonical_config(mixed), section))
    if matters and one.data.kind != "files":
        assert (cell_id(one, "digest") == cell_id(mixed, "digest")) == same
    assert cell_id(one, "digest") != cell_id(one, "other digest")


UNREAD = {"bag_of_words": ["length"], "ngram_classifier": ["length"], "rules": ["level", "length", "lower", "vocabulary"]}


def _meant(config: Config, section: Any) -> Any:
    """A section of a config without what means nothing to its model, windows to counts, and without a prompt set's path."""
    if isinstance(section, Evaluation) and section.prompts:
        section = section.model_copy(update={"prompts": section.prompts.model_copy(update={"file": ""})})
    if isinstance(section, Labelled):
        defaults = {word: type(section).model_fields[word].default for word in UNREAD.get(config.model.kind, [])}
        return section.model_copy(update=defaults)
    if config.model.kind != "ngram" or not isinstance(section, TextCorpus):
        return section
    return section.model_copy(update={"length": 1, "batches": "windows"})


def test_seeds_logistics_and_paths_do_not_matter() -> None:
    assert identity(seeds=5, run={"log_every": 1}) == identity()
    files = {"kind": "files", "train": "a", "valid": "b", "test": "c"}
    assert identity(data=files) == identity(data=files | {"train": "elsewhere/a"})
    assert identity(data=files) != identity(data=files | {"level": "char"})


def test_numbers_are_canonical() -> None:
    assert identity(optim={"learning_rate": 1e-3}) == identity(optim={"learning_rate": 0.001}) == identity()
    assert identity(optim={"learning_rate": 1}) == identity(optim={"learning_rate": 1.0})
    assert identity(optim={"clip": 1}) == identity(optim={"clip": 1.0})
    lstm = {"kind": "language_model", "mixer": {"kind": "lstm", "forget_bias": 0.0}}
    negative = deepcopy(lstm)
    negative["mixer"]["forget_bias"] = -0.0  # type: ignore[index]
    assert identity(model=lstm) == identity(model=negative) != identity(model={"kind": "language_model", "mixer": {"kind": "lstm"}})


def test_a_parent_is_part_of_the_identity() -> None:
    child = [identity(), identity(init={"from": "abc"}), identity(init={"from": "abd"}), identity(init={"from": "abc", "freeze": ["x"]})]
    assert len(set(child)) == 4


def test_interpolated_counts_have_no_training() -> None:
    model = {"kind": "interpolation", "parts": [{"kind": "ngram", "order": 1}, {"kind": "ngram", "order": 2}]}
    assert identity(model=model, optim={"learning_rate": 1.0}) == identity(model=model)
    model["parts"][0] = {"kind": "language_model"}  # type: ignore[index]
    assert identity(model=model, optim={"learning_rate": 1.0}) != identity(model=model)


TRACED: list[dict[str, Any]] = [
    {"optim": {"learning_rate": 0.5}},
    {"optim": {"weight_decay": 0.5}},
    {"seeds": 7},
    {"run": {"log_every": 3}},
    {"model": TREE["model"] | {"init": {"kind": "uniform", "scale": 0.3}}},
    {"init": {"from": "abc"}},
    {"eval": {"prompts": {"file": "a", "examples": 2}}},
]
STRUCTURE: list[dict[str, Any]] = [
    {"optim": {"weight_decay": 0.0}},
    {"optim": {"clip": 1.0}},
    {"optim": {"kind": "sgd"}},
    {"optim": {"schedule": {"kind": "cosine"}}},
    {"train": {"label_smoothing": 0.1}},
    {"train": {"batch_size": 8}},
    {"model": TREE["model"] | {"dropout": {"input": 0.1}}},
    {"init": {"from": "abc", "freeze": ["embedding"]}},
]


@pytest.mark.parametrize("sections", TRACED)
def test_traced_numbers_share_a_program(sections: dict[str, Any]) -> None:
    assert program_key(config(**sections)) == program_key(config())
    assert hash(program_key(config(**sections))) == hash(program_key(config()))


@pytest.mark.parametrize("sections", STRUCTURE)
def test_structure_is_a_program_of_its_own(sections: dict[str, Any]) -> None:
    assert program_key(config(**sections)) != program_key(config())


def mixer(**words: Any) -> Config:
    return config(model=TREE["model"] | {"mixer": words})


ORTHOGONAL = {"recurrent_init": {"kind": "orthogonal", "scale": 1.1}}
PATTERN = [{"kind": "lstm", "forget_bias": 3.0}, {"kind": "elman"} | ORTHOGONAL]


def test_initial_values_of_a_mixer_share_a_program_and_not_an_id() -> None:
    pattern, plain = (config(model=TREE["model"] | {"mixer": kinds}) for kinds in (PATTERN, [{"kind": "lstm"}, {"kind": "elman"}]))
    pairs = [
        (mixer(kind="elman", **ORTHOGONAL), mixer(kind="elman")),
        (mixer(kind="lstm", forget_bias=3.0), mixer(kind="lstm", forget_bias=0.0)),
        (pattern, plain),
    ]
    for one, other in pairs:
        assert program_key(one) == program_key(other)
        assert cell_id(one, "digest") != cell_id(other, "digest")
    assert program_key(mixer(kind="elman", nonlinearity="linear")) != program_key(mixer(kind="elman"))
    assert program_key(mixer(kind="lstm")) != program_key(mixer(kind="elman"))


def test_what_is_frozen_is_structure_and_whence_is_not() -> None:
    one, other = (config(init={"from": source, "freeze": ["embedding"]}) for source in "ab")
    assert program_key(one) == program_key(other)
    assert isinstance(program_key(one).init, WarmStart)


def test_counts_are_one_cell_whatever_window_their_neighbours_have() -> None:
    model = {"kind": "ngram", "order": 3}
    plain = {"data": {"kind": "shakespeare"}, "model": model}
    windowed = {"data": {"kind": "shakespeare", "length": 32, "batches": "columns"}, "model": model, "eval": {"context": "sentence"}}
    assert len({cell_id(Config.model_validate(with_default_kinds(tree)), "digest") for tree in (plain, windowed)}) == 1


def test_examples_before_a_prompt_mean_nothing_to_counts() -> None:
    counted = lambda **words: cell_id(config(model={"kind": "ngram", "order": 3}, eval=words), "digest")
    asked = [counted(prompts={"file": "a", "examples": k}) for k in (0, 2)]
    assert asked[0] == asked[1] != counted()
    trained = [identity(eval={"prompts": {"file": file, "examples": k}}) for file, k in (("a", 0), ("b", 0), ("a", 2))]
    assert trained[0] == trained[1] != trained[2]
    assert identity() not in trained


def test_every_kind_is_in_a_golden_cell() -> None:
    lacking = missing_kinds(Config.model_validate(with_default_kinds(case["config"])) for case in GOLDEN["cells"].values())
    assert not lacking, f"run scripts/golden_ids.py: it adds a cell with {', '.join(f'{node.__name__} {kind}' for node, kind in lacking)}"
