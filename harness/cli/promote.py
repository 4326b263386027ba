"""`harness promote`: asks the gate, signs what it decided, and moves what is promoted."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from harness.cli import asking
from harness.cli.deciding import list_judged
from harness.cli.forges import GITHUB, forge_named
from harness.cli.plugins_apart import open_guarded
from harness.cli.printing import say
from harness.cli.project import EXIT
from harness.cli.promoting import (
    about_now,
    decide_case,
    open_part,
    open_stage,
    policy_option,
    print_notices,
    print_warnings,
    promoting_gate,
)
from harness.cli.signers import HELP, signer_of
from harness.errors import HarnessError, UsageError
from harness.gating.gates import Gate
from harness.plugins.reports import Report
from harness.project import Project
from harness.promotion.code import Code, read_code, refuse_uncommitted
from harness.promotion.promoting import Asked, Refused, describe_done, promote


@click.command("promote")
@click.argument("stage")
@click.option("--candidate", "candidates", multiple=True, required=True, metavar="NAME", help=asking.HELP)
@click.option("--signer", metavar="URI", help=HELP)
@click.option("--override", is_flag=True, help="Promote what the gate does not pass; for persons with that role alone.")
@click.option("--reason", metavar="TEXT", default="", help="Why the gate is overridden; it is signed, and shown.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@policy_option
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
@click.option("--forge", type=click.Choice([GITHUB]), help="Ask it who approved, who asked and who wrote the suites.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the signed statement is written.")
def command(
    stage: str,
    candidates: Sequence[str],
    signer: str | None,
    override: bool,
    reason: str,
    gates: Path | None,
    policy_ref: str | None,
    ledger: str | None,
    forge: str | None,
    out: Path | None,
) -> int:
    """Promote a candidate to STAGE: its gate must pass it, and the champion be the one it was judged against.

    The statement (*.intoto.json) is signed and recorded before anything moves; promoting it again changes nothing.
    """
    if override != bool(reason.strip()):
        raise UsageError("--override and --reason TEXT go together: the reason is signed")
    project = open_guarded(gates, policy_ref, signer=signer, ledger=ledger)
    gate = promoting_gate(project, stage, ledger)
    opened = open_stage(project, stage, gate, ledger, out)
    who = asking.name_candidates(candidates, stage, gate, list_judged(opened.ledger.entries()))
    asked = Asked(
        decide=partial(decide_case, project, stage, gate, who, opened.ledger, forge_named(forge)),
        signer=signer_of(project, signer),
        about=partial(about_now, opened),
        code=_read_code(project, gate),
        first_promotion=gate.first_promotion,
        override=reason.strip() if override else "",
        parts={part: open_part(project, named, ledger) for part, named in gate.parts.items()},
    )
    try:
        done = promote(opened, asked)
    except Refused as refused:
        say(project.plugins.reporter("terminal")(Report(runs=(), decision=refused.decision), opened.out))
        return EXIT[refused.decision.outcome] or HarnessError.exit_code
    print_notices(done.notices)
    print_warnings(done.warnings)
    say(describe_done(opened, done, overridden=override))
    return 0


def _read_code(project: Project, gate: Gate) -> Code:
    """Return the commit that is signed; a gate that allows what is not committed also allows what has no commit."""
    try:
        code = read_code(project.settings.root)
    except HarnessError:
        if gate.uncommitted == "refuse":
            raise
        return Code(revision=None)
    if gate.uncommitted == "refuse":
        refuse_uncommitted(code)
    return code
