"""One command, whose effect is seen once: what was done, runs or was killed half-way is not begun blindly anew."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness import write_atomic

PAUSE = 0.1
LOST = 125
SHOWN = 4000  # characters of what a command printed last


@dataclass(frozen=True, kw_only=True)
class Job:
    """A command, by the key that its effect is known by; `env` is not kept."""

    key: str
    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    timeout: float
    repeatable: bool = True


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: its exit code, what it printed, and what went wrong around it."""

    code: int
    out: str
    err: str
    problem: str = ""

    @property
    def said(self) -> str:
        """Return why it did not go well, as the command said it last."""
        return self.problem or (self.err.strip() or self.out.strip())[-SHOWN:]


def perform_job(job: Job, folder: Path, is_cancelled: Callable[[], bool]) -> Ended:
    """Run a command, or wait for the one that runs, or return how it ended; its folder is the job's own."""
    folder.mkdir(parents=True, exist_ok=True)
    while not (folder / "ended.json").exists():
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # it runs, maybe since before this process
            _wait_or_kill(folder, is_cancelled)
        else:
            _begin(job, folder, lock)
        finally:
            os.close(lock)
    return _read_ended(folder)


def _begin(job: Job, folder: Path, lock: int) -> None:
    """Start a command under a lock that its shim takes over, unless it was begun, lost, and may not run twice."""
    if (folder / "ended.json").exists():
        return
    if (folder / "job.json").exists():
        if not job.repeatable:
            problem = "was killed half-way, and nobody knows what it did; look, then send the event again"
            write_atomic(folder / "ended.json", json.dumps({"code": LOST, "problem": problem}))
            return
        shutil.rmtree(folder / "made", ignore_errors=True)
    (folder / "made").mkdir(exist_ok=True)
    spec = {"key": job.key, "argv": list(job.argv), "cwd": str(job.cwd), "timeout": job.timeout}
    write_atomic(folder / "job.json", json.dumps(spec))
    shim = [sys.executable, "-P", "-m", "harness_ci.shim", str(folder), str(lock)]
    subprocess.Popen(
        shim, cwd=folder, env=job.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        pass_fds=[lock], start_new_session=True,
    )  # fmt: skip


def _wait_or_kill(folder: Path, is_cancelled: Callable[[], bool]) -> None:
    if is_cancelled():
        with suppress(OSError, ValueError):
            os.killpg(int((folder / "child").read_text()), signal.SIGKILL)
    time.sleep(PAUSE)


def _read_ended(folder: Path) -> Ended:
    ended = json.loads((folder / "ended.json").read_text())
    out, err = (_read_text(folder / name) for name in ("out", "err"))
    return Ended(code=int(ended["code"]), out=out, err=err, problem=str(ended.get("problem", "")))


def _read_text(path: Path) -> str:
    return path.read_bytes()[-1_000_000:].decode(errors="replace") if path.exists() else ""
