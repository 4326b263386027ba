"""Whatever a check does to its worker is the matter of its own step, and nothing of it outlives the run."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from conftest import Command
from harness.errors import HarnessError
from harness.isolated.checks import isolated_check, open_rooms
from harness.isolated.guest.supervise import descendants
from harness.plugins.discovery import discover
from harness.plugins.tasks import TargetSpec, Task
from harness.settings import find_settings
from harness.testing import FakeTarget
from tests.support.isolated import command, processes_of, reasons, run, write_suite

PATIENCE = 30.0  # seconds that a busy machine may need


def steps(*ways: str) -> str:
    """Return a step for each way to misbehave; what stands after a hyphen tells two of one way apart."""
    given = "- {name: NAME, check: echoes.misbehave, with: {how: HOW}, require: {rows: {at_least: 1}}}\n"
    return "".join(given.replace("NAME", way).replace("HOW", way.partition("-")[0]) for way in ways)


@pytest.mark.usefixtures("scores")
def test_what_a_step_does_to_its_worker_harms_no_other(harness: Command, isolate: Callable[..., None]) -> None:
    isolate(lock="echoes.lock.txt", seconds=6, megabytes=4000)
    harmless = ["daemons", "closes", "prints-closed", "deaf", "atexit", "moves", "shows", "fills", "late", "threads"]
    ended = r"(was killed by SIGKILL|ended with exit code 0)"  # it may see that the host hung up, and end by itself
    expected = {
        "files": r"^check 'echoes.misbehave' raised OSError: \[Errno 24\] Too many open files",
        "raw": rf"a frame of 4294967295 bytes ended after 4\): its process {ended}",
        "unasked": rf"it answered with \['measurements'\] what it was not asked\): its process {ended}",
        "large": "^what was measured cannot be sent: BrokenFrameError: an answer of 134217[0-9]* bytes is too long",
        "unicode": r"^check 'echoes.misbehave' raised ValueError: \\ud800 \\x1b\[31m$",
        "stopped": "did not end in 6 s, and its process was ended",
        "supervisor": r"its process was killed by SIGKILL \(9\)",
    }
    harmful = [each for how in expected for each in (how, f"prints-{how}")]

    done, found = run(harness, steps(*harmless, *harmful))

    errors = reasons(found)
    assert 3 == done.code
    assert expected.keys() == errors.keys(), errors
    for how, why in expected.items():
        assert re.search(why, errors[how]), errors[how]


@pytest.mark.usefixtures("echoes")
def test_a_worker_that_died_between_steps_is_replaced_and_never_by_an_edited_plugin(
    scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the target's table outlives the test
    plugins, target = discover(find_settings(Path.cwd())), FakeTarget(rows=pq.read_table(scores))
    task = Task(step="s", check="echoes.misbehave", target=TargetSpec(kind="fake", config={}), params={"how": "forks"})
    measured: list[Any] = []

    with open_rooms(["echoes"], plugins) as rooms:
        check = isolated_check(plugins, task.check, rooms, str)
        assert check is not None
        for text in ("", "", "# edited"):
            with Path("echoes.py").open("a") as source:
                source.write(text)
            try:
                measured += check.measure_target(target, {"data": target.dataset("data")}, task)
            except HarnessError as error:
                measured.append(str(error))
            worker = rooms["echoes"].worker
            for process in descendants(worker.supervisor.pid) if worker else ():
                with suppress(ProcessLookupError):  # its supervisor may be faster
                    os.kill(process, signal.SIGKILL)
            while worker and worker.supervisor.poll() is None:
                time.sleep(0.01)

    first, second, third = measured
    assert first.sample.counts["value"] == second.sample.counts["value"] == 1
    assert "plugin 'echoes' was edited while the suite ran" in third


@pytest.mark.usefixtures("scores", "echoes", "project")
def test_nothing_outlives_a_host_that_is_killed(harness: Command) -> None:
    harness("plugins", "prepare", "echoes")
    temporary = Path(str(tempfile.tempdir))
    host = subprocess.Popen(command("run", write_suite(steps("daemons", "hangs"))), stderr=subprocess.DEVNULL)
    _wait_until(lambda: len(processes_of(temporary)) >= 3)  # supervisor, worker, daemon

    host.kill()
    host.wait()

    _wait_until(lambda: not processes_of(temporary) and not list(temporary.iterdir()))


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)
