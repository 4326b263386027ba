"""Runs a locustfile: users that each wait for an answer before they ask again, which hides stalls."""

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from harness import HarnessError, UsageError
from harness_latency.shots import Shots, unanswered

SLACK = 60  # seconds for Locust to start its users and to stop them
SOME_FAILED = 1


def run_locust(locustfile: str, url: str, *, users: int, spawn_rate: float, duration: float, processes: int) -> Shots:
    """Return the requests that the users of a locustfile made."""
    if find_spec("locust") is None:
        raise UsageError("Locust is not installed; pip install 'promotion-harness-latency[locust]'")
    if not Path(locustfile).is_file():
        raise UsageError(f"no locustfile {locustfile!r} in {Path.cwd()}; name it from where harness is run")
    with tempfile.TemporaryDirectory(prefix="harness-locust-") as folder:
        files = f"{Path(locustfile).resolve()},{Path(__file__).with_name('recorder.py')}"
        command = [
            sys.executable,
            "-m",
            "locust",
            "-f",
            files,
            "--headless",
            "--host",
            url,
            "--harness-samples",
            folder,
        ]
        command += ["-u", str(users), "-r", f"{spawn_rate:g}", "-t", f"{duration:g}s", "--only-summary"]
        _run([*command, *(["--processes", str(processes)] if processes > 1 else [])], duration + SLACK)
        shots = _read(Path(folder))
    for told in unanswered(shots):
        raise HarnessError(told)
    return shots


def _run(command: list[str], seconds: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as trouble:
        raise HarnessError(f"locust did not end within {seconds:.0f} s; does the locustfile ever stop?") from trouble
    if done.returncode not in (0, SOME_FAILED):
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise HarnessError(f"locust ended with {done.returncode}: {said[0]}")


def _read(folder: Path) -> Shots:
    lines = [line.split("\t") for path in folder.glob("*.tsv") for line in path.read_text("ascii").splitlines()]
    if not lines:
        raise HarnessError("the locustfile made no request; does it have a User with a task?")
    rows = np.array(sorted((float(began), float(took), int(status)) for began, took, status in lines))
    return Shots(
        number=np.arange(len(rows)),
        due=rows[:, 0] - rows[0, 0],
        latency_ms=rows[:, 1],
        late_ms=np.zeros(len(rows)),
        status=rows[:, 2].astype(np.int64),
    )
