"""What a gate decides from: runs, their verdicts derived again, the suites as they stand, and who came before."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from harness.cli.forges import Forge
from harness.cli.signatures import add_registration_signatures, doubt_corrections, find_ledger_loss, read_signatures
from harness.cli.vouching import Vouching, read_vouchers
from harness.documents import read_yaml
from harness.errors import UsageError
from harness.gating.asked_suites import AskedSuite
from harness.gating.attempts import Attempt
from harness.gating.decide import GateQuestion, latest_runs
from harness.gating.derivations import Derivation
from harness.gating.gates import Gate, GateSuite
from harness.plugins.describing import check_spec
from harness.project import Project
from harness.promotion.registries import MOVE
from harness.records.corrections import read_corrections
from harness.records.counting import leave_out_watches, runs_of
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.records.registrations import read_registrations
from harness.suite.pinned import read_pinned
from harness.suite.steps import digest_with_files
from harness.values.identity import Identity
from harness.values.runs import Run


def list_judged(entries: Sequence[Entry]) -> Sequence[Identity]:
    """Return the candidates that have runs, in the order of their first ones."""
    return list({entry.identity.key: entry.identity for entry in entries if entry.kind == "run"}.values())


def ask_gate(
    project: Project,
    stage: str,
    gate: Gate,
    who: Identity,
    book: Ledger,
    entries: Sequence[Entry],
    now: datetime,
    forge: Forge | None = None,
) -> tuple[GateQuestion, Sequence[Run]]:
    """Return what is asked of a stage about a candidate, and the runs to decide it from, their verdicts derived."""
    judged = [entry for entry in entries if entry.kind == "run" and entry.is_scheduled == gate.watch]
    suites = name_suites(gate, project)
    own = _entries_of(who, gate, list(suites), judged)
    runs = _read_runs(book, entries, own, gate)
    candidate = next((run.candidate for run in reversed(runs) if run.candidate.key == who.key), who)
    latest = latest_runs(gate, list(suites), candidate, runs)
    doubted = doubt_corrections(project, book, entries, now) if gate.promote else {}
    derivations = derive_runs([run for run in latest.values() if run], runs, project, book, entries, doubted)
    runs = [derivations[run.id].run if run.id in derivations else run for run in runs]
    vouching = Vouching(project=project, stage=stage, gate=gate, candidate=candidate, now=now, forge=forge)
    signed, given = read_vouchers(vouching, book, entries)
    seen = [run for run in latest.values() if run]
    signatures = read_signatures(seen, project, book, entries, now)
    registrations = read_registrations(book, entries, seen, stage, gate.digest)
    if gate.promote:
        registrations = add_registration_signatures(registrations, project, book, entries, now)
    question = GateQuestion(
        gate=gate,
        candidate=candidate,
        known=list_judged(entries),
        stage=stage,
        project=project.name,
        now=now,
        promoted_before=_has_earlier_promotion(gate, project, entries),
        waivers=[*project.waivers(), *signed],
        given=given,
        registrations=registrations,
        attempts=_attempts_on_the_same_rows(own, judged),
        suites=[read_asked(name, file, latest[name], project) for name, file in suites.items()],
        passed_before=_list_passes({who.key}.union(*(run.twins for run in runs)), list(suites), stage, entries),
        corrections=read_corrections(book, _leave_out(entries, doubted)),
        derivations=derivations,
        policy=project.policy.commit.digest if project.policy else "",
        signatures=signatures,
        unanchored=find_ledger_loss(signatures, project, book, entries) if gate.promote else "",
    )
    return question, runs


def name_suites(gate: Gate, project: Project) -> Mapping[str, GateSuite | None]:
    """Return the suites that a gate asks for by name, each with its file if it names one."""
    found: dict[str, GateSuite | None] = {}
    for suite in gate.suites:
        name = suite if isinstance(suite, str) else str(read_yaml(project.asked_file(suite.file)).get("name"))
        if name in found:
            raise UsageError(f"{project.gates_file}: suite {name!r} is asked for twice; remove one")
        found[name] = None if isinstance(suite, str) else suite
    return found


def read_asked(name: str, asked: GateSuite | None, run: Run | None, project: Project) -> AskedSuite:
    """Return a suite as its file stands now, with what a gate pins and otherwise what its run was given."""
    if asked is None or run is None:
        return AskedSuite(name=name, file=asked.file if asked else "")
    suite = read_pinned(project.asked_file(asked.file), asked.params, run.params)
    steps = enumerate(suite.steps)
    return AskedSuite(
        name=name,
        file=asked.file,
        digest=digest_with_files(suite, project.plugins),
        params={pinned: suite.values[pinned] for pinned in asked.params},
        requirements=[(suite.step_name(index), each) for index, step in steps for each in step.requirements],
        unwaivable=[
            suite.step_name(index)
            for index, step in enumerate(suite.steps)
            if not check_spec(project.plugins, step.check).waivable
        ],
    )


def derive_runs(
    latest: Sequence[Run],
    runs: Sequence[Run],
    project: Project,
    book: Ledger,
    entries: Sequence[Entry],
    doubted: Mapping[str, str] | None = None,
) -> Mapping[str, Derivation]:
    """Return, by the id of each run that is decided on, what came of deriving its verdicts again.

    `doubted` says, by the digest of a correction's entry, why it is not counted.
    """
    if not latest:
        return {}
    from harness.isolated.environments import built_digests  # noqa: PLC0415 - as below
    from harness.records.deriving import Records, derive_run, isolated_plugins  # noqa: PLC0415 - Arrow costs,
    from harness.records.evidence_store import open_bundle  # noqa: PLC0415 - and a gate may have no run
    from harness.records.purged import read_purges  # noqa: PLC0415 - as it names a file of rows

    named = {id for run in latest for id in run.earlier or ()} - {run.id for run in runs}
    others = book.read_runs([entry for entry in entries if entry.kind == "run" and entry.id in named])
    recorded = {entry.id: entry.seq for entry in entries if entry.kind == "run"}
    store = replace(open_bundle(project.evidence()), purged=read_purges(book, entries))
    plugins = project.plugins.versions()
    found: dict[str, Derivation] = {}
    for run in latest:
        before = [entry for entry in entries if entry.seq < recorded[run.id]]
        counted = _leave_out(before, doubted or {})
        corrections = read_corrections(book, counted)
        records = Records(
            runs=[*others, *runs],
            evidence_store=store,
            corrections=corrections,
            plugins=plugins,
            erased_before=read_purges(book, before),
            environments=built_digests(project.plugins, isolated_plugins(run)),
        )
        uncorrected = _find_uncorrected(run, book, before, doubted or {})
        found[run.id] = replace(derive_run(run, records), uncorrected=uncorrected)
    return found


def _find_uncorrected(run: Run, book: Ledger, before: Sequence[Entry], doubted: Mapping[str, str]) -> str:
    """Return why a correction of runs that this one was judged together with is not counted; nothing if all are."""
    own = [entry for entry in before if entry.entry_digest in doubted]
    named = [
        doubted[entry.entry_digest] for entry in own if set(read_corrections(book, [entry])) & set(run.earlier or ())
    ]
    return named[-1] if named else ""


def _leave_out(entries: Sequence[Entry], digests: Collection[str]) -> Sequence[Entry]:
    """Return the entries but those of some digests."""
    return [entry for entry in entries if entry.entry_digest not in digests]


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


def _has_earlier_promotion(gate: Gate, project: Project, entries: Sequence[Entry]) -> bool:
    """Tell whether this ledger or a registry ever promoted, asked only where a first promotion may matter."""
    if gate.first_promotion == "refuse":
        return True
    stages = {name for name, other in (project.gates.gates.items() if project.gates else ()) if other.promote}
    recorded = any(entry.kind == MOVE and entry.outcome == "moved" and entry.gate in stages for entry in entries)
    return recorded or any(registry.current() is not None for registry in project.registries(gate))
