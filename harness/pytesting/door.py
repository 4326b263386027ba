"""The one way into the harness of a pytest process: project and plugins, opened once, and the suites read so far."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.credentials import LOCAL, refuse_credentials
from harness.documents import read_yaml
from harness.errors import UsageError
from harness.plugins.calling import open_door
from harness.plugins.doors import Door as Models
from harness.project import Project, instant, open_project, pairs
from harness.pytesting.observed import with_observations
from harness.pytesting.session import SESSION, Session
from harness.pytesting.shared import Shared, announce
from harness.records.database import shown_url
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from harness.running.options import RunOptions, RunServices
from harness.suite.steps import resolve
from harness.suite.suites import param_declarations, read_suite

REMEDY = (
    "add --harness-ledger sqlite:///.harness/ledger.db --harness-out DIR, and let `harness gate STAGE --run DIR` "
    "record, after `harness runs sign DIR` where that is asked; or use `harness run`"
)


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a process opened once for all its suites."""

    session: Session
    project: Project
    options: RunOptions
    services: RunServices
    params: Mapping[str, str]
    ledger: Ledger
    out: Path | None = None
    closing: ExitStack = field(default_factory=ExitStack)
    suites: dict[Path, Shared] = field(default_factory=dict)

    def suite(self, path: Path) -> Shared:
        """Return the suite of a file, every name in it found; anything wrong is a UsageError."""
        if path not in self.suites:
            self.suites[path] = self._read(path)
        return self.suites[path]

    def _read(self, path: Path) -> Shared:
        # A session may hold several suites: each takes the parameters it declares, and misses those it is not given.
        declared = param_declarations(read_yaml(path))
        suite = read_suite(path, {name: text for name, text in self.params.items() if name in declared}, os.environ)
        same = [other for other, shared in self.suites.items() if shared.suite.name == suite.name]
        if same:
            raise UsageError(f"{path}: suite name {suite.name!r} is used by {same[0]} too; names tell runs apart")
        steps = resolve(suite, self.project.plugins).steps
        shared = Shared(
            suite=suite,
            steps=[with_observations(step, self.session.log) for step in steps],
            plugins=self.project.plugins,
            options=self.options,
            services=self.services,
            ledger=self.ledger,
            folder=self.session.folder / "suites" / suite.name,
            out=self.out / suite.name if self.out else None,
            closing=self.closing,
        )
        announce(shared)
        return shared


DOOR = pytest.StashKey[Door]()


def door(config: pytest.Config) -> Door:
    """Return this process's door, opened on first use."""
    if DOOR not in config.stash:
        config.stash[DOOR] = _open_door(config)
    return config.stash[DOOR]


def keep_answers(config: pytest.Config) -> None:
    """Keep what models answered to this process, as its part of the session ended and no step broke."""
    if DOOR not in config.stash:
        return
    opened = config.stash[DOOR]
    is_broken = any(any(shared.folder.glob("*.error")) for shared in opened.suites.values())
    if opened.services.door and not is_broken:
        opened.services.door.keep()


def leave(config: pytest.Config) -> None:
    """Close the targets that this process opened."""
    if DOOR in config.stash:
        config.stash[DOOR].closing.close()


def _open_door(config: pytest.Config) -> Door:
    session, project = config.stash[SESSION], open_project()
    session.make()
    as_of = instant(session.as_of, "--harness-as-of")
    options = RunOptions(project=project.name, as_of=as_of, origin="pytest")
    ledger = _open_ledger(project, config.getoption("harness_ledger"))
    out = config.getoption("harness_out")
    closing = ExitStack()
    models = closing.enter_context(_open_models(config, session, project))
    return Door(
        session=session,
        project=project,
        options=options,
        services=RunServices(evidence_store=open_bundle(project.evidence()), ledger=ledger, door=models),
        params=pairs(config.getoption("harness_param"), "--harness-param"),
        ledger=ledger,
        out=Path(out).resolve() if out else None,
        closing=closing,
    )


def _open_models(config: pytest.Config, session: Session, project: Project) -> AbstractContextManager[Models | None]:
    """Open the door to language models; several processes hold no common budget, and write no common recording."""
    replay, budget = config.getoption("harness_replay"), config.getoption("harness_budget")
    if session.worker and (budget or replay == "record"):
        raise UsageError("--harness-budget and --harness-replay record are held by one process; add -n 0")
    return open_door(project.settings, replay, budget, os.environ)


def _open_ledger(project: Project, given: str | None) -> Ledger:
    """Return the ledger that a session may have: a local file, as its tests, suites and plugins share this process."""
    refuse_credentials("pytest", os.environ, project.signer(os.environ), project.ledger_url(None))
    url = project.ledger_url(given)
    if not url.startswith(LOCAL):
        raise UsageError(
            f"pytest runs tests, suites and plugins in the process that records, so it records in a local file alone; "
            f"the ledger is {shown_url(url)}; {REMEDY}"
        )
    return project.ledger(given)
