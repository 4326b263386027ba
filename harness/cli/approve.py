"""`harness approve`: a person of trust.yaml signs that a candidate may pass a stage."""

from pathlib import Path

import click

from harness.cli.vouch import Desk, vouching_options
from harness.errors import UsageError


@click.command("approve")
@vouching_options
def command(
    stage: str,
    candidate: str,
    signer: str | None,
    days: int,
    gates: Path | None,
    policy_ref: str | None,
    ledger: str | None,
) -> int:
    """Sign that a candidate may pass STAGE, as its gate is now, and record it.

    The gate decides all the same; it counts persons, and only those of the groups that it names.
    """
    from harness.signing.statements import APPROVAL  # noqa: PLC0415 - costs half a second

    desk = Desk(stage, candidate, gates, policy_ref, signer, ledger)
    asked = desk.about.gate.approvals
    if asked is None:
        raise UsageError(f"gate {stage!r} asks for no approval; add `approvals: {{count: 1, from: [GROUP]}}` to it")
    return desk.sign(APPROVAL, {"gate": desk.about.gate.digest}, days, signer, asked.groups)
