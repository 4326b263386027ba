"""A suite is recorded as it ends: signals, locks, full disks and broken reports lose no finished one."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from conftest import Command
from tests.support.suites import offer, suite

HARNESS = str(Path(sys.executable).with_name("harness"))
QUICK = ("--ledger", "sqlite:///.harness/ledger.db?timeout=1")  # seconds that a locked ledger is waited for
PLUGIN = """
import asyncio, os, sys, time
from pathlib import Path
from harness import Dataset, Measurement, Sample, check, hookimpl

def exact():
    yield Measurement(metric="rate", sample=Sample(statistic="exact", counts={"value": 1.0, "n": 1}))

@check("odd.waiting")
def waiting(data: Dataset, *, go: str = "never"):
    "Say that it measures, then wait for a file."
    Path("measuring").touch()
    while not Path(go).exists():
        time.sleep(0.02)
    yield from exact()

@check("odd.cancelled")
def cancelled(data: Dataset):
    "Cancel itself."
    raise asyncio.CancelledError("no more")

@check("odd.interrupting")
def interrupting(data: Dataset):
    "Raise what Ctrl-C raises."
    raise KeyboardInterrupt

@check("odd.printing")
def printing(data: Dataset):
    "Print as Python does, and as a child process does."
    print("said by Python")
    os.system("echo said by a child")
    yield from exact()

def broken(report, out):
    raise RuntimeError("no ink")

@hookimpl
def harness_checks():
    return {each.name: each for each in (waiting, cancelled, interrupting, printing)}

@hookimpl
def harness_reporters():
    return {"odd": broken}
"""


@pytest.fixture
def odd(project: Path, scores: Path) -> Path:
    """A project with checks and a report that misbehave, and a suite that passes."""
    offer(project, odd=PLUGIN)
    suite(project, "{at_least: 0.7}", "a")
    return project


def odd_suite(project: Path, check: str, name: str, params: str = "{}") -> str:
    path = suite(project, "{at_least: 0.5}", name)
    step = f"check: odd.{check}, with: {params}"
    path.write_text(path.read_text().replace("check: rows.rate, with: {column: ok}", step))
    return path.name


def start(project: Path, *arguments: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([HARNESS, "run", *arguments], cwd=project, stdout=pipe, stderr=pipe, text=True)


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def recorded(project: Path) -> Sequence[str]:
    with closing(sqlite3.connect(project / ".harness" / "ledger.db")) as ledger:
        return [suite for (suite,) in ledger.execute("SELECT suite FROM entries WHERE kind = 'run' ORDER BY seq")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_the_suites_that_had_ended(odd: Path, number: signal.Signals) -> None:
    suite(odd, "{at_least: 0.7}", "c")
    process = start(odd, "a.suite.yaml", odd_suite(odd, "waiting", "b"), "c.suite.yaml", "--out", "out")
    wait_for(odd / "measuring", process)

    process.send_signal(number)
    _, err = process.communicate(timeout=60)

    assert 130 == process.returncode
    assert "interrupted; recorded: a; not run: b, c" == err.strip().splitlines()[-1]
    assert ["a"] == recorded(odd)
    assert "pass" == json.loads((odd / "out" / "a" / "run.json").read_text())["outcome"]
    assert "error" == json.loads((odd / "out" / "summary.json").read_text())["outcome"]


def test_what_cannot_be_recorded_is_written_and_told(odd: Path) -> None:
    process = start(odd, "a.suite.yaml", odd_suite(odd, "waiting", "b", "{go: locked}"), "--out", "out", *QUICK)
    wait_for(odd / "measuring", process)

    with closing(sqlite3.connect(odd / ".harness" / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        (odd / "locked").touch()
        out, err = process.communicate(timeout=120)
        other.execute("ROLLBACK")

    assert 3 == process.returncode
    assert out.splitlines()[-1].startswith("ERROR  b: not all was measured and kept  next: ")
    assert "error: b: not recorded: " in err
    assert "locked" in err
    assert ["a"] == recorded(odd)
    assert "pass" == json.loads((odd / "out" / "b" / "run.json").read_text())["outcome"]


def test_a_reader_that_closes_the_pipe_changes_no_verdict(odd: Path) -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run([HARNESS, "run", "a.suite.yaml"], cwd=odd, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)

    assert (0, "") == (done.returncode, done.stderr)
    assert ["a"] == recorded(odd)


def test_a_full_device_costs_the_table_alone(odd: Path) -> None:
    arguments = [HARNESS, "run", "a.suite.yaml", "--report", "junit", "--out", "out"]

    with Path("/dev/full").open("w") as full:
        done = subprocess.run(arguments, cwd=odd, stdout=full, stderr=subprocess.PIPE, text=True)

    assert 3 == done.returncode
    assert ["error: standard output cannot be written: No space left on device; give it room"] == (
        done.stderr.splitlines()
    )
    assert ["a"] == recorded(odd)
    assert list((odd / "out").glob("*.xml"))


def test_a_report_that_breaks_costs_no_other(odd: Path, harness: Command) -> None:
    done = harness("run", "a.suite.yaml", "--report", "odd", "--report", "junit", "--out", "out")

    assert 3 == done.code
    assert ["error: report 'odd' failed: RuntimeError: no ink"] == done.err.splitlines()
    assert "PASS  a" in done.out
    assert list((odd / "out").glob("*.xml"))


@pytest.mark.usefixtures("odd")
def test_what_an_encoding_lacks_is_replaced(installed: Command) -> None:
    done = installed("run", "a.suite.yaml", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")

    assert (0, "") == (done.code, done.err)
    assert "?" in done.out


def test_a_check_that_cancels_itself_is_an_error_of_its_step(odd: Path, harness: Command) -> None:
    done = harness("run", odd_suite(odd, "cancelled", "b"), "--json")

    (verdict,) = json.loads(done.out)["runs"][0]["verdicts"]
    assert (3, "error") == (done.code, verdict["outcome"])
    assert "check 'odd.cancelled' raised CancelledError: no more" == verdict["reason"]


def test_what_a_check_prints_is_no_part_of_the_json(odd: Path, installed: Command) -> None:
    done = installed("run", odd_suite(odd, "printing", "b"), "--json")

    assert "pass" == json.loads(done.out)["outcome"]
    assert {"said by Python", "said by a child"} <= set(done.err.splitlines())


def test_what_ctrl_c_raises_is_the_steps_error_if_a_check_beside_others_raises_it(
    odd: Path, installed: Command
) -> None:
    path = odd_suite(odd, "interrupting", "k")
    document = (odd / path).read_text()
    step = document[document.index("steps:") + len("steps:") :]
    (odd / path).write_text(document + "".join(step.replace("check:", f"name: n{n}, check:") for n in range(3)))

    done = installed("run", path, "--out", "out")

    run = json.loads((odd / "out" / "k" / "run.json").read_text())
    assert 3 == done.code
    assert {"check 'odd.interrupting' raised KeyboardInterrupt: "} == {v["reason"] for v in run["verdicts"]}


def test_a_report_that_breaks_is_named_by_the_gate_and_the_decision_printed(odd: Path, harness: Command) -> None:
    (odd / "ci").mkdir(exist_ok=True)
    (odd / "ci" / "gates.yaml").write_text("project: demo\ngates: {merge: {suites: [a]}}\n")
    path = odd / "a.suite.yaml"
    path.write_text(path.read_text().replace("{data: d}", "{data: d, model: m/2}"))
    harness("run", path)

    done = harness("gate", "merge", "--candidate", "m/2", "--report", "odd")

    assert 3 == done.code
    assert "error: report 'odd' failed: RuntimeError: no ink" in done.err
    assert "PASS" in done.out
