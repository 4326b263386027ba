"""Keeps standard output for what a command found: what others print goes to standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

IN, OUT, ERR = 0, 1, 2  # the file descriptors of every process
STREAMS = ((IN, "stdin", "r"), (OUT, "stdout", "w"), (ERR, "stderr", "w"))


def open_missing() -> None:
    """Open the streams that a process was started without, as its next file, a ledger, would take their place."""
    for number, name, mode in STREAMS:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this one
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - as long as we live


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
