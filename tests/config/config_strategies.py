"""Random configs, drawn from the schema itself, so that a new field is tested without a new line here."""

from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import ValidationError

from research.config.encoder_decoder import (
    Convolutions,
    CrossAttentionConfig,
    EncoderDecoderConfig,
    Patches,
    RecurrentDecoderConfig,
    RecurrentEncoder,
    StackDecoder,
    StackEncoderConfig,
)
from research.config.fields import classes_by_kind, member_classes, node_keys
from research.config.levels import LEVEL_FACTS, levels_where
from research.config.merge import DATA_KINDS
from research.config.mixer import Mixer
from research.config.model import LanguageModelConfig
from research.config.model_facts import LEARNERS, MODEL_FACTS
from research.config.node import Node
from research.config.optim import Train
from research.config.pairs import Glyphs, Numerals, Translation
from research.config.schema import Config
from research.config.subwords import Regularisation

PAIRED = [kind for kind, data in DATA_KINDS.items() if data.asks == "targets"]
SENTENCES = [kind for kind, data in DATA_KINDS.items() if data.reads == "sentences"]
ANSWERING = {asks: tuple(kind for kind, facts in MODEL_FACTS.items() if asks in facts.predicts) for asks in ("classes", "number")}
OF_SENTENCES = tuple(classes_by_kind(sum(ANSWERING.values(), ())))
COUNTED = ("ngram", *(kind for kind in OF_SENTENCES if kind not in ("classifier", "regressor")))  # what is not trained
LEARNED = levels_where(lambda facts: facts.learned)
REGULARISED = {kind: node.levels or LEARNED for kind, node in classes_by_kind(member_classes(Regularisation)).items()}
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=5)
CHOSEN: dict[tuple[type[Node], str], st.SearchStrategy[Any]] = {  # where free choice would seldom fit together
    (Config, "plugins"): st.just([]),  # only a plugin that is loaded has a name
    (LanguageModelConfig, "layers"): st.sampled_from([2, 4]),
    (LanguageModelConfig, "width"): st.sampled_from([16, 32]),
    **{(mixer, "heads"): st.sampled_from([1, 2, 4]) for mixer in member_classes(Mixer) if "heads" in mixer.model_fields},
    (Train, "select"): st.sampled_from(["valid.loss", "valid.accuracy"]),
    (Numerals, "largest"): st.sampled_from([99, 1000, 999_999]),
    (Glyphs, "size"): st.sampled_from([8, 24]),
    (RecurrentEncoder, "width"): st.sampled_from([8, 16]),
    (RecurrentDecoderConfig, "width"): st.sampled_from([16, 32]),
    (CrossAttentionConfig, "heads"): st.sampled_from([1, 2, 4]),
    **{(side, "layers"): st.sampled_from([2, 4]) for side in (StackEncoderConfig, StackDecoder)},
    **{(side, "width"): st.sampled_from([16, 32]) for side in (StackEncoderConfig, StackDecoder, Patches, Convolutions)},
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Plain values, as TOML has them, of an annotation."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(args[0])
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, UnionType):
        return st.one_of([values(arg) for arg in args if arg is not type(None)])
    if origin is tuple:
        if args[-1] is Ellipsis:
            return st.lists(values(args[0]), min_size=1, max_size=2, unique_by=repr)
        return st.tuples(*map(values, args)).map(list)
    if isinstance(annotation, type) and issubclass(annotation, Node):
        return tables(annotation)
    return {bool: st.booleans(), int: st.integers(2, 8), float: st.floats(1e-6, 0.9) | st.sampled_from([0.1, 0.5]), str: WORDS}[annotation]


@st.composite
def tables(draw: st.DrawFn, node: type[Node]) -> dict[str, Any]:
    """A plain table of a node: what it must have, some of what it may have, in any order."""
    fields = node_keys(node)
    names = [name for name, field in fields.items() if field.is_required() or name == "kind" or draw(st.booleans())]
    if node is Train:
        names = [name for name in names if name not in ("steps", "epochs")]
        duration = {draw(st.sampled_from(["steps", "epochs"])): draw(st.integers(1, 9))}
    else:
        duration = {}
    choices = {name: CHOSEN[node, name] if (node, name) in CHOSEN else values(fields[name].annotation) for name in names}
    drawn = {name: draw(choices[name]) for name in draw(st.permutations(names))}
    return duration | drawn


def is_valid(tree: dict[str, Any]) -> bool:
    """Whether the parts of a tree fit together."""
    try:
        Config.model_validate(tree)
    except ValidationError:
        return False
    return True


@st.composite
def all_trees(draw: st.DrawFn) -> dict[str, Any]:
    """Trees whose sections mean something, fitting together or not."""
    tree = draw(tables(Config))
    if tree["data"]["kind"] in PAIRED and (tree["model"]["kind"] != "language_model" or tree["data"]["kind"] == "glyphs"):
        tree["model"] = draw(tables(EncoderDecoderConfig))
    if tree["model"]["kind"] == "encoder_decoder":
        sees = tree["model"].get("encoder", {}).get("kind") in ("patches", "convolutions")
        tree["data"] = draw(st.one_of([tables(kind) for kind in get_args(Translation) if (kind is Glyphs) == sees]))
    if tree["data"]["kind"] not in PAIRED:
        tree.pop("decode", None)
        tree.get("train", {}).pop("scheduled_sampling", None)
    answering = ANSWERING.get(DATA_KINDS[tree["data"]["kind"]].asks, ())
    if tree["data"]["kind"] in SENTENCES and tree["model"]["kind"] not in classes_by_kind(answering):
        tree["model"] = draw(st.one_of(list(map(tables, answering))))
    if tree["data"]["kind"] not in SENTENCES and tree["model"]["kind"] in OF_SENTENCES:
        tree["model"] = draw(tables(LanguageModelConfig))
    if tree["model"]["kind"] == "bag_of_words":
        asks = DATA_KINDS[tree["data"]["kind"]].asks
        tree["model"]["learner"] = draw(st.one_of([tables(kind) for kind in LEARNERS.values() if kind.predicts == asks]))
        if tree["model"]["learner"]["kind"] == "mean":
            tree["model"] = {"kind": "bag_of_words", "learner": {"kind": "mean"}}
    if DATA_KINDS[tree["data"]["kind"]].asks == "number":
        tree.get("train", {}).pop("label_smoothing", None)
    if tree["model"]["kind"] != "classifier":
        tree.get("optim", {}).pop("max_norm", None)
    if tree["data"].get("folds", "off") == "off":
        for word in ("fold", "validation"):
            tree["data"].pop(word, None)
    if tree["model"]["kind"] in ("ngram", "interpolation"):
        tree.pop("init", None)
    if "init" in tree:
        given = draw(st.sampled_from(["from", "embeddings"]))
        tree["init"] = {key: value for key, value in tree["init"].items() if key == "freeze"} | {given: draw(WORDS)}
    if tree["model"]["kind"] in COUNTED:
        tree.pop("init", None)
        tree = {key: value for key, value in tree.items() if key not in ("optim", "train")}
    if DATA_KINDS[tree["data"]["kind"]].reads != "text":
        tree.pop("eval", None)
    if not LEVEL_FACTS[tree["data"].get("level", "word")].spells:
        tree.get("eval", {}).pop("misspelt", None)
    if LEVEL_FACTS[tree["data"].get("level", "word")].own_types:
        tree["data"].pop("vocabulary", None)
    if tree["data"].get("level") not in REGULARISED.get(tree["data"].get("regularisation", {}).get("kind"), ()):
        tree["data"].pop("regularisation", None)
    if tree["data"].get("level") in LEARNED:
        tree["data"]["vocabulary"] = {"size": draw(st.integers(2, 8))}
    return tree


def trees() -> st.SearchStrategy[dict[str, Any]]:
    """Plain trees of valid configs."""
    return all_trees().filter(is_valid)


def configs() -> st.SearchStrategy[Config]:
    """Valid configs."""
    return trees().map(Config.model_validate)
