"""Keeps a gate of many requirements from failing a candidate by bad luck in one of them."""

from collections.abc import Sequence
from dataclasses import replace

from harness.gating.holm import holm
from harness.values.verdicts import Verdict

LEVEL = 0.05  # each p-value is put on the scale on which its own verdict fails below this


def correct_failures(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """Return the verdicts; one that fails alone but not among them all is inconclusive (Holm 1979).

    What has no sampling error cannot fail by chance: it neither counts nor changes. Passing needs no correction.
    """
    chances = {index: chance for index, verdict in enumerate(verdicts) if (chance := _chance(verdict)) is not None}
    adjusted = dict(zip(chances, holm(list(chances.values())), strict=True))
    return [
        _inconclusive_verdict(verdict, len(chances))
        if verdict.outcome == "fail" and adjusted.get(index, 0) > LEVEL
        else verdict
        for index, verdict in enumerate(verdicts)
    ]


def _chance(verdict: Verdict) -> float | None:
    """Return the p-value against "the requirement is met", scaled so that alone it fails below LEVEL."""
    found = verdict.estimate
    if verdict.outcome == "error" or found is None or found.p_fail is None or found.lower == found.upper:
        return None
    return min(1.0, found.p_fail / (1 - found.level) * LEVEL)


def _inconclusive_verdict(verdict: Verdict, count: int) -> Verdict:
    message = f"judged alone it would fail, but among {count} requirements one may miss by this little by chance"
    return replace(verdict, outcome="inconclusive", reason=f"{verdict.reason}; {message}; more rows decide")
