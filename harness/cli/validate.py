"""`harness validate`: checks suites without opening data or targets."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.against import find_weakenings, read_policy
from harness.cli.printing import say
from harness.cli.project import existing
from harness.cli.suites import read_all
from harness.policy_tree import read_policy_tree
from harness.project import Project, open_project
from harness.suite.suites import find_suites

WEAKER = 1


@click.command("validate")
@click.argument("paths", nargs=-1)
@click.option(
    "--against", metavar="REF", help="List what asks less than in this commit, and exit with 1 if anything does."
)
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
def command(paths: Sequence[str], against: str | None, gates: Path | None, params: Sequence[str]) -> int:
    """Check suite files: keys, names, parameters, plugins. Nothing is read or measured.

    With --against, the gates file and the suites that it asks for are compared with those of a commit as well.
    """
    project = open_project(gates)
    if against is None or paths:
        _check_suites(project, existing(paths), params)
    return (
        0 if against is None else _compare(project, against, [Path(path) for path in paths], is_named=gates is not None)
    )


def _check_suites(project: Project, paths: Sequence[Path], params: Sequence[str]) -> None:
    for suite in (resolved.suite for resolved in read_all(project, paths, params)):
        asked = sum(len(step.requirements) for step in suite.steps)
        say(f"valid: {suite.name} ({len(suite.steps)} steps, {asked} requirements)")


def _compare(project: Project, ref: str, paths: Sequence[Path], *, is_named: bool) -> int:
    """Say what asks less in the working tree than in a commit; return the exit code."""
    tree = read_policy_tree(ref, project.settings.root)
    gates = project.gates_file or project.settings.gates
    now = replace(project.settings, gates=gates.absolute())
    before = replace(tree.settings, gates=tree.place(gates)) if is_named else tree.settings
    named = [path.resolve().relative_to(now.root).as_posix() for path in (find_suites(paths) if paths else ())]
    found = find_weakenings(read_policy(before), read_policy(now), project.plugins, named)
    against = f"commit {tree.commit}"
    for weakening in found:
        say(f"weaker: {weakening}")
    say(f"{len(found)} weaker than in {against}" if found else f"nothing is asked less than in {against}")
    return WEAKER if found else 0
