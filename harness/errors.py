"""Errors that end a command: each says what was asked, what was found and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class HarnessError(Exception):
    """Something could not be measured or judged: exit code 3, never a pass."""

    exit_code = 3


class UsageError(HarnessError):
    """The command, suite, gate or configuration is wrong, and nothing was measured: exit code 4."""

    exit_code = 4


class Absent(HarnessError):
    """What was asked for does not exist yet, such as the champion of a model that was never promoted."""


def did_you_mean(asked: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" or a list of what there is, to end an error with."""
    names = sorted(set(known))
    close = get_close_matches(asked, names, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {', '.join(names)}" if names else "; there is none"
