"""Runs a suite again and again, killed at every ledger statement and every file rename; prints what each left.

Usage: python kill_at.py SUITE. One process per attempt, forked before anything is opened.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import sqlalchemy as sa

from harness.cli import main
from harness.cli import measuring as _measuring  # noqa: F401 - loaded before the forks, so that each is quick
from harness.plugins.discovery import discover
from harness.project import open_project
from harness.records.row_digests import content_digest
from harness.settings import find_settings

LIMIT = 200


def child(work: Callable[[], None]) -> int:
    """Return the wait status of a forked process that does the work."""
    process = os.fork()
    if process == 0:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it lives as long as the process
        try:
            work()
        finally:
            os._exit(99)
    return os.waitpid(process, 0)[1]


def run(suite: str) -> None:
    try:
        main(["run", suite])
    except SystemExit as ended:
        os._exit(int(str(ended.code)))


def killed_at(moment: int, suite: str) -> None:
    seen = 0

    def tick(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    rename = os.replace

    def replace(source: str, target: str) -> None:
        tick()
        rename(source, target)
        tick()

    os.replace = replace  # type: ignore[assignment]
    sa.event.listen(sa.Engine, "before_cursor_execute", tick)
    sa.event.listen(sa.Engine, "after_cursor_execute", tick)
    sa.event.listen(sa.Engine, "commit", tick)
    run(suite)


def attempt(moment: int, suite: str) -> dict[str, object]:
    """Kill one run, look at what it left, run once more, and return both."""
    shutil.rmtree(".harness", ignore_errors=True)
    status = child(lambda: killed_at(moment, suite))
    entries = looked_at()
    again = child(lambda: run(suite))
    return {
        "moment": moment,
        "killed": os.WIFSIGNALED(status),
        "entries": entries,
        "whole": whole(),
        "code": os.waitstatus_to_exitcode(again),
        "after": looked_at(),
    }


def whole() -> bool:
    """Tell whether every evidence file has the content that it is named by."""
    files = Path(".harness/evidence").glob("[!.]*.parquet")
    return all(content_digest(pq.read_table(file)).endswith(file.stem) for file in files)


def looked_at() -> list[str]:
    """Return the digests of the recorded runs, read in a process of its own."""
    file = Path("seen.json")

    def look() -> None:
        file.write_text(json.dumps([run.digest for run in open_project().ledger(None).runs()]))
        os._exit(0)

    file.unlink(missing_ok=True)
    if not Path(".harness/ledger.db").exists():
        return []
    child(look)
    return [str(digest) for digest in json.loads(file.read_text())]


if __name__ == "__main__":
    discover(find_settings(Path.cwd())).check("rows.rate")
    for number in range(1, LIMIT):
        found = attempt(number, sys.argv[1])
        print(json.dumps(found), flush=True)
        if not found["killed"]:
            break
