"""A command's effect is seen once, whatever is killed."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from harness_ci.jobs import LOST, Ended, Job, perform_job

from ci.tests.plant import lives, until


def job(tmp_path: Path, command: str, **more: object) -> Job:
    values = {"key": "k", "argv": ["sh", "-c", command], "cwd": tmp_path, "env": {"PATH": os.environ["PATH"]}}
    return Job(**{**values, "timeout": 60.0, **more})  # type: ignore[arg-type]


def perform(made: Job, folder: Path) -> Ended:
    return perform_job(made, folder, lambda: False)


def test_a_command_that_ended_is_not_begun_again(tmp_path: Path) -> None:
    made = job(tmp_path, "echo x >> effects; echo said; exit 3")

    first, second = perform(made, tmp_path / "job"), perform(made, tmp_path / "job")

    assert first == second
    assert (first.code, first.out) == (3, "said\n")
    assert "x\n" == (tmp_path / "effects").read_text()


def test_a_command_of_whoever_was_killed_is_waited_for(tmp_path: Path) -> None:
    command = "touch begun; sleep 2; echo x >> effects"
    program = (
        "import pathlib, sys; sys.path.insert(0, '.'); from harness_ci.jobs import *; "
        f"perform_job(Job(key='k', argv=['sh', '-c', {command!r}], cwd=pathlib.Path({str(tmp_path)!r}), "
        f"env={{'PATH': {os.environ['PATH']!r}}}, timeout=60), pathlib.Path({str(tmp_path / 'job')!r}), lambda: False)"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    until((tmp_path / "begun").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()

    ended = perform(job(tmp_path, command), tmp_path / "job")

    assert 0 == ended.code
    assert "x\n" == (tmp_path / "effects").read_text()


@pytest.mark.parametrize(("repeatable", "code", "effects"), [(True, 0, "x\nx\n"), (False, LOST, "x\n")])
def test_a_command_that_was_lost_half_way_runs_anew_only_if_it_may(
    tmp_path: Path, repeatable: bool, code: int, effects: str
) -> None:
    made = job(tmp_path, "echo x >> effects; [ -e again ] || sleep 60", repeatable=repeatable)
    ended: list[Ended] = []
    waiting = threading.Thread(target=lambda: ended.append(perform(made, tmp_path / "job")))
    waiting.start()
    until(lambda: (tmp_path / "effects").exists() and (tmp_path / "job" / "child").exists())

    (tmp_path / "again").touch()
    child = int((tmp_path / "job" / "child").read_text())
    shim = int(Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(shim, signal.SIGKILL)
    os.kill(child, signal.SIGKILL)
    waiting.join(60)

    assert (ended[0].code, (tmp_path / "effects").read_text()) == (code, effects)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    ended = perform(job(tmp_path, "sleep 99 & echo $! > child; wait", timeout=1.0), tmp_path / "job")

    assert 124 == ended.code
    assert "took longer than 1 s" in ended.said
    until(lambda: not lives(int((tmp_path / "child").read_text())), 20)


def test_a_command_that_is_not_installed_is_named(tmp_path: Path) -> None:
    ended = perform(job(tmp_path, "", argv=["no-such-command"]), tmp_path / "job")

    assert 127 == ended.code
    assert ended.said.startswith("no-such-command cannot be run")
