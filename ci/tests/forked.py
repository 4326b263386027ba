"""Control planes forked from a process that imported all they import: as dead when they are killed, and back sooner."""

import multiprocessing
import os
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess

from ci.tests.plant import Plant, until

FORKS = multiprocessing.get_context("forkserver")
IMPORTED = ["harness_ci.commands", "harness_ci.control", "harness_ci.routes", "uvicorn"]  # 3 s of CPU of each start


@dataclass(frozen=True, kw_only=True)
class Forked:
    """A process, by what a plant calls on one."""

    process: ForkServerProcess

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        return self.process.exitcode

    def send_signal(self, signal: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid or 0, signal)

    def wait(self) -> None:
        """Return once it ended."""
        self.process.join()


def serve_forked(plant: Plant, *, awaited: bool = True) -> None:
    """Start a plant's control plane, and wait until it answers, unless it is to be killed while it starts."""
    FORKS.set_forkserver_preload(IMPORTED)
    asked = ["--pipelines", plant.folder / plant.file, "--state", plant.folder / "state", "--port", plant.port]
    process = FORKS.Process(target=_serve, args=(str(plant.folder / "log"), list(map(str, asked))))
    process.start()
    plant.process = Forked(process=process)
    if awaited:
        until(plant.answers)


def _serve(log: str, asked: list[str]) -> None:
    """Be `harness ci serve`, in a session of its own."""
    from harness_ci.commands import serve

    os.setsid()
    kept = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(kept, descriptor)
    serve.main(asked)
