"""`harness validate`: checks suites without opening data or targets."""

from collections.abc import Sequence

import click

from harness.cli.printing import say
from harness.cli.project import existing
from harness.cli.suites import read_all
from harness.project import open_project


@click.command("validate")
@click.argument("paths", nargs=-1)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
def command(paths: Sequence[str], params: Sequence[str]) -> int:
    """Check suite files: keys, names, parameters, plugins. Nothing is read or measured."""
    project = open_project()
    for suite in (resolved.suite for resolved in read_all(project, existing(paths), params)):
        asked = sum(len(step.requirements) for step in suite.steps)
        say(f"valid: {suite.name} ({len(suite.steps)} steps, {asked} requirements)")
    return 0
