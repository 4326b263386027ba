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

from harness import evidence
from harness.bundles import Bundle, open_bundle
from harness.datasets import Tables
from harness.errors import Absent, HarnessError
from harness.executors import open_target, perform
from harness.history import recalled
from harness.inputs import profiled, unusable
from harness.judge import judge_step, read_together
from harness.ledger import Ledger
from harness.model import CANDIDATE, SCHEDULE, Identity, Measurement, Run, Verdict
from harness.plugins import Plugins, owner
from harness.records import canonical, run_digest, sha256
from harness.slices import sliced
from harness.sources import Source, open_datasets
from harness.steps import Resolved, resolve
from harness.suites import Suite
from harness.targets import Target
from harness.work import Done, Subject, Work

ENVIRONMENT = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}


@dataclass(frozen=True, kw_only=True)
class Order:
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
    told: Callable[[Done], None] = lambda done: None

    @cached_property
    def bundle(self) -> Bundle:
        """Return where the rows behind the samples are kept: in the store, unless the project names a place."""
        return open_bundle(self.kept or self.store / "evidence")


@dataclass(frozen=True, kw_only=True)
class Opened:
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


def run_suite(suite: Suite, plugins: Plugins, order: Order) -> Run:
    """Return the record of a suite held to its candidate; nothing is written but the evidence."""
    started = datetime.now(UTC)
    steps = resolve(suite, plugins)
    with opened(suite, steps, plugins, order) as world:
        return run_steps(steps, suite, plugins, order, world, started)


def run_steps(
    steps: Sequence[Resolved], suite: Suite, plugins: Plugins, order: Order, world: Opened, started: datetime
) -> Run:
    """Return the record of some steps of a suite that was opened whole; `records.joined` makes one run of several."""
    works = list(planned(suite, steps, world, order, started))
    checks = {step.check.name: step.check for step in steps}

    def performed(work: Work) -> Done:
        done = perform(work, checks[work.check], world.targets[work.subject.name])
        order.told(done)
        return done

    done = list(plugins.executor(order.executor)(works, performed))
    measured = [_finished(step, done, world, order) for step in steps]
    verdicts = [v for step, seen in zip(steps, measured, strict=True) for v in _judged(step, seen, world, order)]
    measurements = [measurement for outcome in measured for measurement in outcome.measurements]
    read = read_together(verdicts, measurements)
    return _record(suite, plugins, order, world, started, done, measurements, read)


@contextmanager
def opened(suite: Suite, steps: Sequence[Resolved], plugins: Plugins, order: Order) -> Iterator[Opened]:
    """Open a suite's datasets and targets; close the targets at the end."""
    datasets = _datasets(suite, steps, order.as_of)
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
        earlier = _earlier(suite, order)
        judged = frozenset(step.arguments[CANDIDATE]["data"] for step in steps if "data" in step.arguments[CANDIDATE])
        yield Opened(
            datasets=datasets,
            targets=targets,
            identities=identities,
            failures=absent,
            unusable=unusable(steps, targets),
            earlier=earlier,
            judged=judged,
        )


def _earlier(suite: Suite, order: Order) -> Sequence[Run]:
    """Return the runs in which looks are counted: what watches a deployment asks about each window anew."""
    if order.ledger is None or order.trigger == SCHEDULE:
        return ()
    return [run for run in order.ledger.runs(suite.name) if not run.scheduled]


def planned(suite: Suite, steps: Sequence[Resolved], world: Opened, order: Order, started: datetime) -> Iterator[Work]:
    """Yield a work unit for every step and every target it can be measured on."""
    together = profiled(steps, world.targets)
    for step in steps:
        for name, arguments in step.arguments.items():
            if name in world.targets and not _broken(name, arguments, world):
                yield replace(_work(suite, step, name, arguments, world, order, started), profiled=together)


def _work(
    suite: Suite,
    step: Resolved,
    name: str,
    arguments: Mapping[str, str],
    world: Opened,
    order: Order,
    started: datetime,
) -> Work:
    seed = int(
        sha256(canonical([order.seed, step.name, name, {n: d.digest for n, d in world.datasets.items()}]))[7:15], 16
    )
    subject = replace(_subject(suite, name), identity=world.identities[name], url=world.targets[name].url)
    return Work(
        step=step.name,
        check=step.check.name,
        subject=subject,
        arguments=arguments,
        params=step.params,
        datasets=world.datasets,
        exclusive=step.check.exclusive,
        seed=seed,
        deadline=started + order.timeout if order.timeout else None,
    )


def _subject(suite: Suite, name: str) -> Subject:
    target = suite.target_for(None if name == CANDIDATE else name)
    return Subject(name=name, kind=target.kind, config=target.config)


def _broken(target: str, arguments: Mapping[str, str], world: Opened) -> str:
    """Return why the datasets that a step names cannot be used on a target; nothing if they can."""
    return "; ".join(
        world.unusable[target, n] for n in dict.fromkeys(arguments.values()) if (target, n) in world.unusable
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


def _finished(step: Resolved, done: Sequence[Done], world: Opened, order: Order) -> _Outcome:
    """Split a step's measurements by its slices and store the rows behind them."""
    own = [result for result in done if result.work.step == step.name]
    broken = {name: _broken(name, arguments, world) for name, arguments in step.arguments.items()}
    failures = dict(world.failures) | {name: why for name, why in broken.items() if why}
    failures |= {result.work.subject.name: result.error for result in own if result.error}
    missing = set(step.arguments) - {result.work.subject.name for result in own} - set(failures)
    failures |= dict.fromkeys(missing, f"executor {order.executor!r} returned nothing for this step")
    measurements: list[Measurement] = []
    for result in own:
        try:
            measurements += _stored(_distinct(_sliced(step, result, world)), order)
        except HarnessError as error:
            failures[result.work.subject.name] = str(error)
        except pa.ArrowException as error:  # ids or slice columns of a type that cannot be matched or digested
            told = f"what {step.check.name!r} measured cannot be split or stored: {error}; use ids of a plain type"
            failures[result.work.subject.name] = told
    return _Outcome(measurements=measurements, failures=failures)


def _sliced(step: Resolved, result: Done, world: Opened) -> Sequence[Measurement]:
    if not step.step.by or not result.measurements:
        return result.measurements
    if "data" not in result.work.arguments:
        raise HarnessError(f"check {step.check.name!r} reads no dataset, so it cannot be split `by` columns")
    data = world.targets[result.work.subject.name].dataset(result.work.arguments["data"])
    in_slices = {requirement.metric for requirement in step.step.requirements if requirement.where != "overall"}
    return sliced(result.measurements, step.step.by, data, in_slices)


def _distinct(measurements: Sequence[Measurement]) -> Sequence[Measurement]:
    """Return the measurements if each is of something else: looks at one that is there twice could not be counted."""
    seen: set[str] = set()
    for measurement in measurements:
        name = canonical([measurement.metric, dict(measurement.labels)])
        if name in seen:
            told = ", ".join(f"{key}: {value}" for key, value in measurement.labels.items()) or "overall"
            raise HarnessError(
                f"{measurement.metric!r} ({told}) was measured twice in one step; give each its own labels"
            )
        seen.add(name)
    return measurements


def _stored(measurements: Sequence[Measurement], order: Order) -> Sequence[Measurement]:
    return [replace(m, sample=evidence.store(m.sample, order.bundle, order.evidence)) for m in measurements]


def _judged(step: Resolved, outcome: _Outcome, world: Opened, order: Order) -> Sequence[Verdict]:
    requirements = step.step.requirements
    earlier = recalled(world.earlier, world.identities, outcome.measurements, order.bundle)
    verdicts = judge_step(requirements, outcome.measurements, step.name, step.check.name, outcome.failures, earlier)
    read = [world.datasets[n] for n in step.arguments[CANDIDATE].values() if (CANDIDATE, n) not in world.unusable]
    left_out = [told for data in read for told in data.filters if told.startswith("without")]
    return [replace(verdict, notes=(*verdict.notes, *left_out)) for verdict in verdicts]


def _record(
    suite: Suite,
    plugins: Plugins,
    order: Order,
    world: Opened,
    started: datetime,
    done: Sequence[Done],
    measurements: Sequence[Measurement],
    verdicts: Sequence[Verdict],
) -> Run:
    used = {owner(name) for result in done for name in (result.work.check, result.work.subject.kind)}
    candidate = world.identities[CANDIDATE]
    if candidate is None:
        raise HarnessError("the candidate has no identity; a target must say who it is")
    run = Run(
        id=uuid.uuid4().hex[:12],
        digest="",
        project=order.project,
        suite=suite.name,
        suite_digest=suite.digest,
        candidate=candidate,
        baselines={name: found for name, found in world.identities.items() if name != CANDIDATE},
        datasets={
            name: replace(data.record(), judged=not world.judged or name in world.judged)
            for name, data in world.datasets.items()
        },
        plugins={name: version for name, version in plugins.versions().items() if name in used},
        environment=ENVIRONMENT,
        params=suite.values,
        trigger=order.trigger,
        origin=order.origin,
        seed=order.seed,
        as_of=order.as_of,
        started=started,
        finished=datetime.now(UTC),
        cost={"seconds": round(sum(result.seconds for result in done), 6)},
        measurements=tuple(measurements),
        verdicts=tuple(verdicts),
    )
    return replace(run, digest=run_digest(run))
