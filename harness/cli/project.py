"""What commands share, besides the project: exit codes, time spans, paths and printing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click

from harness.data.declarations import duration
from harness.errors import UsageError
from harness.project import Project
from harness.records.ledger import Ledger
from harness.values.outcomes import GateOutcome

EXIT: Mapping[GateOutcome, int] = {"pass": 0, "waived": 0, "fail": 1, "inconclusive": 2, "error": 3}


def open_ledger(project: Project, url: str | None) -> Ledger:
    """Return the ledger; say where runs stand that are not seen, unless --ledger names one."""
    for notice in project.ledger_notices(Path.cwd()) if url is None else ():
        click.echo(f"notice: {notice}", err=True)
    return project.ledger(url)


def span(text: str | None) -> timedelta | None:
    """Return --timeout as a time span; one in which nothing could be done is refused."""
    try:
        found = None if text is None else duration(text)
    except ValueError as error:
        raise UsageError(f"--timeout {error}; found {text!r}") from None
    if found == timedelta(0):
        raise UsageError(f"--timeout {text!r} leaves no time; leave the option out for no limit")
    return found


def existing(paths: Sequence[str]) -> Sequence[Path]:
    """Return paths as given; without any, say what to name."""
    if not paths:
        raise UsageError("name a suite file or a folder with suites, as in `harness run suites/fraud`")
    return [Path(path) for path in paths]
