"""`harness validate`: checks suites without opening data or targets."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.against import find_weakenings, read_policy
from harness.cli.plugins_apart import PluginsApart, open_guarded
from harness.cli.printing import say
from harness.cli.project import existing
from harness.cli.signers import HELP
from harness.cli.suites import describe_valid
from harness.cli.weaker import Change, approve_change, find_approval
from harness.errors import UsageError
from harness.gating.waivers import LONGEST
from harness.plugins.discovery import Plugins
from harness.policy_tree import read_policy_tree
from harness.project import Project
from harness.suite.suites import find_suites

WEAKER = 1


@click.command("validate")
@click.argument("paths", nargs=-1)
@click.option(
    "--against", metavar="REF", help="List what asks less than in this commit, and exit with 1 if anything does."
)
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="Value of a suite's parameter.")
@click.option("--approve", is_flag=True, help="With --against: sign that exactly this may be asked less.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is signed.")
@click.option("--days", default=7, type=click.IntRange(1, LONGEST.days), help="How long --approve holds; default 7.")
@click.option("--signer", metavar="URI", help=HELP)
def command(
    paths: Sequence[str],
    against: str | None,
    gates: Path | None,
    params: Sequence[str],
    approve: bool,
    reason: str,
    days: int,
    signer: str | None,
) -> int:
    """Check suite files: keys, names, parameters, plugins. Nothing is read or measured.

    With --against, the gates file and the suites that it asks for are compared with those of a commit as well; what
    asks less may be approved by those whom that commit's trust file names in the role `weakening`.
    """
    if against is None and (approve or reason or signer):
        raise UsageError("--approve, --reason and --signer go with --against REF, which lists what they approve")
    project = open_guarded(gates, signer=signer)
    if against is None or paths:
        say("\n".join(_describe_valid(project.plugins, existing(paths), params)))
    if against is None:
        return 0
    change = _compare(project, against, [Path(path) for path in paths], is_named=gates is not None)
    if change.found and approve:
        return approve_change(change, signer, days, reason)
    approved = find_approval(change) if change.found else ""
    if approved:
        say(f"approved by {approved}")
    return WEAKER if change.found and not approved else 0


def _describe_valid(plugins: Plugins, paths: Sequence[Path], params: Sequence[str]) -> Sequence[str]:
    """Return a line about each suite, held to what plugins say, where those may run."""
    if isinstance(plugins, PluginsApart):
        return plugins.describe_valid(paths, params)
    return describe_valid(plugins, paths, params)


def _compare(project: Project, ref: str, paths: Sequence[Path], *, is_named: bool) -> Change:
    """Say what asks less in the working tree than in a commit, and return it."""
    tree = read_policy_tree(ref, project.settings.root)
    gates = project.gates_file or project.settings.gates
    now = replace(project.settings, gates=gates.absolute())
    before = replace(tree.settings, gates=tree.place(gates)) if is_named else tree.settings
    named = [path.resolve().relative_to(now.root).as_posix() for path in (find_suites(paths) if paths else ())]
    was, is_now = read_policy(before), read_policy(now)
    found = find_weakenings(was, is_now, project.plugins, named)
    against = f"commit {tree.commit}"
    for weakening in found:
        say(f"weaker: {weakening}")
    say(f"{len(found)} weaker than in {against}" if found else f"nothing is asked less than in {against}")
    return Change(project=project, before=was, after=is_now, found=found, tree=tree)
