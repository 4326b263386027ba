"""Shows that this process stays small while Postgres and Spark hold the rows: its anonymous memory by rows and check.

Usage: python benchmarks/engines_memory.py [--rows 100000,1000000,3000000] [--engines postgres,spark] [--folder DIR]
           [--into docs/performance.md]
A Postgres cluster of its own is started on a socket and stopped; Spark is `local[2]`. Each suite runs in a process of
its own: first over 2,000 rows (imports, connection, JVM), then over the table while its anonymous memory is looked at
every 10 ms. Servers, the JVM and Spark's workers are other processes and not counted. Needs the extras postgres, spark.
"""

# ruff: noqa: PLC0415 - each process loads only what it times

import argparse
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from glob import glob
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from drift import GROUP, NUMBERS, TEXTS, generate_table

sys.path.append(str(Path(__file__).parent / "peers"))
from reported import machine, moment, put

SMALL = 2_000
EVERY = 0.01
COLUMNS = (*NUMBERS[:8], *TEXTS[:2], *TEXTS[-2:])
TYPES = {"int64": "bigint", "double": "double precision", "string": "text"}
AS_POSTGRES = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
SOURCES = {
    "postgres": "source: 'sql:public.rowsN', connection: {env: ENGINES_MEMORY}",
    "spark": "source: 'spark:./rowsN.parquet', connection: 'local[2]'",
}
SUITE = """name: memory
data: {{today: {{{today}}}, training: {{{training}}}}}
target: {{kind: table, config: {{data: today}}}}
steps:
  - {step}
"""
BOUNDED = ", ".join(f"{name}: {{type: float64, min: -1000000, nullable: true}}" for name in NUMBERS[:8])
STEPS = {
    "drift.columns": "{check: drift.columns, with: {reference: training}, require: {psi: {at_most: 100}}}",
    "data.schema": "{check: data.schema, with: {columns: {id: {type: int64, unique: true}, BOUNDED}}, "
    "require: {violations: {at_most: 0}}}".replace("BOUNDED", BOUNDED),
}
HEAD = "| engine | suite of one step | rows | numbers | before MiB | peak MiB | CPU s here |"
LINE = "|---|---|---:|---:|---:|---:|---:|"


def parts(rows: int) -> Iterator[pa.Table]:
    """Yield ids, eight numbers and four texts, a group of rows at a time."""
    for start in range(0, rows, GROUP):
        table = generate_table(min(GROUP, rows - start), start // GROUP, False).select(COLUMNS)
        ids = pa.array(range(start, start + table.num_rows), pa.int64())
        yield table.add_column(0, "id", ids)


def in_spark(rows: int, folder: Path) -> None:
    """Write the rows as a parquet file."""
    writer: pq.ParquetWriter | None = None
    for table in parts(rows):
        writer = writer or pq.ParquetWriter(folder / f"rows{rows}.parquet", table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()


def in_postgres(rows: int, url: str) -> None:
    """Copy the rows into a table."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as database:
        for at, table in enumerate(parts(rows)):
            if at == 0:
                columns = ", ".join(f'"{each.name}" {TYPES[str(each.type)]}' for each in table.schema)
                database.execute(f"CREATE TABLE rows{rows} ({columns})".encode())
            text = io.BytesIO()
            pc.write_csv(table, text, pc.WriteOptions(include_header=False))
            with database.cursor().copy(f"COPY rows{rows} FROM STDIN (FORMAT csv)".encode()) as copy:
                copy.write(text.getvalue())


@contextmanager
def cluster() -> Iterator[str]:
    """Start a Postgres cluster that listens on a socket alone, and stop it."""
    found = sorted([*glob("/usr/lib/postgresql/*/bin/initdb"), *filter(None, [shutil.which("initdb")])])
    if not found:
        raise SystemExit("no PostgreSQL here; install postgresql, or ask for --engines spark")
    programs, folder = Path(found[-1]).parent, Path(tempfile.mkdtemp(prefix="harness-pg-"))
    if AS_POSTGRES:
        subprocess.run(["chown", "-R", "postgres", folder], check=True)

    def run(program: str, *arguments: str | Path) -> None:
        command = [*AS_POSTGRES, programs / program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run("initdb", "-D", folder / "data", "-U", "harness", "-A", "trust", "-N")
    options = f"-c listen_addresses='' -c fsync=off -c unix_socket_permissions=0700 -k {folder}"
    run("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql://harness@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def suite(engine: str, check: str, rows: int, folder: Path) -> Path:
    """Write the suite that holds a table of so many rows to one check."""
    today, training = (SOURCES[engine].replace("rowsN", f"rows{size}") for size in (rows, SMALL))
    path = folder / f"{engine}-{check}-{rows}.suite.yaml"
    path.write_text(SUITE.format(today=today, training=training, step=STEPS[check]))
    return path


def run_alone(small: Path, whole: Path) -> None:
    """Run a suite over few rows, say so, run it over all, and print what that took."""
    run(small)
    print("ready", flush=True)
    used = resource.getrusage(resource.RUSAGE_SELF)
    verdicts = run(whole)
    took = resource.getrusage(resource.RUSAGE_SELF)
    cpu = took.ru_utime + took.ru_stime - used.ru_utime - used.ru_stime
    errors = [each["reason"] for each in verdicts if each["outcome"] == "error"]
    print(json.dumps({"numbers": len(verdicts), "cpu": cpu, "errors": errors}))


def run(path: Path) -> Sequence[Mapping[str, Any]]:
    """Return the verdicts of `harness run` in this process, as a project of its own."""
    from harness.cli import main as command

    out = path.parent / "out" / path.stem
    with suppress(SystemExit), redirect_stdout(sys.stderr):
        command(["run", str(path), "--out", str(out)])
    found: Sequence[Mapping[str, Any]] = json.loads((out / "memory" / "run.json").read_text())["verdicts"]
    return found


def measure_memory(small: Path, whole: Path, url: str) -> Mapping[str, float]:
    """Return the anonymous memory of a suite's own process: before the table is read, and at most."""
    command = [sys.executable, str(Path(__file__).resolve()), "--alone", str(small), str(whole)]
    environment = {**os.environ, "ENGINES_MEMORY": url}
    environment["PYSPARK_SUBMIT_ARGS"] = "--driver-memory 2g pyspark-shell"
    with tempfile.TemporaryFile("w+") as noise:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=noise, env=environment, text=True, cwd=whole.parent
        )
        before, peak, message = watch_memory(process)
        noise.seek(0)
        if process.returncode or not message:
            raise SystemExit(f"{whole.name} did not finish: {noise.read().strip().splitlines()[-1]}")
    took: dict[str, Any] = json.loads(message.splitlines()[-1])
    if errors := took.pop("errors"):
        raise SystemExit(f"{whole.name}: {errors[0]}")
    return {**took, "before": before / 2**10, "peak": peak / 2**10}


def watch_memory(process: "subprocess.Popen[str]") -> tuple[int, int, str]:
    """Return the anonymous KiB of a process, without its children, once it is ready and at most; and what it tells."""
    if process.stdout is None or not process.stdout.readline():
        process.wait()
        return 0, 0, ""
    before = peak = anonymous(process.pid)
    while process.poll() is None:
        peak = max(peak, anonymous(process.pid))
        time.sleep(EVERY)
    return before, peak, process.stdout.read()


def anonymous(process: int) -> int:
    """Return the anonymous memory of one process in KiB; 0 if it has just ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:"))


def memory_rows(engine: str, sizes: Sequence[int], folder: Path, url: str) -> Iterator[str]:
    """Yield a row of the table for each check and size."""
    for rows in (SMALL, *sizes):
        in_spark(rows, folder) if engine == "spark" else in_postgres(rows, url)
    for check in STEPS:
        for rows in sizes:
            took = measure_memory(suite(engine, check, SMALL, folder), suite(engine, check, rows, folder), url)
            figures = f"{took['numbers']:,} | {took['before']:,.0f} | {took['peak']:,.0f} | {took['cpu']:.1f}"
            print(f"{engine} {check} {rows:,}: {figures}, {moment()}", file=sys.stderr, flush=True)
            yield f"| {engine} | `{check}` | {rows:,} | {figures} |"


def main() -> None:
    """Measure and print, or put the table into a document."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", default="100000,1000000,3000000")
    asked.add_argument("--engines", default="postgres,spark")
    asked.add_argument("--folder", type=Path)
    asked.add_argument("--into", type=Path, help="a document with markers for the table")
    asked.add_argument("--alone", type=Path, nargs=2)
    given = asked.parse_args()
    if given.alone:
        run_alone(*given.alone)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder, sizes, began = (given.folder or Path(scratch)).resolve(), [*map(int, given.rows.split(","))], moment()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "memory"\n')
        lines: list[str] = []
        if "postgres" in given.engines:
            with cluster() as url:
                lines += memory_rows("postgres", sizes, folder, url)
        lines += memory_rows("spark", sizes, folder, "") if "spark" in given.engines else []
    text = "\n".join([HEAD, LINE, *lines]) + f"\n\n{machine()}; from {began} to {moment()}."
    print(text)
    if given.into:
        put(text, "engines", given.into)


if __name__ == "__main__":
    main()
