"""Databases of the tests' own: a PostgreSQL cluster reached by a socket and a password, and ledgers laid open."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import sqlalchemy as sa

PASSWORD = "corr3ct-h0rse"
FOUND = sorted([*glob("/usr/lib/postgresql/*/bin/initdb"), *filter(None, [shutil.which("initdb")])])
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []


@contextmanager
def postgres_cluster() -> Iterator[str]:
    """Give the URL of a database of its own; PostgreSQL refuses to be run by root."""
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


def change(url: str, *statements: str, guarded: bool = False) -> None:
    """Run statements on the database of a ledger, without what guards it as a forger would, or `guarded` by it."""
    with sa.create_engine(url).begin() as connection:
        if not guarded and connection.dialect.name == "sqlite":
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            statements = (*(f"DROP TRIGGER {name}" for name in names), *statements)
        elif not guarded:
            statements = ("SET LOCAL session_replication_role = replica", *statements)
        for statement in statements:
            connection.execute(sa.text(statement))
