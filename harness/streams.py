"""Keeps standard output for what a command found: what others print goes to standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

OUT, ERR = 1, 2  # the file descriptors of every process


@contextmanager
def print_to_stderr() -> Iterator[None]:
    """Send what plugins and their child processes print to standard error."""
    with redirect_stdout(sys.stderr), _descriptor_to_stderr():
        yield


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    try:
        kept = os.dup(OUT)
    except OSError:  # a command may be started without a standard output
        yield
        return
    with suppress(OSError):
        os.dup2(ERR, OUT)
    try:
        yield
    finally:
        os.dup2(kept, OUT)
        os.close(kept)
