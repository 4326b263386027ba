"""Runs one command and keeps how it ended, also where whoever started it is gone.

`python -P -m harness_ci.shim FOLDER LOCK` with the command in FOLDER/job.json. LOCK is a file descriptor that holds the
lock on FOLDER/lock for as long as this process lives: so whoever comes later knows whether to wait for it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def main(folder: Path) -> None:
    """Run the command of a job's folder."""
    job = json.loads((folder / "job.json").read_text())
    began = time.monotonic()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        try:
            process = subprocess.Popen(
                job["argv"], cwd=job["cwd"], stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
        except OSError as error:
            _end(folder, code=127, seconds=0.0, problem=f"{job['argv'][0]} cannot be run: {error}")
            return
    (folder / "child").write_text(str(process.pid))
    problem = ""
    try:
        code = process.wait(job["timeout"])
    except subprocess.TimeoutExpired:
        code, problem = 124, f"took longer than {job['timeout']:.0f} s and was ended"
    _kill(process)
    _end(folder, code=code, seconds=time.monotonic() - began, problem=problem)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End what the command left running, and the command itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(folder: Path, **ended: object) -> None:
    unfinished = folder / "ended.unfinished"
    unfinished.write_text(json.dumps(ended))
    unfinished.replace(folder / "ended.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
