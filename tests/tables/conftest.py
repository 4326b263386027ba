"""A PostgreSQL cluster of the tests' own, reached by a socket and a password."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path

import pytest

PASSWORD = "corr3ct-h0rse"
FOUND = sorted([*glob("/usr/lib/postgresql/*/bin/initdb"), *filter(None, [shutil.which("initdb")])])
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a database of its own; PostgreSQL refuses to be run by root."""
    if not FOUND:
        pytest.skip("no PostgreSQL here; install postgresql")
    programs, folder = Path(FOUND[-1]).parent, Path(tempfile.mkdtemp(prefix="harness-pg-"))
    (folder / "password").write_text(PASSWORD)
    if AS_POSTGRES:
        subprocess.run(["chown", "-R", "postgres", folder], check=True)
    start = ["-D", folder / "data", "-l", folder / "log", "-w", "-t", "300"]

    def run(program: str, *arguments: object) -> None:
        subprocess.run(
            [*AS_POSTGRES, programs / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=folder
        )

    run("initdb", "-D", folder / "data", "-U", "harness", "-A", "scram-sha-256", f"--pwfile={folder}/password", "-N")
    run("pg_ctl", *start, "-o", f"-c listen_addresses='' -c fsync=off -k {folder}", "start")
    try:
        yield f"postgresql://harness:{PASSWORD}@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder)
