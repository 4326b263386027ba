"""Runs a process under a cap of time and memory, and watches its peak anonymous memory, children included."""

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVERY = 0.01
GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Cap:
    """How long a contestant may take, and how much memory."""

    seconds: float = 600
    gib: float = 16

    def limit(self) -> None:
        """Limit this process's data: what it allocates, not the files that it maps."""
        resource.setrlimit(resource.RLIMIT_DATA, (int(self.gib * GIB),) * 2)


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one round of one contestant took, or why it did not finish."""

    seconds: float | None = None
    cpu: float | None = None
    peak_mib: int = 0
    numbers: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    failure: str | None = None


def watch(command: Sequence[str], environment: Mapping[str, str], folder: Path, cap: Cap) -> Round:
    """Return what a command that prints JSON took; it runs in a folder and session of its own."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as noise:
        process = subprocess.Popen(
            command, stdout=out, stderr=noise, cwd=folder, env=environment, preexec_fn=cap.limit, start_new_session=True
        )
        peak, stopped = _watch_memory(process, cap)
        out.seek(0)
        noise.seek(0)
        return _read(out.read(), noise.read(), process.returncode, stopped, peak, cap)


def _watch_memory(process: "subprocess.Popen[bytes]", cap: Cap) -> tuple[int, str | None]:
    """Return the peak memory in bytes, and why the process was stopped if it was."""
    peak, until, stopped = 0, time.monotonic() + cap.seconds, None
    while process.poll() is None:
        peak = max(peak, anonymous(process.pid))
        over = time.monotonic() > until
        if over or peak > cap.gib * GIB:
            stopped = f"did not finish in {cap.seconds:.0f} s" if over else _too_much(cap)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        time.sleep(EVERY)
    return peak, stopped


def _read(text: str, noise: str, code: int, stopped: str | None, peak: int, cap: Cap) -> Round:
    mib = peak >> 20
    if stopped:
        return Round(failure=stopped, peak_mib=mib)
    if not text.strip():
        last = (noise.strip().splitlines() or ["it said nothing"])[-1]
        return Round(failure=f"ended with {code}: {last}", peak_mib=mib)
    message: dict[str, Any] = json.loads(text)
    message.pop("import", None)
    if message.get("failure") and "memory" in str(message["failure"]).lower():
        message["failure"] = f"{_too_much(cap)} ({message['failure']})"
    return Round(peak_mib=mib, **message)


def _too_much(cap: Cap) -> str:
    return f"did not finish in {cap.gib:g} GiB of memory"


def anonymous(process: int) -> int:
    """Return the anonymous memory of a process and its children now, in bytes; 0 if one has just ended."""
    try:
        return sum(_anonymous_bytes(each) for each in family(process))
    except (FileNotFoundError, ProcessLookupError):
        return 0


def family(process: int) -> Iterator[int]:
    """Yield a process, its children, and theirs."""
    yield process
    for thread in Path(f"/proc/{process}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def _anonymous_bytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return sum(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("RssAnon:"))
