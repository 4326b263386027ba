"""Data that are watched, branches and aliases that are polled: what changed since the last look becomes an event."""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock

from harness import HarnessError, digest_folder
from harness_ci.checkouts import Repositories
from harness_ci.events import Event
from harness_ci.pipelines import Registry, TargetPipeline
from harness_ci.store import Store
from harness_ci.triggers.dvc import digest_dvc, is_dvc
from harness_ci.triggers.registries import version_named
from harness_ci.triggers.schedules import moment_before

LOG = logging.getLogger("harness_ci")
Take = Callable[[Event], object]


class Watch:
    """Looks at what is watched, and remembers what it saw in the look before."""

    def __init__(self, store: Store, repositories: Repositories, root: Path, take: Take) -> None:
        self._store, self._repositories, self._root, self._take = store, repositories, root, take
        self._before: dict[str, str | None] = {}
        self._lock = Lock()  # a delivery may hint at what the watchdog looks at

    def look_at_data(self, name: str, data: str, target: TargetPipeline) -> None:
        """Take an event if the bytes of a watched path changed, and lay still from one look to the next."""
        place = f"{name}:data:{data}"
        found = digest_path(self._root / target.watch[data].path)
        if found is None:
            LOG.warning("watched data %s of %s cannot be read: %s", data, name, self._root / target.watch[data].path)
        still = found is not None and self._before.get(place) == found
        self._before[place] = found
        if still:
            self._compare(place, str(found), Event(key="", kind="data", target=name, subject=f"new data {data}"))

    def look_at_branch(self, name: str, target: TargetPipeline) -> None:
        """Take an event if the protected branch moved since the last look, as its repository says."""
        with self._lock:
            head = self._repositories.head(name, target)
            event = Event(key="", kind="code", target=name, subject=f"push of {head[:12]}", revision=head)
            self._compare(f"{name}:branch:{target.repository.branch}", head, event)

    def look_at_alias(self, name: str, registry: Registry) -> None:
        """Take an event if the alias names another version than in the last look, as its registry says."""
        with self._lock:
            version = version_named(registry, registry.token.read(self._root) if registry.token else "")
            if version is not None:
                alias = f"{registry.model}@{registry.alias}"
                event = Event(key="", kind="model", target=name, subject=f"{alias} is version {version}")
                self._compare(f"{name}:alias:{alias}", version, event)

    def look_at_clock(self, name: str, entry: str, target: TargetPipeline, now: datetime) -> None:
        """Take an event if a moment of a schedule came since the last look; one, however many came."""
        place, came = f"{name}:schedule:{entry}", moment_before(target.schedule[entry].cron, now).isoformat()
        if came > (self._store.digest_of(place) or ""):  # a clock that was put back starts nothing twice
            self._compare(place, came, Event(key="", kind="schedule", target=name, subject=entry))

    def _compare(self, place: str, found: str, event: Event) -> None:
        """Take the event before the digest is kept: a kill in between tells it again, under the same key."""
        times = self._store.times_changed(place, found)
        if times is not None:
            self._take(Event(**{**event.to_json(), "key": f"{place}:{times}:{found}"}))
            self._store.keep_digest(place, found, times)
        elif self._store.digest_of(place) is None:
            self._store.keep_digest(place, found, 0)


def digest_path(path: Path) -> str | None:
    """Return the digest of a file or folder; None while there is none, or it changes while it is read.

    Of a file of DVC it is that of the data that it stands for, as it says.
    """
    try:
        if is_dvc(path):
            return digest_dvc(path)
        if path.is_dir():
            return digest_folder(path)
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, HarnessError):
        return None
