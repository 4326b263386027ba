"""Levels for candidates that come one after the other: each costs, and each pass earns back (LORD++, Ramdas 2017)."""

from collections.abc import Sequence
from dataclasses import replace

from harness.values.verdicts import Verdict

START = 0.5  # the share of alpha that is there before anyone has passed


def level_share(passed: Sequence[bool]) -> float:
    """Return the share of its level at which the next candidate is judged, after these did or did not pass.

    Of alpha, the passed ones that were not good are this share at most on average, where each candidate is judged on
    rows of its own (false discovery rate of Ramdas et al. 2017, theorem 2).
    """
    now = len(passed) + 1
    gains = [_weight(now - at) for at, good in enumerate(passed, start=1) if good]
    first = (1 - START) * gains[0] if gains else 0.0
    return START * _weight(now) + first + sum(gains[1:])


def correct_pass(verdict: Verdict, passed: Sequence[bool]) -> Verdict:
    """Return the verdict; a pass that does not hold at the candidate's own level is inconclusive."""
    found = verdict.estimate
    if verdict.outcome != "pass" or found is None or found.lower is None or found.lower == found.upper:
        return verdict
    if found.p_pass is None:
        reason = f"{verdict.reason}; the run does not say how likely a bad one passes; run the suite again"
        return replace(verdict, outcome="error", reason=reason)
    if found.p_pass <= (1 - found.level) * level_share(passed):
        return verdict
    reason = f"{verdict.reason}; judged alone it would pass, but {describe_level(passed)}; more rows decide"
    return replace(verdict, outcome="inconclusive", reason=reason)


def describe_level(passed: Sequence[bool]) -> str:
    """Return in words at which level a candidate is judged, and why."""
    before = f"{len(passed)} candidates came before, of which {sum(passed)} passed"
    return f"{before}, so it is held to {100 * level_share(passed):.2g} % of the usual chance of error"


def _weight(place: int) -> float:
    """Return the share of what is earned that goes to the n-th candidate after: all of them sum to 1."""
    return 1 / (place * (place + 1))
