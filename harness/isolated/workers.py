"""Worker processes: one for each environment, kept while a suite is run, and ended with all that it started."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.isolated.environments import Environment, Guest
from harness.isolated.guest.frames import BrokenFrameError, receive_frame, send_frame
from harness.isolated.guest.supervise import remove_folder
from harness.text import printable

HERE = Path(__file__).parent / "guest"
HARNESS = Path(__file__).parent.parent
LINES = 20  # of what a worker printed last, which are kept
PATIENCE = 15.0  # seconds for a supervisor to clean up, until it is killed, too

Frame = dict[str, Any]


class Worker:
    """A process in which one plugin is loaded; `network` says whether it has one that is its own."""

    def __init__(self, guest: Guest, environment: Environment) -> None:
        self.guest = guest
        self.folder = Path(tempfile.mkdtemp(prefix=f"harness-{guest.plugin.name}-"))
        self.printed: deque[str] = deque(maxlen=LINES)
        self.is_loaded = False
        self.number = 0
        self.connection, theirs = socket.socketpair()
        reported, report = os.pipe()
        try:
            self.supervisor = self._start(environment, theirs.fileno(), report)
        finally:
            theirs.close()
            os.close(report)
        self._drain = threading.Thread(target=self._keep_printed, daemon=True)
        self._drain.start()
        with os.fdopen(reported, "rb") as answer:
            self.is_offline = answer.read(1) == b"1"

    def load(self, until: float) -> None:
        """Import the plugin, unless it was; what goes wrong is a HarnessError."""
        if self.is_loaded:
            return
        answer = self.ask({"module": self.guest.plugin.module, "file": str(self.guest.source)}, {}, until)
        if "error" in answer:
            raise HarnessError(f"plugin {self.guest.plugin.name!r} {answer['error']}")
        self.is_loaded = True

    def ask(self, asked: Frame, answers: Mapping[str, Callable[[Frame], Frame]], until: float) -> Frame:
        """Return the answer to a frame; what the worker asks for meanwhile, `answers` has, by a key of its frames."""
        self.number += 1
        self._send({**asked, "number": self.number}, until)
        while True:
            found = self._receive(until)
            if found.pop("number", None) != self.number:
                raise BrokenFrameError(f"it answered with {sorted(found)} what it was not asked")
            wanted = next((answers[key] for key in answers if key in found), None)
            if wanted is None:
                return found
            self._send(wanted(found), until)

    @property
    def is_waiting(self) -> bool:
        """Tell whether a worker that nobody asks is there and silent: one that says something unasked is not used."""
        ready = select.poll()
        ready.register(self.connection, select.POLLIN)
        return not ready.poll(0)

    def close(self) -> None:
        """End the worker, all that it started and its folder; after it, nothing of it is left."""
        self.connection.close()
        if self.supervisor.stdin:
            with suppress(OSError):
                self.supervisor.stdin.close()
        try:
            self.supervisor.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            with suppress(OSError):
                os.killpg(self.supervisor.pid, signal.SIGKILL)
            self.supervisor.wait()
        if self.supervisor.returncode < 0:  # somebody killed it, and nobody cleaned up
            with suppress(OSError):
                os.killpg(self.supervisor.pid, signal.SIGKILL)
        self._drain.join(1)
        remove_folder(self.folder)

    def end(self) -> str:
        """Close the worker, and say how it ended and what it printed last."""
        self.close()
        code = self.supervisor.returncode
        killed_by = code - 128 if code > 128 else -code if code < 0 else 0
        how = f"was killed by {_signal_name(killed_by)}" if killed_by else f"ended with exit code {code}"
        said = printable("\n".join(self.printed), keep="\n").strip()
        return f"{how}{f'; it printed: {said}' if said else ''}"

    def _start(self, environment: Environment, connection: int, report: int) -> "subprocess.Popen[bytes]":
        isolation = self.guest.isolation
        python = [str(environment.python), "-I", "-X", f"pycache_prefix={environment.bytecode}"]
        settings = {
            "command": [*python, str(HERE / "boot.py"), str(HARNESS), str(connection)],
            "folder": str(self.folder),
            "connection": connection,
            "report": report,
            "memory": isolation.megabytes * 1024 * 1024,
            "no_network": True,
            "env": _variables(self.folder, isolation.variables),
        }
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(HERE / "supervise.py"), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[connection, report],
            start_new_session=True,
            env=_variables(self.folder, {}),
        )

    def _keep_printed(self) -> None:
        """Read what the worker prints, so that it never waits for a reader; only the last lines are kept."""
        stream = self.supervisor.stdout
        with suppress(OSError, ValueError):
            while stream and (line := stream.readline(8192)):
                self.printed.append(line.decode(errors="replace").rstrip("\n"))

    def _send(self, frame: Frame, until: float) -> None:
        self.connection.settimeout(max(until - time.monotonic(), 0.001))
        send_frame(self.connection, frame)

    def _receive(self, until: float) -> Frame:
        self.connection.settimeout(max(until - time.monotonic(), 0.001))
        found = receive_frame(self.connection)
        if found is None:
            raise BrokenFrameError("it ended without an answer")
        return found


def _variables(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a worker: no secret of the host's is among them."""
    place = str(folder)
    return {"PATH": os.defpath, "HOME": place, "TMPDIR": place, "LANG": "C.UTF-8", **own}


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} ({number})"
    except ValueError:
        return f"signal {number}"
