"""Errors that end a command: each says what was asked, what was found and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

from harness.text import printable

CLOSE = 0.6  # of letters alike, from which on a word may be meant
SAME_LENGTH = 0.5
FEWEST = 3  # letters that a name may be begun with
LISTED = 30  # names in one error


class HarnessError(Exception):
    """Something could not be measured or judged: exit code 3, never a pass. What it says is printable."""

    exit_code = 3

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n")


class UsageError(HarnessError):
    """The command, suite, gate or configuration is wrong, and nothing was measured: exit code 4."""

    exit_code = 4


class Absent(HarnessError):
    """What was asked for does not exist yet, such as the champion of a model that was never promoted."""


def did_you_mean(asked: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" or a list of what there is, to end an error with."""
    names = sorted(set(known))
    alike = {name.lower(): name for name in names if _is_near(asked, name)}
    begun = [name for name in names if len(asked) >= FEWEST and name.lower().startswith(asked.lower())]
    close = [alike[name] for name in get_close_matches(asked.lower(), alike, n=1, cutoff=CLOSE)]
    if close or begun:
        return f"; did you mean {(close or begun)[0]!r}?"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"; there is {', '.join(names[:LISTED])}{more}" if names else "; there is none"


def _is_near(asked: str, name: str) -> bool:
    """Tell whether two words are about as long: `target` is no misspelt `age`, though all its letters occur."""
    return min(len(asked), len(name)) > SAME_LENGTH * max(len(asked), len(name))
