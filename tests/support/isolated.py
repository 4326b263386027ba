"""Runs suites of the plugin `echoes`, and tells what was wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import Command, Finished

SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, score: score, model: r1}}
steps:
"""


def write_suite(steps: str, head: str = SUITE) -> str:
    """Write a suite of these steps, and return the name of its file."""
    Path("s.suite.yaml").write_text(head + "".join(f"  {line}\n" for line in steps.strip("\n").splitlines()))
    return "s.suite.yaml"


def run(harness: Command, steps: str, *options: str, head: str = SUITE) -> tuple[Finished, dict[str, Any]]:
    """Run a suite of these steps; return what the command said, and its verdicts by step and metric."""
    write_suite(steps, head)
    done = harness("run", "s.suite.yaml", "--json", *options)
    found = json.loads(done.out) if done.out.startswith("{") else {"runs": []}
    return done, found


def reasons(found: dict[str, Any]) -> dict[str, str]:
    verdicts = found["runs"][0]["verdicts"]
    return {verdict["step"]: verdict["reason"] for verdict in verdicts if verdict["outcome"] == "error"}


def command(*arguments: str, refused: str = "") -> list[str]:
    """Return the installed command as it is started, where Linux refuses it `namespaces` or `internet`."""
    started = [str(Path(sys.executable).with_name("harness")), *arguments]
    return [sys.executable, str(Path(__file__).with_name("refused.py")), refused, *started] if refused else started


def run_refused(refused: str, *arguments: str) -> Finished:
    """Run the installed command where Linux refuses it something."""
    done = subprocess.run(command(*arguments, refused=refused), capture_output=True, text=True)
    return Finished(code=done.returncode, out=done.stdout, err=done.stderr)


def processes_of(folder: Path) -> list[str]:
    """Return the commands of processes that were started in a folder, or that name it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
            place = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(folder) in place or str(folder) in command:
            found.append(command)
    return found
