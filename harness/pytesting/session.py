"""What all processes of one pytest session share: a folder, a clock, and a log of what tests observed."""

import json
import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

Event = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Session:
    """One pytest session as its controller and its workers see it; `worker` is empty in the controller."""

    folder: Path
    as_of: str
    worker: str = ""

    @property
    def log(self) -> Path:
        """Return the folder of what tests observed, a file for each process."""
        return self.folder / "observed"

    def make(self) -> None:
        """Make the folder, for this user only."""
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def note(self, event: Event) -> None:
        """Append an event to this process's log; one write, so that a killed process leaves whole lines."""
        self.make()
        self.log.mkdir(exist_ok=True)
        line = json.dumps(event).encode() + b"\n"
        file = os.open(self.log / f"{self.worker or 'main'}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)


SESSION = pytest.StashKey[Session]()


def open_session(config: pytest.Config) -> Session:
    """Return the session of a process: what the controller told the worker, or a new one."""
    given = getattr(config, "workerinput", {})
    if "harness_folder" in given:
        folder, as_of = Path(given["harness_folder"]), str(given["harness_as_of"])
        return Session(folder=folder, as_of=as_of, worker=str(given["workerid"]))
    as_of = config.getoption("harness_as_of") or datetime.now(UTC).isoformat()
    return Session(folder=Path(tempfile.gettempdir()) / f"harness-pytest-{uuid.uuid4().hex}", as_of=as_of)


def worker_input(session: Session) -> dict[str, str]:
    """Return what a worker needs to take part."""
    return {"harness_folder": str(session.folder), "harness_as_of": session.as_of}
