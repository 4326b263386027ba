"""Counts the candidates that were judged on the same rows: the more there are, the likelier a bad one slips by."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.values.canonical import canonical, sha256
from harness.values.runs import Run

FIRST = 0.025  # the chance at the first look that one exactly at the threshold passes


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """That a suite judged a candidate on some rows: its key, and the digest of all that the run read."""

    suite: str
    rows: str
    candidate: str


def attempt(run: Run) -> Attempt:
    """Return what a run counts as."""
    read = sorted((name, data.digest) for name, data in run.datasets.items())
    return Attempt(suite=run.suite, rows=sha256(canonical(read)), candidate=run.candidate.key)


def candidates(run: Run, attempts: Iterable[Attempt]) -> int:
    """Return how many candidates the suite of a run has judged on the data of that run, the run's own included.

    Those that scored alike are one.
    """
    own = attempt(run)
    same = [each for each in attempts if (each.suite, each.rows) == (own.suite, own.rows)]
    return len({each.candidate for each in (*same, own)} - run.twins)


def attempt_warning(run: Run, attempts: Iterable[Attempt]) -> str:
    """Return a warning from the second candidate on, or nothing; a run that measured nothing took no chance."""
    count = candidates(run, attempts)
    if count < 2 or all(each.outcome == "error" for each in run.verdicts):
        return ""
    chance = f"{1 - (1 - FIRST) ** count:.0%}".replace("%", " %")
    message = f"{count} candidates were judged on the same rows: if all were exactly at the threshold, one of them"
    return f"{run.suite}: {message} would pass in up to {chance}; collect new rows, or set many_candidates: correct"
