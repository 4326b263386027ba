"""`harness audit`: finds what no promotion explains."""

from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.promoting import open_stage, policy_option, promoting_gate
from harness.errors import UsageError
from harness.gating.wording import describe_unenforced
from harness.project import instant, open_project
from harness.promotion.auditing import audit, describe_standing

FOUND = 1


@click.command("audit")
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--since", metavar="TIME", help="Of what is over, only what happened since (ISO 8601, UTC).")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@policy_option
@click.option("--what-if", is_flag=True, help="List instead what stages with enforce: false would have blocked.")
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
def command(
    stages: tuple[str, ...],
    since: str | None,
    gates: Path | None,
    policy_ref: str | None,
    what_if: bool,
    ledger: str | None,
) -> int:
    """Find moves that no promotion explains, in the stages that promote, or some of them; exit code 1 if there are.

    Also found: overrides older than 24 hours, moves that nobody ended, and statements of keys that are not trusted.
    """
    project = open_project(gates, policy_ref)
    moment = instant(since, "--since") if since else None
    if what_if:
        for line in describe_unenforced(open_ledger(project, ledger).decisions(), stages, moment):
            say(line)
        return 0
    gated = project.gates.gates if project.gates else {}
    named = stages or tuple(name for name, gate in gated.items() if gate.promote)
    if not named:
        raise UsageError(f"no gate promotes anything in {project.settings.gates}; add `promote:` to one")
    opened = [open_stage(project, name, promoting_gate(project, name, ledger), ledger) for name in named]
    found = [finding for stage in opened for finding in audit(stage, datetime.now(UTC), moment)]
    for stage in opened:
        say(describe_standing(stage))
    for finding in found:
        say(f"FOUND  {finding}")
    if not found:
        say(f"every move of {len(opened)} stage{'' if len(opened) == 1 else 's'} is explained")
    return FOUND if found else 0
