"""`harness waive`: a person of trust.yaml signs that one requirement is let go for one candidate, until a day."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from harness.cli.vouch import Desk, vouching_options
from harness.errors import UsageError
from harness.gating.decide import collect_held
from harness.gating.waivers import Held, SignedWaiver, asked_of, refusal
from harness.values.verdicts import Verdict


@click.command("waive")
@vouching_options
@click.option(
    "--metric",
    required=True,
    metavar="METRIC",
    help="As the gate names it: recall, precision[channel=pos], recall against champion.",
)
@click.option("--suite", metavar="NAME", help="Its suite, where several have such a metric.")
@click.option("--reason", required=True, help="Why it may be let go; shown wherever the decision is.")
def command(
    stage: str,
    candidate: str,
    signer: str | None,
    days: int,
    gates: Path | None,
    policy_ref: str | None,
    ledger: str | None,
    metric: str,
    suite: str | None,
    reason: str,
) -> int:
    """Sign that one requirement of STAGE is let go for one candidate, and record it.

    It stands for what failed or is undecided, never for an error, nor for what is `waivable: false`.
    """
    from harness.signing.statements import WAIVER  # noqa: PLC0415 - costs half a second

    desk = Desk(stage, candidate, gates, policy_ref, signer, ledger)
    question, runs = desk.ask()
    held = collect_held(question, runs)
    named, verdict = _find_verdict(metric, suite, held)
    says = {
        "suite": named,
        "step": verdict.key.step,
        "metric": verdict.metric,
        "labels": dict(verdict.labels),
        "asked": dict(asked_of(verdict.requirement)),
        "reason": reason,
    }
    waiver = SignedWaiver.model_validate(
        {
            **says,
            "candidate": desk.about.candidate.digest,
            "owner": "whoever signs",
            "expires": desk.about.now + timedelta(days=days),
            "issued": desk.about.now,
            "id": "",
        }
    )
    unwaivable = [(each.name, step) for each in question.suites for step in each.unwaivable]
    why = refusal(waiver, held, desk.about.candidate, promotes=True, unwaivable=unwaivable, now=desk.about.now)
    if why:
        raise UsageError(f"a waiver of {named}: {verdict.key} would not apply: it {why}; nothing was signed")
    return desk.sign(WAIVER, says, days, signer, [""])


def _find_verdict(metric: str, suite: str | None, held: Held) -> tuple[str, Verdict]:
    """Return the one verdict that a metric names. UsageError if there is none, or several."""
    own: Sequence[tuple[str, Verdict]] = [each for each in held if suite in (None, each[0])]
    found = [each for each in own if metric in _names(each[1])]
    open_ones = [each for each in found if each[1].outcome != "pass"] or found
    if len(open_ones) == 1:
        return open_ones[0]
    known = ", ".join(dict.fromkeys(f"{name}: {_names(verdict)[-1]}" for name, verdict in open_ones or own))
    what = "several requirements" if open_ones else "no requirement that this gate holds"
    raise UsageError(f"{metric!r} names {what}; name one of {known or 'none, as no run was judged'}")


def _names(verdict: Verdict) -> tuple[str, ...]:
    """Return what a requirement may be called; no other of its suite has the last name."""
    names = (verdict.name, verdict.title)
    return (
        *names,
        *(f"{verdict.step}.{name}" for name in names),
        f"{verdict.step}.{verdict.title} {verdict.requirement.bound}",
    )
