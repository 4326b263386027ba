"""`harness rollback`: leads a stage back to the last good promotion, and revokes the one it leaves."""

from pathlib import Path

import click

from harness.cli.plugins_apart import open_guarded
from harness.cli.printing import say
from harness.cli.promoting import about_now, open_stage, policy_option, print_notices, promoting_gate
from harness.cli.signers import HELP, signer_of
from harness.promotion.rolling_back import describe_back, roll_back


@click.command("rollback")
@click.argument("stage")
@click.option("--signer", metavar="URI", help=HELP)
@click.option("--reason", metavar="TEXT", default="", help="Why; it is signed.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@policy_option
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the signed statement is written.")
def command(
    stage: str,
    signer: str | None,
    reason: str,
    gates: Path | None,
    policy_ref: str | None,
    ledger: str | None,
    out: Path | None,
) -> int:
    """Lead STAGE back to the last good promotion and revoke the one it leaves, which then needs new runs.

    No gate is asked. After a move by hand it puts back what was promoted last.
    """
    project = open_guarded(gates, policy_ref, signer=signer, ledger=ledger)
    opened = open_stage(project, stage, promoting_gate(project, stage, ledger), ledger, out)
    back = roll_back(opened, signer_of(project, signer), about_now(opened), reason.strip())
    print_notices(back.done.notices)
    say(describe_back(opened, back))
    return 0
