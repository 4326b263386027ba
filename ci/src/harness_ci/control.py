"""The control plane of one pipelines file: its store, its workflows, its watchdog."""

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig

from harness import HarnessError, UsageError
from harness_ci.dispatching import QUEUE, VERSION, Dispatcher
from harness_ci.pipelines import PipelinesFile
from harness_ci.statuses import Reporter
from harness_ci.steps import Stages
from harness_ci.store import Store
from harness_ci.triggers.watching import Watch
from harness_ci.workflows import Pipelines

LOG = logging.getLogger("harness_ci")
HOUR = 3600.0
TICK = 1.0  # seconds between looks of the watchdog


@dataclass(frozen=True, kw_only=True)
class Control:
    """What routes and commands work with; `secrets` are those of the hooks that are listened to."""

    file: PipelinesFile
    root: Path
    store: Store
    dispatcher: Dispatcher
    watch: Watch
    secrets: Mapping[str, str]


@contextmanager
def open_control(
    file: PipelinesFile, root: Path, state: Path, *, database: str | None = None, workers: int = 2
) -> Iterator[Control]:
    """Give a control plane that works: pipelines of before go on, and the watchdog looks around.

    UsageError if another one has the folder `state` or the database, if a secret is missing, or if candidates have it.
    """
    secrets = read_secrets(file, root)
    for name, target in file.targets.items():
        Stages(file=file, target=target, root=root).refuse_shared(name)
    with lock_folder(state), lock_database(database):
        store = Store(database or f"sqlite:///{state / 'control.db'}")
        pipelines = Pipelines(file, root, state, store)
        dispatcher = Dispatcher(file, store, pipelines)
        watch = Watch(store, pipelines.repositories, root, dispatcher.take)
        control = Control(file=file, root=root, store=store, dispatcher=dispatcher, watch=watch, secrets=secrets)
        reporter = Reporter(file, root, store)
        with _carry(_config(state, database), workers), _keep_watch(control, reporter):
            yield control


@contextmanager
def _carry(config: DBOSConfig, workers: int) -> Iterator[None]:
    """Carry workflows, those of before first."""
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=workers, polling_interval_sec=0.2, on_conflict="always_update")
    try:
        yield
    finally:
        DBOS.destroy()


@contextmanager
def _keep_watch(control: Control, reporter: Reporter) -> Iterator[None]:
    stop = threading.Event()
    watchdog = threading.Thread(target=_look_around, args=(control, reporter, stop), daemon=True)
    watchdog.start()
    try:
        yield
    finally:
        stop.set()
        watchdog.join(timeout=10)


def _config(state: Path, database: str | None) -> DBOSConfig:
    """Return how DBOS runs: with one application version and one executor, as a restart must find both again."""
    return {
        "name": "harness-ci",
        "system_database_url": database or f"sqlite:///{state / 'workflows.db'}",
        "application_version": VERSION,
        "executor_id": "control",
        "log_level": "ERROR",
        "enable_otlp": False,
    }


def read_secrets(file: PipelinesFile, root: Path) -> Mapping[str, str]:
    """Return the secrets of the hooks that are listened to."""
    hooks = {name: getattr(file.hooks, name) for name in type(file.hooks).model_fields}
    return {name: secret.read(root) for name, secret in hooks.items() if secret is not None}


@contextmanager
def lock_folder(state: Path) -> Iterator[None]:
    """Keep a second control plane away from a folder; UsageError if there is one already."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError(f"another control plane works in {state}; stop it, or name another --state") from None
    finally:
        os.close(lock)


@contextmanager
def lock_database(url: str | None) -> Iterator[None]:
    """Keep a second control plane away from a Postgres; SQLite lies in the folder that is locked."""
    if url is None:
        yield
        return
    if not url.startswith("postgresql"):
        raise UsageError("--database takes postgresql+psycopg://...; without it, SQLite lies in the folder of --state")
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:  # the lock ends with its connection
        if not connection.exec_driver_sql("SELECT pg_try_advisory_lock(hashtext('harness ci'))").scalar():
            raise UsageError("another control plane works with this database; stop it, or name another")
        yield


def _look_around(control: Control, reporter: Reporter, stop: threading.Event) -> None:
    """Look after pipelines, data and branches until told to stop; what fails is logged, and tried again."""
    due: dict[str, float] = {}
    while not stop.wait(TICK):
        _try("pipelines", control.dispatcher.look_after)
        _try("statuses", reporter.report)
        if _is_due(due, "checkouts", HOUR):
            _try("old checkouts", control.dispatcher.remove_checkouts)
        for name, target in control.file.targets.items():
            for data, watched in target.watch.items():
                if _is_due(due, f"{name}:{data}", watched.every.total_seconds()):
                    _try(f"data {data} of {name}", partial(control.watch.look_at_data, name, data, target))
            for entry in target.schedule:
                look = partial(control.watch.look_at_clock, name, entry, target, datetime.now(UTC))
                _try(f"the schedule {entry} of {name}", look)
            registry = target.registry
            if registry and _is_due(due, f"{name}:registry", registry.every.total_seconds()):
                _try(f"the registry of {name}", partial(control.watch.look_at_alias, name, registry))
            if target.repository.poll and _is_due(due, name, target.repository.poll.total_seconds()):
                _try(f"the repository of {name}", partial(control.watch.look_at_branch, name, target))


def _is_due(due: dict[str, float], name: str, every: float) -> bool:
    now = time.monotonic()
    if now < due.get(name, 0):
        return False
    due[name] = now + every
    return True


def _try(what: str, look: Callable[[], None]) -> None:
    try:
        look()
    except (HarnessError, sa.exc.SQLAlchemyError, OSError) as error:
        LOG.error("looking after %s failed: %s", what, error)
