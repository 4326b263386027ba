"""What a gate decides from besides the ledger: the suites as their files stand now, and verdicts derived again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.documents import read_yaml
from harness.errors import UsageError
from harness.gating.asked_suites import AskedSuite
from harness.gating.derivations import Derivation
from harness.gating.gates import Gate, GateSuite
from harness.project import Project
from harness.records.corrections import read_corrections
from harness.records.entries import Entry
from harness.records.ledger import Ledger
from harness.suite.pinned import read_pinned
from harness.suite.steps import digest_with_files
from harness.values.runs import Run


def name_suites(gate: Gate, project: Project) -> Mapping[str, GateSuite | None]:
    """Return the suites that a gate asks for by name, each with its file if it names one."""
    found: dict[str, GateSuite | None] = {}
    for suite in gate.suites:
        name = suite if isinstance(suite, str) else str(read_yaml(project.gates_folder / suite.file).get("name"))
        if name in found:
            raise UsageError(f"{project.gates_file}: suite {name!r} is asked for twice; remove one")
        found[name] = None if isinstance(suite, str) else suite
    return found


def read_asked(name: str, asked: GateSuite | None, run: Run | None, project: Project) -> AskedSuite:
    """Return a suite as its file stands now, with what a gate pins and otherwise what its run was given."""
    if asked is None or run is None:
        return AskedSuite(name=name, file=asked.file if asked else "")
    suite = read_pinned(project.gates_folder / asked.file, asked.params, run.params)
    steps = enumerate(suite.steps)
    return AskedSuite(
        name=name,
        file=asked.file,
        digest=digest_with_files(suite, project.plugins),
        params={pinned: suite.values[pinned] for pinned in asked.params},
        requirements=[(suite.step_name(index), each) for index, step in steps for each in step.requirements],
    )


def derive_runs(
    latest: Sequence[Run], runs: Sequence[Run], project: Project, book: Ledger, entries: Sequence[Entry]
) -> Mapping[str, Derivation]:
    """Return, by the id of each run that is decided on, what came of deriving its verdicts again."""
    if not latest:
        return {}
    from harness.records.deriving import Records, derive_run  # noqa: PLC0415 - Arrow and statistics cost,
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
        corrections = read_corrections(book, before)
        records = Records(runs=[*others, *runs], evidence_store=store, corrections=corrections, plugins=plugins)
        found[run.id] = derive_run(run, records)
    return found
