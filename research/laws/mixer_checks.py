"""The laws of a mixer, a score, a position and a cell, on the fixed grid of configs in which each is tried."""

from collections.abc import Callable
from typing import Any, NamedTuple

from research.config.mixer import AttentionConfig, FullCache, MixerConfig, MlpScore, ScaledDotScore, WindowCache
from research.config.model import LanguageModelConfig
from research.config.node import Node
from research.config.position import NoPosition, PositionConfig, Rotary
from research.laws import cell_laws, mixer_laws, position_laws, score_laws
from research.laws.kind_variants import kind_variants
from research.laws.law import Fault, LawResult, apply_laws, apply_once
from research.laws.model_laws import flops_fault, small_model, training_fault, wide_model
from research.nn.mixers import BoundMixer, MixerContext, bind_mixer


class MixerCase(NamedTuple):
    """A mixer in a model: with a position, and perhaps a score."""

    mixer: MixerConfig
    position: PositionConfig

    @property
    def bound(self) -> BoundMixer:
        """In a causal model without dropout."""
        return bind_mixer(self.mixer, MixerContext(self.position, 0.0, True, False))

    @property
    def wide(self) -> LanguageModelConfig:
        """A model whose FLOPs are counted, with heads so wide that products outweigh sums."""
        words = {"heads": 2, "head_width": 96} if getattr(self.mixer, "head_width", "divided") != "divided" else {}
        return wide_model(self.mixer.model_copy(update=words), position=self.position)

    @property
    def small(self) -> LanguageModelConfig:
        """A model that is trained for a moment."""
        return small_model(self.mixer, self.position)


Check = Callable[[MixerCase], Fault]


def _of_mixer(law: Callable[[BoundMixer], Fault]) -> Check:
    return lambda case: law(case.bound)


LAWS: dict[str, Check] = {  # what others follow from comes first: an output that reads ahead is another in shorter chunks
    "shapes and types": _of_mixer(mixer_laws.shape_fault),
    "float32 parameters": _of_mixer(mixer_laws.float32_fault),
    "named fields": _of_mixer(mixer_laws.field_names_fault),
    "causality": _of_mixer(mixer_laws.causality_fault),
    "rows": _of_mixer(mixer_laws.rows_fault),
    "valid": _of_mixer(mixer_laws.validity_fault),
    "padding": _of_mixer(mixer_laws.padding_fault),
    "chunks": _of_mixer(mixer_laws.chunks_fault),
    "finite gradients": _of_mixer(mixer_laws.gradient_fault),
    "repeatable": _of_mixer(mixer_laws.repeat_fault),
    "reference": _of_mixer(mixer_laws.reference_fault),
    "FLOPs": lambda case: flops_fault(case.wide),
}
LONG: dict[str, Check] = {"training": lambda case: training_fault(case.small)}
OF_ATTENTION = {law: check for law, check in LAWS.items() if law not in ("named fields", "reference")}


def check_mixer(node: type[Node]) -> list[LawResult]:
    """Of a mixer."""
    cases = _cases(node, lambda config: [("", MixerCase(config, NoPosition()))])
    return [*apply_laws(LAWS, cases), *apply_once(LONG, cases)]


def check_cell(node: type[Node]) -> list[LawResult]:
    """Of a recurrent cell: those of its mixer, and of its entry."""
    return [*check_mixer(node), *apply_laws({"entry": cell_laws.cell_entry_fault}, _cases(node, lambda config: [("", config)]))]


def check_score(node: type[Node]) -> list[LawResult]:
    """Of a score: its own, and those of attention with it."""

    def attentions(score: Any) -> list[tuple[str, MixerCase]]:
        full = AttentionConfig(heads=2, score=score, cache=FullCache())
        window = AttentionConfig(heads=2, score=score, cache=WindowCache(kind="window", size=4), projections=False)
        return [
            ("full cache, rotary", MixerCase(full, Rotary(kind="rotary"))),
            ("window of 4, no projections", MixerCase(window, NoPosition())),
        ]

    own = {"formula": score_laws.formula_fault, "key width": score_laws.key_width_fault}
    return [*apply_laws(own, _cases(node, lambda config: [("", config)])), *_of_attentions(_cases(node, attentions))]


def _of_attentions(cases: list[tuple[str, MixerCase]]) -> list[LawResult]:
    return [*apply_laws(OF_ATTENTION, cases), *apply_once(LONG, cases)]


def check_position(node: type[Node]) -> list[LawResult]:
    """Of a position: its own, and those of attention with it."""

    def attentions(position: Any) -> list[tuple[str, MixerCase]]:
        full = AttentionConfig(heads=2, score=ScaledDotScore())
        window = AttentionConfig(heads=2, score=MlpScore(kind="mlp", width=5), cache=WindowCache(kind="window", size=4))
        return [("full cache, scaled_dot", MixerCase(full, position)), ("window of 4, mlp", MixerCase(window, position))]

    own = {"entry": position_laws.place_fault, "extrapolation": position_laws.extrapolation_fault}
    return [*apply_laws(own, _cases(node, lambda config: [("", config)])), *_of_attentions(_cases(node, attentions))]


def _cases(node: type[Node], cases: Callable[[Any], list[tuple[str, Any]]]) -> list[tuple[str, Any]]:
    """Of each config of a kind."""
    return [(", ".join(filter(None, (words, more))), case) for words, config in kind_variants(node) for more, case in cases(config)]
