"""Performs what imports plugins without the variables of the shell that sign, or open the ledger."""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from harness.errors import HarnessError

Given = ParamSpec("Given")


def hide_keys(perform: Callable[Given, int]) -> Callable[Given, int]:
    """Have a command that imports plugins performed by another process, where this one has what they may not have."""

    @wraps(perform)
    def perform_keyless(*given: Given.args, **named: Given.kwargs) -> int:
        code = _perform_apart(click.get_current_context())
        return perform(*given, **named) if code is None else code

    return perform_keyless


def _perform_apart(command: click.Context) -> int | None:
    """Return the exit code of the command in a process without keys; None if this one has none. HarnessError."""
    from harness.cli.apart import list_arguments  # noqa: PLC0415 - a database, which listing does without
    from harness.cli.credentials import has_secrets, hide_memory, shown_variables  # noqa: PLC0415 - as above
    from harness.project import open_project  # noqa: PLC0415 - as above

    project = open_project()
    shown = shown_variables(project, None, None) if has_secrets(project, None, None) else os.environ
    if shown == os.environ:
        return None
    named = command.command_path.split()[1:]
    with hide_memory():
        done = subprocess.run([sys.executable, "-P", "-m", "harness", *named, *list_arguments(command)], env=shown)
    if done.returncode < 0:
        raise HarnessError(f"the process that imports plugins was killed by signal {-done.returncode}; try again")
    return done.returncode
