"""Checks of isolated plugins: performed by a worker, with what a check of the host's own process would say."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.isolated.answers import Keep, describe_dataset, read_measurements, write_rows
from harness.isolated.doors import Door, add_troubles, open_doors
from harness.isolated.environments import Environment, Guest, find_guest, prepare
from harness.isolated.guest.frames import BrokenFrameError
from harness.isolated.workers import Frame, Worker
from harness.plugins.describing import check_spec
from harness.plugins.discovery import Plugins, owner, version_text
from harness.plugins.specs import CheckSpec
from harness.plugins.targets import Target
from harness.plugins.tasks import Task
from harness.values.measurements import Measurement

NOT_ENFORCED = "network not enforced"  # the worker could reach what the host can


@dataclass(kw_only=True)
class Room:
    """Where the checks of one plugin are performed, one at a time: its worker, or why there can be none."""

    guest: Guest
    measured_by: str = ""
    environment: Environment | None = None
    trouble: str = ""
    worker: Worker | None = None
    is_offline: bool = True
    is_closed: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def version(self) -> str:
        """Return what a run records of the plugin: its version, and digests of its sources and environment."""
        digest = self.environment.digest if self.environment else "missing"
        network = "" if self.is_offline else f", {NOT_ENFORCED}"
        return f"{self.measured_by}; environment {digest}{network}"

    def start(self) -> Worker:
        """Return the worker that stands ready, or a new one."""
        if self.environment is None or self.is_closed:
            raise HarnessError(self.trouble or f"plugin {self.guest.plugin.name!r}: the run has ended")
        if self.worker and not self.worker.is_waiting:
            self.end()
        if self.worker is None:
            self._refuse_edits()
            self.worker = Worker(self.guest, self.environment)
            self.is_offline = self.worker.is_offline
        return self.worker

    def _refuse_edits(self) -> None:
        """Let no new worker import other files than those that the run records."""
        name, found = self.guest.plugin.name, version_text(self.guest.plugin)
        if found != self.measured_by:
            raise HarnessError(
                f"plugin {name!r} was edited while the suite ran: it began as {self.measured_by} and is {found} now; "
                f"run the suite again"
            )

    def end(self) -> str:
        """End the worker, if there is one, with all that it started, and say how it ended."""
        worker, self.worker = self.worker, None
        return worker.end() if worker else ""

    def close(self) -> None:
        """End the worker for good."""
        self.is_closed = True
        self.end()


@dataclass(frozen=True, kw_only=True)
class IsolatedCheck:
    """A check as its plugin describes it, performed in the plugin's room."""

    spec: CheckSpec
    room: Room
    keep: Keep
    profiles: None = None

    @property
    def name(self) -> str:
        """Return what suites call it."""
        return self.spec.name

    def parameters(self, given: Mapping[str, object]) -> Mapping[str, Any]:
        """Return parameters as given, once they fit the description."""
        self.spec.validate(given)
        return given

    def measure_target(self, target: Target, datasets: Mapping[str, Dataset], task: Task) -> list[Measurement]:
        """Return what the worker measures; how it fails, ends or is late is a HarnessError of this task alone."""
        if not self.room.turn.acquire(timeout=_seconds_left(task, threading.TIMEOUT_MAX)):
            raise HarnessError(f"check {self.name!r} waited for others in its environment until the run's time ended")
        with _release(self.room.turn):
            return self._measure(datasets, task)

    def _measure(self, datasets: Mapping[str, Dataset], task: Task) -> list[Measurement]:
        seconds = _seconds_left(task, self.room.guest.isolation.seconds)
        doors: Mapping[str, Door] = {}
        try:
            worker = self.room.start()
            with open_doors(self.spec, task, worker.folder) as doors:
                answer = self._ask(worker, datasets, doors, task, time.monotonic() + seconds)
        except TimeoutError:
            self.room.end()
            why = f"check {self.name!r} did not end in {seconds:.0f} s, and its process was ended"
            raise HarnessError(add_troubles(why, doors)) from None
        except (BrokenFrameError, OSError) as error:
            raise HarnessError(
                f"check {self.name!r} gave no whole answer ({error}): its process {self.room.end()}; "
                f"if the system killed it, memory may have run out"
            ) from error
        except BaseException:
            self.room.end()
            raise
        if answer.get("unfit"):
            self.room.end()
        if "error" in answer:
            raise HarnessError(add_troubles(str(answer["error"]), doors))
        found = read_measurements(answer, self.name, worker.folder, self.keep)
        return found if worker.is_offline else [_add_note(each, f"{NOT_ENFORCED} for {self.name}") for each in found]

    def _ask(
        self, worker: Worker, datasets: Mapping[str, Dataset], doors: Mapping[str, Door], task: Task, until: float
    ) -> Frame:
        worker.load(until)
        asked = {
            "check": self.name,
            "datasets": {argument: describe_dataset(data) for argument, data in datasets.items()},
            "params": dict(task.params),
            "paths": list(self.spec.paths),
            "doors": {argument: door.place for argument, door in doors.items()},
        }
        by_name = {data.name: data for data in datasets.values()}
        answer = worker.ask(asked, {"rows": lambda found: _send_rows(found, by_name, worker.folder)}, until)
        if "error" not in answer and not isinstance(answer.get("measurements"), list):
            raise BrokenFrameError(f"it answered with {sorted(answer)}, not with measurements")
        return answer


@contextmanager
def open_rooms(names: Iterable[str], plugins: Plugins) -> Iterator[Mapping[str, Room]]:
    """Open a room for each of the plugins that is isolated; end their workers at the end."""
    rooms: dict[str, Room] = {}
    try:
        for name in dict.fromkeys(names):
            if guest := find_guest(plugins, name):
                rooms[name] = _open_room(guest)
        yield rooms
    finally:
        for room in rooms.values():
            room.close()


def isolated_check(plugins: Plugins, name: str, rooms: Mapping[str, Room], keep: Keep) -> IsolatedCheck | None:
    """Return the check of an isolated plugin as its description has it; None where its plugin is not isolated."""
    room = rooms.get(owner(name))
    return IsolatedCheck(spec=check_spec(plugins, name), room=room, keep=keep) if room else None


def _open_room(guest: Guest) -> Room:
    """Return a room with its worker started, or with the reason why none can be."""
    room = Room(guest=guest, measured_by=version_text(guest.plugin))
    try:
        room.environment = prepare(guest)
        room.start()
    except (HarnessError, OSError) as error:
        room.trouble = str(error)
        room.environment = None
    return room


def _add_note(measurement: Measurement, note: str) -> Measurement:
    """Return a measurement with one more note, which its verdicts show."""
    notes = filter(None, [measurement.evidence.get("note", ""), note])
    return replace(measurement, evidence={**measurement.evidence, "note": "; ".join(notes)})


@contextmanager
def _release(turn: threading.Lock) -> Iterator[None]:
    try:
        yield
    finally:
        turn.release()


def _seconds_left(task: Task, most: float) -> float:
    if task.deadline is None:
        return most
    return min(most, max((task.deadline - datetime.now(UTC)).total_seconds(), 0.0))


def _send_rows(asked: Frame, datasets: Mapping[str, Dataset], folder: Path) -> Frame:
    """Return the file with the rows that a worker asks for, or why there is none."""
    name = asked["rows"]
    if name not in datasets:
        return {"error": f"no dataset {name!r} was given to this check"}
    try:
        return {"file": str(write_rows(datasets[name], asked.get("columns"), folder))}
    except HarnessError as error:
        return {"error": str(error)}
