"""The table of a report's claims: what was expected, what was found, and how it was decided."""

import re
from collections.abc import Sequence

from research.compare.cards import ON_ITEMS, CardResult
from research.compare.comparisons import SEEDS_NEEDED
from research.compare.number_texts import DASH
from research.report.sheets import Heading, Sheet, StyledText, Tone

TONES: dict[str, Tone] = {
    "within": "good",
    "holds": "good",
    "outside": "bad",
    "fails": "bad",
    "not shown": "quiet",
    "not comparable": "quiet",
    "not run here": "quiet",
}


def verdict_tone(verdict: str) -> Tone:
    """The tone of a verdict, whatever it says of seeds and items behind its word."""
    return TONES.get(verdict.removesuffix(ON_ITEMS), "quiet")


def cards_sheet(card_results: Sequence[CardResult], name: str = "Expected and found", changes: Sequence[str] = ()) -> Sheet:
    """claim | paper | ours | verdict | source. Below: how it was decided, the deviations of our protocol, and what was changed when."""
    titles = ("claim", "published or claimed", "ours", "verdict", "source")
    rows = tuple(
        (
            StyledText(result.claim),
            StyledText(result.paper or DASH),
            StyledText(result.ours),
            StyledText(result.verdict, tone=verdict_tone(result.verdict)),
            StyledText(result.source or DASH),
        )
        for result in card_results
    )
    deviations = [f"{result.claim}: our protocol deviates: {'; '.join(result.deviations)}." for result in card_results if result.deviations]
    amended = [f"{result.claim}: amended: {result.amended.rstrip('.')}." for result in card_results if result.amended]
    headings = tuple(Heading(text, numeric=False) for text in titles)
    return Sheet(name, headings, rows, 1, (*_decision_notes(card_results), *deviations, *amended, *changes))


def _decision_notes(card_results: Sequence[CardResult]) -> list[str]:
    notes = []
    if any("(p " in result.ours for result in card_results):
        notes.append(
            "An order holds, or fails, if the tests say so after Holm's correction over all orders and the comparisons of the spec "
            "together; otherwise it is not shown."
        )
    if any(result.verdict.endswith(ON_ITEMS) for result in card_results):
        notes.append(f"On these items: fewer than {SEEDS_NEEDED} seeds, so that nothing is said of what other seeds would do.")
    if any(re.search(r"\(n = [1-4]\)", result.ours) for result in card_results):
        notes.append(f"A mean of fewer than {SEEDS_NEEDED} seeds (n beside it) is judged as it is; other seeds may differ.")
    if any(result.verdict.startswith("not decided") for result in card_results):
        notes.append("Not decided: seeds are lost or not finished, and those that did finish may be the better ones.")
    return notes
