"""Processes killed while they promote or roll back: one of two states, never a third, and the next command goes on."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command
from tests.support.promotions import Shop, open_shop

POINTS = 20
KILLED = """
import os, signal, sys
from harness.cli import main

folder, wanted, seen = sys.argv[1], int(sys.argv[2]), -1
EFFECTS = ("os.rename", "os.remove", "fcntl.flock", "sqlite3.connect")

def count(event, arguments):
    global seen
    if event in EFFECTS or (event == "open" and str(arguments[0]).startswith(folder)):
        seen += 1 if seen >= 0 or event == "fcntl.flock" else 0
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
try:
    main(sys.argv[3:])
finally:
    print(f"effects {seen}", file=sys.stderr)
"""  # counted from the lock on: each file that is opened, renamed or removed, and each connection to the ledger


@pytest.fixture
def shop(project: Path, harness: Command) -> Shop:
    """A project in which m2 is promoted and m3 may be."""
    found = open_shop(project, harness)
    found.judge("m2", "m1")
    found.promote("m2")
    found.judge("m3", "m2")
    return found


def start_and_kill(shop: Shop, point: int, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a command that kills itself with SIGKILL before its effect of this number; of -2, never."""
    command = [sys.executable, "-c", KILLED, str(shop.folder), str(point), *map(str, arguments)]
    return subprocess.run(command, cwd=shop.folder, capture_output=True, text=True)


def points_of(shop: Shop, *arguments: object) -> list[int]:
    """Return twenty effects of a command, from the first to the last, after which the project is as it was."""
    kept = shutil.copytree(shop.folder, shop.folder.parent / "kept")
    done = start_and_kill(shop, -2, *arguments)
    assert done.returncode == 0, done.stderr
    count = int(done.stderr.split("effects ")[1]) + 1
    restore(shop, kept)
    return sorted({round(number * (count - 1) / (POINTS - 1)) for number in range(POINTS)})


def restore(shop: Shop, kept: Path) -> None:
    shutil.rmtree(shop.folder)
    shutil.copytree(kept, shop.folder)


@pytest.mark.heavy
@pytest.mark.parametrize(("command", "before", "after"), [("promote", "m2", "m3"), ("rollback", "m3", "m2")])
def test_a_killed_move_leaves_one_of_the_two_states(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, command: str, before: str, after: str
) -> None:
    who = ("--candidate", "m3") if command == "promote" else ()
    if command == "rollback":
        assert shop.promote("m3").code == 0
    typed = (command, "production", *who, *shop.sign("release"))
    points = points_of(shop, *typed)
    left = []

    for point in points:
        killed = start_and_kill(shop, point, *typed)
        monkeypatch.chdir(shop.folder)
        left.append(shop.promoted)
        found = shop.audit()
        complete = (0, after) == (found.code, left[-1])  # killed once all was recorded
        again = found if complete and command == "rollback" else shop.harness(*typed)  # a second one leads further back

        assert -signal.SIGKILL == killed.returncode, (point, killed.stderr)
        assert left[-1] in (before, after)
        assert "no promotion explains it" not in found.out or "is not recorded" in found.out, (point, found.out)
        assert (0, after) == (again.code, shop.promoted), (point, again)
        assert 0 == shop.audit().code, point
        restore(shop, shop.folder.parent / "kept")
        monkeypatch.chdir(shop.folder)

    assert {before, after} == set(left)
    assert len(points) == POINTS
