"""The first step of a run: opens the data and the targets of a suite, and says what they are."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial

from harness.data.datasets import Tables
from harness.data.declarations import Source
from harness.data.repeats import count_repeats
from harness.data.row_filters import Clock
from harness.data.sources import open_datasets
from harness.errors import Absent
from harness.isolated.answers import Keep
from harness.isolated.checks import Room, isolated_check, open_rooms
from harness.plugins.checks import Performed
from harness.plugins.describing import refuse_stale
from harness.plugins.discovery import Plugins, owner
from harness.plugins.targets import Target
from harness.plugins.tasks import TargetSpec
from harness.records.corrections import read_corrections
from harness.records.counting import is_promoted, read_counted
from harness.records.evidence_store import Tombstone
from harness.records.kept_files import keep_file
from harness.records.purged import read_purges
from harness.running.executors import open_target
from harness.running.inputs import unusable
from harness.running.options import RunOptions, RunServices
from harness.suite.steps import Resolved, ResolvedSuite
from harness.suite.suites import Suite
from harness.values.identity import CANDIDATE, Identity
from harness.values.runs import SCHEDULE, Data, Run


@dataclass(frozen=True, kw_only=True)
class SuiteInputs:
    """What the steps of a suite were held to: the same for all of them, or they make no run."""

    suite_digest: str
    candidate: Identity
    baselines: Mapping[str, Identity | None]
    datasets: Mapping[str, Data]


@dataclass(frozen=True, kw_only=True)
class OpenSuite:
    """Everything a run reads from, opened once.

    `failures` says why a baseline does not exist yet, or is the candidate itself; `unusable`, by target and dataset,
    why the steps that read it there cannot be measured. `earlier` holds the recorded runs of the candidate, in which
    looks are counted, and `corrections`, by the id of a run, why its rows were wrong; `purged`, by file, which rows
    were erased; `checks`, by step, the check that measures it.
    """

    suite: Suite
    steps: Sequence[Resolved]
    started: datetime
    datasets: Tables
    targets: Mapping[str, Target]
    candidate: Identity
    baselines: Mapping[str, Identity | None]
    failures: Mapping[str, str]
    unusable: Mapping[tuple[str, str], str]
    earlier: Sequence[Run]
    corrections: Mapping[str, str]
    purged: Mapping[str, Tombstone]
    checks: Mapping[str, Performed]
    plugins: Mapping[str, str]

    @cached_property
    def inputs(self) -> SuiteInputs:
        """Return what is opened as a record keeps it; datasets are `judged` that a step measures."""
        named = [step.arguments[CANDIDATE] for step in self.steps]
        judged = {arguments["data"] for arguments in named if "data" in arguments}
        repeated = {name: self._count_repeats(name) for name in judged}
        datasets = {
            name: replace(data.record(), judged=not judged or name in judged, repeated=repeated.get(name, 0))
            for name, data in self.datasets.items()
        }
        return SuiteInputs(
            suite_digest=self.suite.digest, candidate=self.candidate, baselines=self.baselines, datasets=datasets
        )

    def _count_repeats(self, name: str) -> int:
        """Return how many rows of a dataset repeat others as the candidate scores them; of a broken one, none."""
        is_broken = (CANDIDATE, name) in self.unusable
        return 0 if is_broken else count_repeats(self.targets[CANDIDATE].dataset(name))

    @property
    def identities(self) -> Mapping[str, Identity | None]:
        """Return who the candidate and the baselines are."""
        return {CANDIDATE: self.candidate, **self.baselines}

    def why_broken(self, target: str, arguments: Mapping[str, str]) -> str:
        """Return why the datasets that a step names cannot be used on a target; nothing if they can."""
        places = [(target, name) for name in dict.fromkeys(arguments.values())]
        return "; ".join(self.unusable[place] for place in places if place in self.unusable)


@contextmanager
def open_suite(
    resolved: ResolvedSuite, plugins: Plugins, options: RunOptions, services: RunServices
) -> Iterator[OpenSuite]:
    """Open a suite's datasets and targets; close the targets at the end."""
    started, suite, steps = datetime.now(UTC), resolved.suite, resolved.steps
    datasets = _open_datasets(suite, steps, options)
    with ExitStack() as stack:
        rooms = stack.enter_context(open_rooms([owner(step.check.name) for step in steps], plugins))
        checks = load_checks(steps, plugins, rooms, partial(keep_file, services.evidence_store, options.evidence))
        targets, failures = _open_targets(stack, resolved, datasets, plugins, services)
        identities = {name: target.identity() for name, target in targets.items()}
        candidate = identities.pop(CANDIDATE)
        earlier, corrections, purged = _earlier_runs(candidate, options, services)
        yield OpenSuite(
            suite=suite,
            steps=steps,
            started=started,
            datasets=datasets,
            targets=targets,
            candidate=candidate,
            baselines={**identities, **dict.fromkeys(failures)},
            failures={**failures, **_same_baselines(candidate, identities, options)},
            unusable=unusable(steps, targets),
            earlier=earlier,
            corrections=corrections,
            purged=purged,
            checks=checks,
            plugins={**plugins.versions(), **{name: room.version for name, room in rooms.items()}},
        )


def load_checks(
    steps: Sequence[Resolved], plugins: Plugins, rooms: Mapping[str, Room], keep: Keep
) -> Mapping[str, Performed]:
    """Return what measures each step, imported or in its plugin's room; rules of its own hold its parameters, too."""
    found: dict[str, Performed] = {}
    for step in steps:
        name = step.check.name
        check = step.measured_by or isolated_check(plugins, name, rooms, keep) or plugins.check(name)
        refuse_stale(step.check, check.spec)
        check.parameters(step.params)
        found[step.name] = check
    return found


def _same_baselines(candidate: Identity, baselines: Mapping[str, Identity], options: RunOptions) -> Mapping[str, str]:
    """Return why baselines that are the candidate itself prove nothing; a watch looks at what is the champion."""
    same = [] if options.trigger == SCHEDULE else [name for name, who in baselines.items() if who.key == candidate.key]
    return {
        name: f"{name} is {candidate.revision}, the candidate itself, so any candidate would pass; name another"
        for name in same
    }


def target_spec(suite: Suite, name: str, endpoints: Mapping[str, str]) -> TargetSpec:
    """Return how the suite says the candidate, or the baseline of that name, is opened."""
    target = suite.target_for(None if name == CANDIDATE else name)
    return TargetSpec(name=name, kind=target.kind, config=target.config, endpoints=endpoints)


def endpoint_urls(suite: Suite, step: str, services: RunServices) -> Mapping[str, str]:
    """Return the URLs that a step calls: the suite's, or where they are reached by a door.

    What targets call counts with the first step: they answer for all of them, as soon as they are open.
    """
    return services.door.urls(suite.name, step, suite.endpoints) if services.door else suite.endpoints


def _open_targets(
    stack: ExitStack, resolved: ResolvedSuite, datasets: Tables, plugins: Plugins, services: RunServices
) -> tuple[Mapping[str, Target], Mapping[str, str]]:
    """Return the targets that the steps measure, and why there are none of some baselines."""
    targets: dict[str, Target] = {}
    failures: dict[str, str] = {}
    urls = endpoint_urls(resolved.suite, resolved.steps[0].name, services)
    for name in sorted({name for step in resolved.steps for name in step.arguments}):
        try:
            targets[name] = stack.enter_context(open_target(target_spec(resolved.suite, name, urls), datasets, plugins))
        except Absent as error:
            if name == CANDIDATE:
                raise
            failures[name] = str(error)
    return targets, failures


def _earlier_runs(
    candidate: Identity, options: RunOptions, services: RunServices
) -> tuple[Sequence[Run], Mapping[str, str], Mapping[str, Tombstone]]:
    """Return the runs in which looks are counted, oldest first, why rows of some were wrong, and which were erased.

    Those are of the candidate and of others that may be the same. Of what was promoted, a watch asks of each window
    anew.
    """
    ledger = services.ledger
    if ledger is None:
        return (), {}, {}
    entries = ledger.entries()
    if options.trigger == SCHEDULE and is_promoted(ledger, entries, candidate):
        return (), {}, {}
    return read_counted(ledger, entries, candidate), read_corrections(ledger, entries), read_purges(ledger, entries)


def _open_datasets(suite: Suite, steps: Sequence[Resolved], options: RunOptions) -> Tables:
    """Open the suite's data, and the paths that steps name instead; a watch looks at today's rows, too."""
    named = {name for step in steps for arguments in step.arguments.values() for name in arguments.values()}
    paths = {name: Source(source=name) for name in sorted(named - set(suite.data))}
    clock = Clock(as_of=options.as_of, by_day=options.trigger != SCHEDULE)
    return open_datasets({**suite.data, **paths}, suite.folder, clock)
