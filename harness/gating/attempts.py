"""Counts the candidates that were judged on the same rows: the more there are, the likelier a bad one slips by."""

from collections.abc import Iterable, Sequence

from harness.values.runs import Run


def candidates(run: Run, runs: Iterable[Run]) -> int:
    """Return how many candidates the suite of a run has judged on the data of that run, the run's own included."""
    same = [other for other in runs if other.suite == run.suite and _rows(other) == _rows(run)]
    return len({other.candidate.key for other in (*same, run)})


def attempt_warning(run: Run, runs: Sequence[Run]) -> str:
    """Return a warning from the second candidate on, or nothing."""
    count = candidates(run, runs)
    if count < 2:
        return ""
    message = f"{count} candidates were judged on the same rows, so the chance that a bad one slips through grows"
    return f"{run.suite}: {message}; collect new rows"


def _rows(run: Run) -> Sequence[tuple[str, str]]:
    return sorted((name, data.digest) for name, data in run.datasets.items())
