"""`harness gate`: decides for one candidate from what the ledger holds, and records the decision."""

import math
from collections.abc import Collection, Sequence
from pathlib import Path

import click

from harness.cli.deciding import derive_runs, name_suites, read_asked
from harness.cli.printing import show
from harness.cli.project import EXIT, open_ledger
from harness.cli.reports import earlier_runs, printed_last
from harness.errors import UsageError
from harness.gating.attempts import Attempt
from harness.gating.decide import GateQuestion, decide, latest_runs
from harness.gating.gates import Gate, candidate_named, list_candidates
from harness.plugins.reports import Report
from harness.project import Project, instant, open_project
from harness.records.corrections import read_corrections
from harness.records.counting import leave_out_watches, runs_of
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.values.decisions import GateDecision
from harness.values.identity import Identity
from harness.values.runs import Run


@click.command("gate")
@click.argument("stage")
@click.option(
    "--candidate", metavar="NAME", help="Its revision, its digest or the start of that; default that of --run."
)
@click.option(
    "--run",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Record the runs that `harness run --out DIR` wrote elsewhere, and their evidence, before deciding.",
)
@click.option("--gates", type=click.Path(path_type=Path), metavar="FILE", help="The gates file; default ci/gates.yaml.")
@click.option("--ledger", metavar="URL", help="The ledger: a URL or git:BRANCH; wins over the gates file's.")
@click.option("--as-of", metavar="TIME", help="Clock of the age limits (ISO 8601, UTC); default now.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Further report: html, junit, markdown, ...")
@click.option("--json", "as_text", is_flag=True, help="Print the decision as JSON.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where reports are written.")
def command(
    stage: str,
    candidate: str | None,
    folders: Sequence[Path],
    gates: Path | None,
    ledger: str | None,
    as_of: str | None,
    reports: Sequence[str],
    as_text: bool,
    out: Path | None,
) -> int:
    """Decide whether a candidate may pass STAGE, from recorded runs alone."""
    project = open_project(gates)
    reporters = {name: project.plugins.reporter(name) for name in ("json" if as_text else "terminal", *reports)}
    gate = _gate(project, stage, ledger)
    if gate.promote and as_of:
        raise UsageError(f"gate {stage!r} promotes, so it goes by the clock; leave --as-of out, or ask another gate")
    book = open_ledger(project, ledger)
    taken = _take_runs(folders, book, project) if folders else ()
    entries = book.entries()
    judged = [entry for entry in entries if entry.kind == "run" and entry.is_scheduled == gate.watch]
    known = list({entry.identity.key: entry.identity for entry in entries if entry.kind == "run"}.values())
    who = candidate_named(candidate, known) if candidate else _only_candidate(taken)
    suites = name_suites(gate, project)
    own = _entries_of(who, gate, list(suites), judged)
    runs = _read_runs(book, entries, own, gate)
    who = next((run.candidate for run in reversed(runs) if run.candidate.key == who.key), who)
    latest = latest_runs(gate, list(suites), who, runs)
    derivations = derive_runs([run for run in latest.values() if run], runs, project, book, entries)
    runs = [derivations[run.id].run if run.id in derivations else run for run in runs]
    decision = decide(
        GateQuestion(
            gate=gate,
            candidate=who,
            known=known,
            stage=stage,
            project=project.name,
            now=instant(as_of),
            promoted_before=_has_earlier_promotion(gate, project, entries),
            waivers=project.waivers(),
            attempts=_attempts_on_the_same_rows(own, judged),
            suites=[read_asked(name, file, latest[name], project) for name, file in suites.items()],
            passed_before=_list_passes({who.key}.union(*(run.twins for run in runs)), list(suites), stage, entries),
            corrections=read_corrections(book, entries),
            derivations=derivations,
        ),
        runs,
    )
    book.record_decision(decision)
    decided = _runs_decided(decision, runs)
    report = Report(runs=decided, decision=decision, history=earlier_runs(decided, entries))
    for name, reporter in printed_last(reporters):
        show(name, reporter(report, out or project.settings.store / "reports"), as_text=as_text)
    return EXIT[decision.outcome] if decision.blocks else 0


def _take_runs(folders: Sequence[Path], book: Ledger, project: Project) -> Sequence[Identity]:
    """Record the runs below some folders, with their evidence, and return whom they are of."""
    from harness.records import artefacts, evidence_store  # noqa: PLC0415 - Arrow, which a gate on a ledger does without

    found = artefacts.read_artefacts(folders)
    artefacts.import_runs(found, book, evidence_store.open_bundle(project.evidence()))
    return list({each.run.candidate.key: each.run.candidate for each in found}.values())


def _only_candidate(candidates: Sequence[Identity]) -> Identity:
    if len(candidates) == 1:
        return candidates[0]
    found = f"the runs are of {list_candidates(candidates)}" if candidates else "there is no --run that tells"
    raise UsageError(f"name the candidate with --candidate; {found}")


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


def _entries_of(who: Identity, gate: Gate, suites: Sequence[str], judged: Sequence[Entry]) -> Sequence[Entry]:
    """Return the runs of a candidate that a gate decides on: what watches looks at the latest of each suite alone."""
    own = [entry for entry in judged if entry.candidate == who.digest and entry.identity.key == who.key]
    if not gate.watch:
        return own
    asked = [entry for entry in own if entry.suite in suites]
    latest = {entry.suite: entry for entry in sorted(asked, key=lambda entry: entry.moment)}
    return list(latest.values())


def _read_runs(book: Ledger, entries: Sequence[Entry], own: Sequence[Entry], gate: Gate) -> Sequence[Run]:
    """Return the runs that are decided on, and for a gate that does not watch those in which its looks are counted."""
    found = book.read_runs(own)
    if gate.watch or not own:
        return found
    keys = {own[0].identity.key}.union(*(run.alike for run in found))
    counted = leave_out_watches(book, entries, runs_of(entries, keys))
    return [*found, *book.read_runs([entry for entry in counted if entry not in own])]


def _attempts_on_the_same_rows(own: Sequence[Entry], judged: Sequence[Entry]) -> Sequence[Attempt]:
    rows = {entry.rows for entry in own}
    return [entry.attempt for entry in judged if entry.rows in rows]


def _list_passes(who: Collection[str], suites: Sequence[str], stage: str, entries: Sequence[Entry]) -> Sequence[bool]:
    """Return of each candidate that the suites judged before this one whether the stage had passed it by then."""
    runs = [entry for entry in entries if entry.kind == "run" and entry.suite in suites and not entry.is_scheduled]
    start = next((entry.seq for entry in runs if entry.identity.key in who), math.inf)
    decisions = [entry for entry in entries if entry.kind == "decision" and entry.gate == stage and entry.seq < start]
    passed = {entry.identity.key for entry in decisions if entry.outcome == "pass"}
    return [key in passed for key in dict.fromkeys(entry.identity.key for entry in runs if entry.seq < start)]


def _runs_decided(decision: GateDecision, runs: Sequence[Run]) -> Sequence[Run]:
    """Return the run of each suite that was decided on."""
    found = {run.suite: run for run in runs if decision.runs.get(run.suite) == run.digest}
    return [found[suite] for suite in decision.runs]


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
