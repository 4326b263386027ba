"""Turns whatever MLflow or a stranger's model raises into one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten

from harness import HarnessError

LONGEST = 400


@contextmanager
def wrap_errors(what: str, remedy: str) -> Iterator[None]:
    """Raise any trouble inside as a HarnessError: what was tried, what came of it, what to do."""
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        found = shorten(f"{type(error).__name__}: {error}", LONGEST)
        raise HarnessError(f"{what}: {found}; {remedy}") from error
