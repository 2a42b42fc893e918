"""Whether the aim of a case is met: judged on the median of the ratios of adjacent rounds, which a drift of the machine leaves alone."""

from typing import Literal, NamedTuple

from research.bench.benchmarks import OURS, Aim
from research.bench.rounds import CaseResult, best_peer, peer_ratios


class Verdict(NamedTuple):
    """An aim in words, and what became of it; open where a side that it needs is not there."""

    aim: str
    status: Literal["met", "not met", "open"]
    reason: str = ""


def aim_verdicts(outcome: CaseResult) -> tuple[Verdict, ...]:
    """One for each part of a case's aim."""
    aim, absent = outcome.case.aim, _absent_sides(outcome)
    case_verdicts = [*_ratio_verdicts(outcome, aim, absent)]
    ours = outcome.side(OURS) if OURS in outcome.case.sides else None
    if aim.seconds is not None and ours:
        aim_text = f"at most {aim.seconds:g} s"
        case_verdicts.append(_verdict(aim_text, ours.median <= aim.seconds) if ours.seconds else Verdict(aim_text, "open", absent[OURS]))
    if aim.warm_up is not None and ours:
        case_verdicts.append(_warm_up_verdict(outcome, aim.warm_up, absent))
    return tuple(case_verdicts)


def _ratio_verdicts(outcome: CaseResult, aim: Aim, absent: dict[str, str]) -> list[Verdict]:
    ratio_verdicts, measured = [], peer_ratios(outcome)
    if aim.ratio is not None:
        aim_text, best = f"{aim.ratio:g} x the best peer", best_peer(outcome)
        reached = measured[best].median >= aim.ratio if best in measured else None
        ratio_verdicts.append(
            _verdict(aim_text, reached) if reached is False or not absent else Verdict(aim_text, "open", "; ".join(absent.values()))
        )
    for name, least in aim.against:
        aim_text = f"{least:g} x {name}"
        is_measured = name in measured
        reason = absent.get(name) or absent.get(OURS, "")
        ratio_verdicts.append(_verdict(aim_text, measured[name].median >= least) if is_measured else Verdict(aim_text, "open", reason))
    return ratio_verdicts


def _warm_up_verdict(outcome: CaseResult, least: float, absent: dict[str, str]) -> Verdict:
    """Ours against the one peer."""
    peer = next(side for side in outcome.sides if side.name != OURS)
    aim_text = f"compiles in at most 1/{least:g} of {peer.name}"
    ours, theirs = outcome.side(OURS).warm_up_seconds, peer.warm_up_seconds
    if ours is None or theirs is None:
        return Verdict(aim_text, "open", "; ".join(absent.values()))
    return _verdict(aim_text, theirs / ours >= least)


def _verdict(aim_text: str, reached: bool | None) -> Verdict:
    return Verdict(aim_text, "met" if reached else "not met")


def _absent_sides(outcome: CaseResult) -> dict[str, str]:
    return {side.name: f"{side.name} is {side.status}" for side in outcome.sides if side.status != "measured"}
