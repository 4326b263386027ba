"""The end of a session, in the controller alone: judge what was observed, join the parts of runs, record, show."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.gating.attempts import attempt_warning
from harness.judging.judge import judge
from harness.judging.phrases import describe_asked, describe_found
from harness.pytesting.door import door
from harness.pytesting.items import SuiteFile, Trouble, late_items
from harness.pytesting.narrowing import describe_part, why_narrowed
from harness.pytesting.observed import measure_observations
from harness.pytesting.session import SESSION
from harness.pytesting.shared import Shared, suite_paths
from harness.suite.steps import OBSERVED
from harness.text import printable
from harness.values.measurements import Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Run
from harness.values.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What a session came to: the runs recorded, and why others were not."""

    runs: Sequence[Run] = ()
    notes: Sequence[str] = ()


CLOSED = pytest.StashKey[Closed]()


def close(session: pytest.Session) -> None:
    """Judge what was put off, join and record the run of each suite, and tell what was observed besides."""
    folder = session.config.stash[SESSION].folder
    paths = suite_paths(folder)
    _perform(session, late_items(session, paths))
    settled = [_record_suite(session, path) for path in paths]
    notes = [*_observed_part(session, paths), *_extra_observations(session, paths), *_unknown_params(session, paths)]
    session.config.stash[CLOSED] = _conclude(session, settled, notes)


def close_early(session: pytest.Session) -> None:
    """Record the suites that were whole before the session stopped, and tell why the others were not recorded."""
    paths = suite_paths(session.config.stash[SESSION].folder)
    settled = [_record_or_reason(session, path) for path in paths]
    if settled:
        session.config.stash[CLOSED] = _conclude(session, settled, ["the session stopped early"])


def _conclude(session: pytest.Session, settled: Sequence[Run | str], notes: Sequence[str]) -> Closed:
    """Return the runs that were recorded and all there is to tell besides."""
    runs = [found for found in settled if isinstance(found, Run)]
    unrecorded = [found for found in settled if isinstance(found, str)]
    return Closed(runs=runs, notes=[*unrecorded, *notes, *_attempt_warnings(session, runs), *_unsigned(session, runs)])


def _unsigned(session: pytest.Session, runs: Sequence[Run]) -> Iterator[str]:
    """Yield that the runs of a project which names a signer are unsigned here."""
    if runs and door(session.config).project.signer(os.environ):
        yield "unsigned, as tests run in this process: write runs with --harness-out DIR, then `harness runs sign DIR`"


def _attempt_warnings(session: pytest.Session, runs: Sequence[Run]) -> Iterator[str]:
    """Yield a warning for each suite that judged several candidates on the same rows."""
    opened = door(session.config)
    attempts = [entry.attempt for entry in opened.ledger.entries("run")] if runs else []
    for run in runs:
        warning = attempt_warning(run, attempts)
        if warning:
            yield f"warning: {warning}"


def summarize(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the table of verdicts of each run, with its id."""
    found = config.stash.get(CLOSED, None)
    lines = list(_lines(found)) if found else []
    if lines:
        reporter.section("harness")
        reporter.write_line("\n".join(lines))


def _lines(found: Closed) -> Iterator[str]:
    for run in found.runs:
        outcome = run.outcome.upper() if any(v.requirement.severity == "must" for v in run.verdicts) else "NO MUSTS"
        yield f"{outcome}  {run.suite}: candidate {run.candidate.revision}  run {run.id}  {run.digest[:19]}"
        yield from _table(run)
    yield from found.notes


def _table(run: Run) -> Iterator[str]:
    rows = [_columns(verdict) for verdict in run.verdicts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()


def _columns(verdict: Verdict) -> tuple[str, ...]:
    severity = verdict.requirement.severity
    outcome = "info" if severity == "info" else verdict.outcome
    return outcome, verdict.name, str(describe_found(verdict)), str(describe_asked(verdict)), severity, verdict.step


def _perform(session: pytest.Session, items: Sequence[pytest.Item]) -> None:
    session.testscollected += len(items)
    for item in items:
        if not session.shouldfail:
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def _record_suite(session: pytest.Session, path: Path) -> Run | str:
    """Return a suite's recorded run, or why there is none; one that cannot be recorded fails the session."""
    opened = door(session.config)
    try:
        return _run_or_lack(session.config, opened.suite(path))
    except HarnessError as error:
        file = SuiteFile.from_parent(session, path=path)
        _perform(session, [Trouble.from_parent(file, name="run", message=str(error))])
        return f"{opened.suite(path).suite.name}: not recorded: {error}"


def _record_or_reason(session: pytest.Session, path: Path) -> Run | str:
    """Return a suite's recorded run, or why there is none."""
    try:
        opened = door(session.config)
        return _run_or_lack(session.config, opened.suite(path))
    except HarnessError as error:
        return f"{path.name}: not recorded: {error}"


def _run_or_lack(config: pytest.Config, shared: Shared) -> Run | str:
    lack = _lack(config, shared)
    return f"{shared.suite.name}: not recorded: {lack}" if lack else shared.record()


def _lack(config: pytest.Config, shared: Shared) -> str:
    """Return what a suite's run lacks, or nothing."""
    missing = shared.missing()
    if missing:
        return f"{len(missing)} of {len(shared.steps)} steps were not measured ({', '.join(missing)})"
    return why_narrowed(config, config.stash[SESSION].log) if shared.observes else ""


def _observed_part(session: pytest.Session, paths: Sequence[Path]) -> Iterator[str]:
    """Yield what the observations that suites judge are of."""
    for shared in (door(session.config).suite(path) for path in paths):
        if shared.observes:
            yield from (f"{shared.suite.name}: {line}" for line in describe_part(session.config.stash[SESSION].log))


def _extra_observations(session: pytest.Session, paths: Sequence[Path]) -> Iterator[str]:
    """Yield what was observed and no suite asked for; ids observed twice are an error all the same."""
    steps = [step for path in paths for step in door(session.config).suite(path).steps if step.check.name == OBSERVED]
    asked = {requirement.metric for step in steps for requirement in step.step.requirements}
    try:
        found = list(measure_observations(session.config.stash[SESSION].log))
    except HarnessError as error:
        _perform(session, [] if steps else [Trouble.from_parent(session, name="observe", message=str(error))])
        return
    for measurement in found:
        if measurement.metric not in asked:
            yield f"observed, not asked for: {_measurement_text(measurement)}"


def _unknown_params(session: pytest.Session, paths: Sequence[Path]) -> Iterator[str]:
    """Yield the parameters that were given and that no suite declares."""
    if paths:
        opened = door(session.config)
        declared = {name for path in paths for name in opened.suite(path).suite.values}
        for name in opened.params.keys() - declared:
            yield f"--harness-param {name}: no suite of this session has such a parameter"


def _measurement_text(measurement: Measurement) -> str:
    verdict = judge(Requirement(metric=measurement.metric, at_least=0, severity="info"), measurement)
    count = verdict.estimate.n if verdict.estimate else 0
    return f"{printable(measurement.metric)} {describe_found(verdict)} of {count} observations"
