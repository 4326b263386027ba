"""`harness gate`: decides for one candidate from what the ledger holds, and records the decision."""

import re
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.project import EXIT, say
from harness.errors import UsageError
from harness.gating.decide import decide
from harness.gating.gates import Gate, candidate_named
from harness.project import Project, instant, open_project
from harness.records.entries import Entry
from harness.records.runs import DECISION, canonical_pretty
from harness.values.decisions import GateDecision
from harness.values.identity import Identity

SAYS = {
    "pass": "may pass",
    "waived": "is let through on someone's word at",
    "fail": "may not pass",
    "inconclusive": "is not decided for",
    "error": "could not be judged for",
}


@click.command("gate")
@click.argument("stage")
@click.option("--candidate", required=True, metavar="DIGEST", help="Digest, or a revision that one digest carries.")
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--ledger", metavar="URL", help="The ledger to read; wins over the gates file's.")
@click.option("--as-of", metavar="TIME", help="Clock of the age limits (ISO 8601, UTC); default now.")
@click.option("--json", "as_text", is_flag=True, help="Print the decision as JSON.")
def command(
    stage: str, candidate: str, gates: Path | None, ledger: str | None, as_of: str | None, as_text: bool
) -> int:
    """Decide whether a candidate may pass STAGE, from recorded runs alone."""
    project = open_project(gates)
    gate = _gate(project, stage, ledger)
    book = project.ledger(ledger)
    entries = book.entries()
    judged = [entry for entry in entries if entry.kind == "run" and entry.is_scheduled == gate.watch]
    who = candidate_named(candidate, [entry.identity for entry in entries if entry.kind == "run"])
    runs = book.read_runs(_entries_of(who, gate, judged))
    decision = decide(
        gate,
        runs[-1].candidate if runs else who,
        runs,
        stage=stage,
        project=project.name,
        now=instant(as_of),
        promoted_before=_has_earlier_promotion(gate, project, entries),
        waivers=project.waivers(),
        attempts=[entry.attempt for entry in judged],
    )
    book.record_decision(decision)
    say(canonical_pretty(DECISION.dump_python(decision, mode="json")).rstrip() if as_text else decision_text(decision))
    return EXIT[decision.outcome]


def decision_text(decision: GateDecision) -> str:
    """Return a decision as text: what was decided, then why."""
    head = f"{decision.outcome.upper()}  {decision.candidate.revision} {SAYS[decision.outcome]} {decision.gate}"
    lines = [f"  {reason}" for reason in group_reasons(decision.reasons)]
    if decision.outcome == "inconclusive" and not decision.blocks:
        lines.append("  reported, does not block: this stage says on_inconclusive: report")
    lines += [f"  warning: {warning}" for warning in decision.warnings]
    return "\n".join([head + _digest(decision.candidate), *lines])


def group_reasons(reasons: Sequence[str]) -> Sequence[str]:
    """Return reasons that differ in their labels alone as one line that counts them."""
    lines = [re.sub(r"\[[^\]]*\]:", " (COUNT):", reason, count=1) for reason in reasons]
    several = {line: lines.count(line) for line in lines}
    alone = zip(lines, reasons, strict=True)
    shown = {line: line.replace("COUNT", f"all {n}") if (n := several[line]) > 1 else reason for line, reason in alone}
    return list(shown.values())


def _digest(who: Identity) -> str:
    return f"  ({who.digest[:19]}…)" if who.digest else "  (declared, without digest)"


def _gate(project: Project, stage: str, ledger: str | None) -> Gate:
    if project.gates is None:
        raise UsageError(f"no gates file at {project.settings.gates}; write one, or name it with --gates FILE")
    gate = project.gates.gate(stage)
    if gate.promote and not (ledger or project.gates.ledger):
        raise UsageError(
            f"gate {stage!r} promotes, so its ledger must be named; add `ledger: URL` to the gates file or --ledger, "
            f"as a fresh runner forgets the default one"
        )
    return gate


def _entries_of(who: Identity, gate: Gate, judged: Sequence[Entry]) -> Sequence[Entry]:
    """Return the runs of a candidate that a gate decides on: what watches looks at the latest of each suite alone."""
    own = [entry for entry in judged if entry.suite in gate.suites and entry.identity.key == who.key]
    if not gate.watch:
        return own
    latest = {entry.suite: entry for entry in sorted(own, key=lambda entry: entry.moment)}
    return list(latest.values())


def _has_earlier_promotion(gate: Gate, project: Project, entries: Sequence[Entry]) -> bool:
    """Tell whether this ledger or a registry ever promoted, asked only where a first promotion may matter."""
    if gate.first_promotion == "refuse":
        return True
    stages = {name for name, other in (project.gates.gates.items() if project.gates else ()) if other.promote}
    decisions = [entry for entry in entries if entry.kind == "decision"]
    recorded = any(entry.outcome == "pass" and entry.gate in stages for entry in decisions)
    return recorded or any(
        project.plugins.promoter(name).current(config) is not None for name, config in gate.promote.items()
    )
