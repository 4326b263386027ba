"""Says in a few words what verdicts come to, the same in every report."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from harness import Outcome, PastRun, Run, Verdict

Status = str
PAST_RUNS = 10  # earlier runs that a page lists for each suite
ORDER: tuple[Outcome, ...] = ("error", "fail", "inconclusive", "pass")
DECIDES: Mapping[Outcome, str] = {
    "pass": "every requirement that must hold is shown to hold",
    "fail": "a requirement that must hold is shown not to hold",
    "inconclusive": "nothing that must hold is shown to fail, and not everything is shown to hold yet",
    "error": "something that must hold could not be measured, so nothing is decided",
}


def status(verdict: Verdict) -> Status:
    """Return the outcome, or "info" where a verdict is only shown."""
    return "info" if verdict.requirement.severity == "info" else verdict.outcome


def musts(run: Run) -> Sequence[Verdict]:
    """Return the verdicts that decide."""
    return [verdict for verdict in run.verdicts if verdict.requirement.severity == "must"]


def open_points(run: Run) -> Sequence[Verdict]:
    """Return what did not pass, worst first: musts, then shoulds."""
    missed = [v for v in run.verdicts if v.outcome != "pass" and v.requirement.severity != "info"]
    return sorted(missed, key=urgency)


def urgency(verdict: Verdict) -> tuple[bool, bool, bool, int]:
    """Return what sorts verdicts for a reader: musts that did not pass, shoulds that did not, passes, what is shown."""
    severity = verdict.requirement.severity
    return severity == "info", verdict.outcome == "pass", severity != "must", ORDER.index(verdict.outcome)


def must_counts_text(runs: Sequence[Run]) -> str:
    """Return how many musts came out how: `2 pass and 1 fail of 3 musts`."""
    outcomes = [verdict.outcome for run in runs for verdict in musts(run)]
    counts = [f"{outcomes.count(outcome)} {outcome}" for outcome in reversed(ORDER) if outcome in outcomes]
    if not outcomes:
        return "no requirement is a must, so nothing is proven"
    return f"{_join_with_and(counts)} of {len(outcomes)} {'must' if len(outcomes) == 1 else 'musts'}"


def by_requirement(run: Run) -> Iterator[Sequence[Verdict]]:
    """Yield the verdicts of each requirement: one, or one for each slice."""
    for _, group in groupby(run.verdicts, key=lambda verdict: (verdict.step, verdict.metric, verdict.requirement)):
        yield list(group)


def newest_first(history: Sequence[PastRun], suite: str) -> Sequence[PastRun]:
    """Return the last earlier runs of a suite."""
    return [past for past in reversed(history) if past.suite == suite][:PAST_RUNS]


def _join_with_and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)
