"""Whether the aim of a case is met: judged on the median of the ratios of adjacent rounds, which a drift of the machine leaves alone."""

from typing import Literal, NamedTuple

from research.bench.measure import Outcome, best_peer, ratios
from research.bench.registry import OURS, Aim


class Verdict(NamedTuple):
    """An aim in words, and what became of it; open where a side that it needs is not there."""

    aim: str
    status: Literal["met", "not met", "open"]
    reason: str = ""


def verdicts(outcome: Outcome) -> tuple[Verdict, ...]:
    """One for each part of a case's aim."""
    aim, absent = outcome.case.aim, _absent(outcome)
    found = [*_of_ratios(outcome, aim, absent)]
    ours = outcome.side(OURS) if OURS in outcome.case.sides else None
    if aim.seconds is not None and ours:
        said = f"at most {aim.seconds:g} s"
        found.append(_judge(said, ours.median <= aim.seconds) if ours.seconds else Verdict(said, "open", absent[OURS]))
    if aim.warm_up is not None and ours:
        found.append(_of_warm_up(outcome, aim.warm_up, absent))
    return tuple(found)


def _of_ratios(outcome: Outcome, aim: Aim, absent: dict[str, str]) -> list[Verdict]:
    found, measured = [], ratios(outcome)
    if aim.ratio is not None:
        said, best = f"{aim.ratio:g} x the best peer", best_peer(outcome)
        reached = measured[best].median >= aim.ratio if best in measured else None
        found.append(_judge(said, reached) if reached is False or not absent else Verdict(said, "open", "; ".join(absent.values())))
    for name, least in aim.against:
        said = f"{least:g} x {name}"
        known = name in measured
        reason = absent.get(name) or absent.get(OURS, "")
        found.append(_judge(said, measured[name].median >= least) if known else Verdict(said, "open", reason))
    return found


def _of_warm_up(outcome: Outcome, least: float, absent: dict[str, str]) -> Verdict:
    """Ours against the one peer."""
    peer = next(side for side in outcome.sides if side.name != OURS)
    said = f"compiles in at most 1/{least:g} of {peer.name}"
    ours, theirs = outcome.side(OURS).warm_up_seconds, peer.warm_up_seconds
    if ours is None or theirs is None:
        return Verdict(said, "open", "; ".join(absent.values()))
    return _judge(said, theirs / ours >= least)


def _judge(said: str, reached: bool | None) -> Verdict:
    return Verdict(said, "met" if reached else "not met")


def _absent(outcome: Outcome) -> dict[str, str]:
    return {side.name: f"{side.name} is {side.status}" for side in outcome.sides if side.status != "measured"}
