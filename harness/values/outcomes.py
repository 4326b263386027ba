"""How a requirement, a run and a gate can end, and which of several decides."""

from collections.abc import Sequence
from typing import Literal

Outcome = Literal["pass", "fail", "inconclusive", "error"]
GateOutcome = Literal["pass", "waived", "fail", "inconclusive", "error"]

WORST_FIRST: tuple[Outcome, ...] = ("error", "fail", "inconclusive", "pass")


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome that decides for all: error > fail > inconclusive > pass; of none, error."""
    return min(outcomes, key=WORST_FIRST.index) if outcomes else "error"
