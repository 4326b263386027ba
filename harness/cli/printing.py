"""Standard output holds what a command found, and nothing else: whoever reads it may stop, or be full."""

import io
import os
import sys

import click

from harness.errors import HarnessError
from harness.streams import OUT
from harness.text import printable_lines


def say(text: str) -> None:
    """Print a result; a reader that has closed the pipe has read enough."""
    try:
        click.echo(text)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        raise HarnessError(f"standard output cannot be written: {error.strerror or error}; give it room") from error


def show(reporter: str, text: str, *, as_text: bool) -> None:
    """Print what a reporter says; beside a document for machines, others speak on standard error."""
    if as_text and reporter != "json":
        click.echo(text, err=True)
    else:
        say(text)


def tell(error: HarnessError) -> HarnessError:
    """Print an error at once, and return it."""
    click.echo(f"error: {printable_lines(str(error))}", err=True)
    return error


def replace_unprintable() -> None:
    """Print a question mark for what the encoding of standard output does not have."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _discard_output() -> None:
    """Let Python flush what is left into nothing when it exits."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, OUT)
    os.close(nothing)
