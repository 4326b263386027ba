"""`harness audit`: finds what no promotion explains, and rejoins a ledger that lost entries."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

import click

from harness.cli.plugins_apart import open_guarded
from harness.cli.printing import say
from harness.cli.project import open_ledger
from harness.cli.promoting import open_stage, policy_option, print_notices, promoting_gate
from harness.cli.signers import HELP, signer_of, trust_of
from harness.errors import HarnessError, UsageError
from harness.gating.wording import describe_unenforced
from harness.project import Project, instant
from harness.promotion.auditing import Finding, audit, describe_standing, find_promoted
from harness.promotion.moves import identity_as_json
from harness.promotion.moving import finish_open
from harness.promotion.predicates import About
from harness.promotion.rejoining import Records, describe_rejoined, rejoin
from harness.promotion.rollouts import GET, audit_rollouts
from harness.promotion.stages import Stage
from harness.records.evidence_store import open_bundle
from harness.records.locks import lock_promotions

FOUND = 1


@click.command("audit")
@click.argument("stages", nargs=-1, metavar="[STAGE]...")
@click.option("--since", metavar="TIME", help="Of what is over, only what happened since (ISO 8601, UTC).")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@policy_option
@click.option("--what-if", is_flag=True, help="List instead what stages with enforce: false would have blocked.")
@click.option("--rejoin", "is_rejoin", is_flag=True, help="Put back what a restored ledger lost, and sign the gap.")
@click.option(
    "--rollouts",
    type=click.File(),
    metavar="FILE",
    help=f"What Argo Rollouts serves too: the output of `{GET}`; - is standard input.",
)
@click.option("--signer", metavar="URI", help=f"For --rejoin. {HELP}")
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
@click.option(
    "--json", "as_text", is_flag=True, help="Print as JSON who is promoted to each stage, and what was found."
)
def command(
    stages: tuple[str, ...],
    since: str | None,
    gates: Path | None,
    policy_ref: str | None,
    what_if: bool,
    is_rejoin: bool,
    rollouts: TextIO | None,
    signer: str | None,
    ledger: str | None,
    as_text: bool,
) -> int:
    """Find moves that no promotion explains, in the stages that promote, or some of them; exit code 1 if there are.

    Also found: overrides older than 24 hours, moves that nobody ended, statements of keys that are not trusted, and a
    ledger that lost entries: with --rejoin what is kept beside the evidence is put back, and a promoter signs the gap.
    With --rollouts, what Argo Rollouts serves and nobody promoted, and analyses that were skipped.
    """
    _refuse_mixed(stages, since, what_if, is_rejoin, signer)
    if (as_text or rollouts) and (what_if or is_rejoin):
        raise UsageError("--json and --rollouts are about who is promoted; leave --what-if and --rejoin out")
    project = open_guarded(gates, policy_ref, signer=signer, ledger=ledger)
    if is_rejoin:
        return _rejoin(project, ledger, signer)
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
    found = {stage.name: audit(stage, datetime.now(UTC), moment) for stage in opened}
    if rollouts:
        found["rollouts"] = audit_rollouts(rollouts.read(), _promoted_digests(opened))
    if as_text:
        say(
            json.dumps(
                [{**_read_promoted(stage), "findings": [each.text for each in found[stage.name]]} for stage in opened]
                + ([{"rollouts": [str(each) for each in found["rollouts"]]}] if rollouts else [])
            )
        )
    else:
        _print_found(opened, [finding for findings in found.values() for finding in findings])
    return FOUND if any(found.values()) else 0


def _print_found(opened: Sequence[Stage], found: Sequence[Finding]) -> None:
    for stage in opened:
        say(describe_standing(stage))
    for finding in found:
        say(f"FOUND  {finding}")
    if not found:
        say(f"every move of {len(opened)} stage{'' if len(opened) == 1 else 's'} is explained")


def _promoted_digests(opened: Sequence[Stage]) -> Mapping[str, str]:
    """Return the stages by the digest that a statement that is trusted promotes; none where nobody can say."""
    found: dict[str, str] = {}
    for stage in opened:
        with suppress(HarnessError):  # which the audit of the stage says
            who = find_promoted(stage) if stage.moves(stage.entries()) else None
            found |= {who.digest: stage.name} if who and who.digest else {}
    return found


def _read_promoted(stage: Stage) -> Mapping[str, Any]:
    """Return who is promoted to a stage, as JSON values; `unknown` says why nobody can say."""
    try:
        return {"stage": stage.name, "promoted": identity_as_json(find_promoted(stage)), "unknown": ""}
    except HarnessError as error:
        return {"stage": stage.name, "promoted": None, "unknown": str(error)}


def _refuse_mixed(
    stages: tuple[str, ...], since: str | None, what_if: bool, is_rejoin: bool, signer: str | None
) -> None:
    if is_rejoin and (stages or since or what_if):
        raise UsageError("--rejoin is about the whole ledger; leave stages, --since and --what-if out")
    if signer and not is_rejoin:
        raise UsageError("--signer signs the gap of --rejoin, and an audit signs nothing; leave it out")


def _rejoin(project: Project, ledger: str | None, signer: str | None) -> int:
    """Put back what the ledger lost, and sign the gap, while nobody promotes."""
    book = open_ledger(project, ledger)
    records = Records(book=book, store=open_bundle(project.evidence()), trust=trust_of(project))
    about = About(
        project=project.name, stage="", model="", issued=datetime.now(UTC), version=version("promotion-harness")
    )
    with lock_promotions(project.ledger_url(ledger), project.settings.store):
        found = rejoin(records, signer_of(project, signer), about)
        if found:
            print_notices(_finish_moves(project, ledger))
    for line in (
        describe_rejoined(found) if found else ["the ledger holds all that is signed; there is nothing to rejoin"]
    ):
        say(line)
    return 0


def _finish_moves(project: Project, ledger: str | None) -> Sequence[str]:
    """End the moves that stand open by what the registries say; return that in words, or which does not answer."""
    notices: list[str] = []
    for name, gate in project.gates.gates.items() if project.gates else ():
        try:
            notices += map(str, finish_open(open_stage(project, name, gate, ledger))) if gate.promote else ()
        except HarnessError as error:
            notices.append(f"{error}; the next promote or rollback of {name} finds out who is promoted")
    return notices
