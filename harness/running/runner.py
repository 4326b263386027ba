"""Runs a suite: opens data and targets, has the work performed, judges it, and returns the record."""

import platform
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa

from harness.data.datasets import Tables
from harness.data.sources import Source, open_datasets
from harness.errors import Absent, HarnessError
from harness.judging.judge import judge_step, read_together
from harness.plugins.discovery import Plugins, owner
from harness.plugins.targets import Target
from harness.plugins.tasks import TargetSpec, Task, TaskResult
from harness.records.contract import keep_declared
from harness.records.evidence import store_samples
from harness.records.evidence_store import Bundle, open_bundle
from harness.records.history import recall_runs
from harness.records.ledger import Ledger
from harness.records.runs import canonical, run_digest, sha256
from harness.running.executors import open_target, perform
from harness.running.inputs import columns_to_profile, unusable
from harness.running.slices import slice_measurements
from harness.suite.steps import Resolved, resolve
from harness.suite.suites import Suite
from harness.values.identity import CANDIDATE, Identity
from harness.values.keys import MetricKey
from harness.values.measurements import Measurement
from harness.values.runs import SCHEDULE, Run
from harness.values.verdicts import Verdict

ENVIRONMENT = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a suite is to be run: the clock, the executor, what is kept, and the ledger that looks are counted in."""

    project: str
    store: Path
    as_of: datetime
    executor: str = "threads"
    evidence: str = "ids"
    kept: str | None = None
    trigger: str = "manual"
    origin: Literal["cli", "pytest", "interactive"] = "cli"
    seed: int = 0
    timeout: timedelta | None = None
    ledger: Ledger | None = None
    on_result: Callable[[TaskResult], None] = lambda done: None

    @cached_property
    def bundle(self) -> Bundle:
        """Return where the rows behind the samples are kept: in the store, unless the project names a place."""
        return open_bundle(self.kept or self.store / "evidence")


@dataclass(frozen=True, kw_only=True)
class OpenSuite:
    """Everything a run reads from, opened once; a baseline that does not exist yet says why.

    `unusable` says, by target and dataset, why the steps that read it there cannot be measured. `earlier` holds the
    recorded runs of the suite, in which looks are counted; `judged` names the datasets that the steps measure.
    """

    datasets: Tables
    targets: Mapping[str, Target]
    identities: Mapping[str, Identity | None]
    failures: Mapping[str, str] = field(default_factory=dict)
    unusable: Mapping[tuple[str, str], str] = field(default_factory=dict)
    earlier: Sequence[Run] = ()
    judged: frozenset[str] = frozenset()


def run_suite(suite: Suite, plugins: Plugins, options: RunOptions) -> Run:
    """Return the record of a suite held to its candidate; nothing is written but the evidence."""
    started = datetime.now(UTC)
    steps = resolve(suite, plugins)
    with open_suite(suite, steps, plugins, options) as opened:
        return run_steps(steps, suite, plugins, options, opened, started)


def run_steps(
    steps: Sequence[Resolved], suite: Suite, plugins: Plugins, options: RunOptions, opened: OpenSuite, started: datetime
) -> Run:
    """Return the record of some steps of a suite that was opened whole; `records.joined` makes one run of several."""
    works = list(plan_tasks(suite, steps, opened, options, started))
    checks = {step.check.name: step.check for step in steps}

    def perform_and_report(work: Task) -> TaskResult:
        done = perform(work, checks[work.check], opened.targets[work.subject.name])
        options.on_result(done)
        return done

    done = list(plugins.executor(options.executor)(works, perform_and_report))
    measured = [_step_outcome(step, done, opened, options) for step in steps]
    verdicts = [
        v for step, seen in zip(steps, measured, strict=True) for v in _judge_outcome(step, seen, opened, options)
    ]
    measurements = [measurement for outcome in measured for measurement in outcome.measurements]
    read = read_together(verdicts, measurements)
    return _record(suite, plugins, options, opened, started, done, measurements, read)


@contextmanager
def open_suite(suite: Suite, steps: Sequence[Resolved], plugins: Plugins, options: RunOptions) -> Iterator[OpenSuite]:
    """Open a suite's datasets and targets; close the targets at the end."""
    datasets = _datasets(suite, steps, options.as_of)
    needed = sorted({name for step in steps for name in step.arguments})
    targets: dict[str, Target] = {}
    absent: dict[str, str] = {}
    with ExitStack() as stack:
        for name in needed:
            try:
                targets[name] = stack.enter_context(open_target(_subject(suite, name), datasets, plugins))
            except Absent as error:
                if name == CANDIDATE:
                    raise
                absent[name] = str(error)
        identities = {name: targets[name].identity() if name in targets else None for name in needed}
        earlier = _earlier(suite, identities[CANDIDATE], options)
        judged = frozenset(step.arguments[CANDIDATE]["data"] for step in steps if "data" in step.arguments[CANDIDATE])
        yield OpenSuite(
            datasets=datasets,
            targets=targets,
            identities=identities,
            failures=absent,
            unusable=unusable(steps, targets),
            earlier=earlier,
            judged=judged,
        )


def _earlier(suite: Suite, candidate: Identity | None, options: RunOptions) -> Sequence[Run]:
    """Return the runs in which looks are counted: what watches a deployment asks about each window anew."""
    if options.ledger is None or options.trigger == SCHEDULE or candidate is None:
        return ()
    entries = [entry for entry in options.ledger.entries("run") if entry.suite == suite.name]
    own = [entry for entry in entries if entry.identity.key == candidate.key and not entry.is_scheduled]
    return options.ledger.read_runs(own)


def plan_tasks(
    suite: Suite, steps: Sequence[Resolved], opened: OpenSuite, options: RunOptions, started: datetime
) -> Iterator[Task]:
    """Yield a work unit for every step and every target it can be measured on."""
    together = columns_to_profile(steps, opened.targets)
    for step in steps:
        for name, arguments in step.arguments.items():
            if name in opened.targets and not _broken(name, arguments, opened):
                yield replace(_work(suite, step, name, arguments, opened, options, started), profiled=together)


def _work(
    suite: Suite,
    step: Resolved,
    name: str,
    arguments: Mapping[str, str],
    opened: OpenSuite,
    options: RunOptions,
    started: datetime,
) -> Task:
    seed = int(
        sha256(canonical([options.seed, step.name, name, {n: d.digest for n, d in opened.datasets.items()}]))[7:15], 16
    )
    subject = replace(_subject(suite, name), identity=opened.identities[name], url=opened.targets[name].url)
    return Task(
        step=step.name,
        check=step.check.name,
        subject=subject,
        arguments=arguments,
        params=step.params,
        datasets=opened.datasets,
        exclusive=step.check.exclusive,
        seed=seed,
        deadline=started + options.timeout if options.timeout else None,
    )


def _subject(suite: Suite, name: str) -> TargetSpec:
    target = suite.target_for(None if name == CANDIDATE else name)
    return TargetSpec(name=name, kind=target.kind, config=target.config)


def _broken(target: str, arguments: Mapping[str, str], opened: OpenSuite) -> str:
    """Return why the datasets that a step names cannot be used on a target; nothing if they can."""
    return "; ".join(
        opened.unusable[target, n] for n in dict.fromkeys(arguments.values()) if (target, n) in opened.unusable
    )


def _datasets(suite: Suite, steps: Sequence[Resolved], as_of: datetime) -> Tables:
    """Open the suite's data, and the paths that steps name instead."""
    named = {name for step in steps for arguments in step.arguments.values() for name in arguments.values()}
    paths = {name: Source(source=name) for name in sorted(named - set(suite.data))}
    return open_datasets({**suite.data, **paths}, suite.folder, as_of)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    measurements: Sequence[Measurement]
    failures: Mapping[str, str]


def _step_outcome(step: Resolved, done: Sequence[TaskResult], opened: OpenSuite, options: RunOptions) -> _Outcome:
    """Split a step's measurements by its slices and store the rows behind them."""
    own = [result for result in done if result.work.step == step.name]
    broken = {name: _broken(name, arguments, opened) for name, arguments in step.arguments.items()}
    failures = dict(opened.failures) | {name: why for name, why in broken.items() if why}
    failures |= {result.work.subject.name: result.error for result in own if result.error}
    missing = set(step.arguments) - {result.work.subject.name for result in own} - set(failures)
    failures |= dict.fromkeys(missing, f"executor {options.executor!r} returned nothing for this step")
    measurements: list[Measurement] = []
    for result in own:
        try:
            found = _distinct(_slice_result(step, result, opened))
            measurements += store_samples(found, options.bundle, options.evidence)
        except HarnessError as error:
            failures[result.work.subject.name] = str(error)
        except pa.ArrowException as error:  # ids or slice columns of a type that cannot be matched or digested
            message = f"what {step.check.name!r} measured cannot be split or stored: {error}; use ids of a plain type"
            failures[result.work.subject.name] = message
    return _Outcome(measurements=measurements, failures=failures)


def _slice_result(step: Resolved, result: TaskResult, opened: OpenSuite) -> Sequence[Measurement]:
    measurements = [keep_declared(measurement) for measurement in result.measurements]
    if not step.step.by or not measurements:
        return measurements
    if "data" not in result.work.arguments:
        raise HarnessError(f"check {step.check.name!r} reads no dataset, so it cannot be split `by` columns")
    data = opened.targets[result.work.subject.name].dataset(result.work.arguments["data"])
    in_slices = {requirement.metric for requirement in step.step.requirements if requirement.where != "overall"}
    return slice_measurements(measurements, step.step.by, data, in_slices)


def _distinct(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """Return the measurements if each is of something else: looks at one that is there twice could not be counted."""
    seen: set[MetricKey] = set()
    for key in (measurement.key for measurement in measurements):
        if key in seen:
            raise HarnessError(f"{key.metric!r} ({key.where}) was measured twice in one step; give each its own labels")
        seen.add(key)
    return measurements


def _judge_outcome(step: Resolved, outcome: _Outcome, opened: OpenSuite, options: RunOptions) -> Sequence[Verdict]:
    requirements = step.step.requirements
    earlier = recall_runs(opened.earlier, opened.identities, outcome.measurements, options.bundle)
    verdicts = judge_step(requirements, outcome.measurements, step.name, step.check.name, outcome.failures, earlier)
    read = [opened.datasets[n] for n in step.arguments[CANDIDATE].values() if (CANDIDATE, n) not in opened.unusable]
    left_out = [message for data in read for message in data.filters if message.startswith("without")]
    return [replace(verdict, notes=(*verdict.notes, *left_out)) for verdict in verdicts]


def _record(
    suite: Suite,
    plugins: Plugins,
    options: RunOptions,
    opened: OpenSuite,
    started: datetime,
    done: Sequence[TaskResult],
    measurements: Sequence[Measurement],
    verdicts: Sequence[Verdict],
) -> Run:
    used = {owner(name) for result in done for name in (result.work.check, result.work.subject.kind)}
    candidate = opened.identities[CANDIDATE]
    if candidate is None:
        raise HarnessError("the candidate has no identity; a target must say who it is")
    run = Run(
        id=uuid.uuid4().hex[:12],
        digest="",
        project=options.project,
        suite=suite.name,
        suite_digest=suite.digest,
        candidate=candidate,
        baselines={name: found for name, found in opened.identities.items() if name != CANDIDATE},
        datasets={
            name: replace(data.record(), judged=not opened.judged or name in opened.judged)
            for name, data in opened.datasets.items()
        },
        plugins={name: version for name, version in plugins.versions().items() if name in used},
        environment=ENVIRONMENT,
        params=suite.values,
        trigger=options.trigger,
        origin=options.origin,
        seed=options.seed,
        as_of=options.as_of,
        started=started,
        finished=datetime.now(UTC),
        cost={"seconds": round(sum(result.seconds for result in done), 6)},
        measurements=tuple(measurements),
        verdicts=tuple(verdicts),
    )
    return replace(run, digest=run_digest(run))
