"""Promotes many candidates at once to one alias of a real MLflow, all judged against one champion: one may move.

    python benchmarks/promotions.py 60

MLflow's records and the ledger are in a PostgreSQL of its own. Each promotion is a process, with another for MLflow.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parents[1]))

from conftest import scored_rows
from harness.cli import main
from harness.files import digest_folder
from tests.support.databases import postgres_cluster
from tests.support.signing import new_signers, write_trust

SUITE = """name: s
params: {table: str}
data: {d: {source: {param: table}, id: id, label: y}}
target: {kind: table, config: {data: d, decision: decision, made_by: made}}
baselines: {champion: {config: {decision: before, made_by: made_before}}}
steps:
  - check: quality.classifier
    require:
      accuracy: [{at_least: 0.6}, {versus: champion, lose_at_most: 0.3}]
"""
GATES = """project: demo
ledger: "LEDGER"
gates:
  production:
    suites: [../s.suite.yaml]
    uncommitted: allow
    promote: {mlflow: {model: fraud, alias: champion, tracking_uri: "URI"}}
"""
STARTS = 600  # seconds that the server may take


@contextmanager
def mlflow_server(records: str, folder: Path) -> Iterator[str]:
    """Give the URI of a server that keeps its records in a database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = ("--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port))
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--backend-store-uri", records, *place]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([*command, "--workers", "2"], stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(STARTS):
        if server.poll() is not None:
            raise SystemExit("the server ended; read its log")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(1)
    raise SystemExit("the server did not start")


def register(uri: str, versions: int, folder: Path) -> list[str]:
    """Register versions of a model, the first of them the champion; return the digests of their files."""
    client, digests = import_module("mlflow").MlflowClient(tracking_uri=uri), []
    client.create_registered_model("fraud")
    run = client.create_run("0").info
    for number in range(1, versions + 1):
        files = folder / str(number)
        files.mkdir(parents=True)
        (files / "MLmodel").write_text(f"flavors: {{}}\n# {number}\n")
        client.log_artifacts(run.run_id, str(files), str(number))
        client.create_model_version("fraud", f"{run.artifact_uri}/{number}", run_id=run.run_id)
        digests.append(digest_folder(files))
    client.set_registered_model_alias("fraud", "champion", "1")
    return digests


def write_rows(number: int, digest: str, champion: str) -> None:
    rows = scored_rows(400, seed=number, rate=0.9)
    decided = pc.if_else(pc.equal(rows["ok"], 1), rows["y"], pc.subtract(1, rows["y"]))
    ids = pa.array(range(1000 * number, 1000 * number + 400))
    made = {"made": [f"models:/fraud/{number}@{digest}"] * 400, "made_before": [f"models:/fraud/1@{champion}"] * 400}
    table = pa.table({"id": ids, "y": rows["y"], "decision": decided, "before": rows["y"], **made})
    pq.write_table(table, f"{number}.parquet")


def command(*arguments: str) -> int:
    """Return the exit code of a command in this process."""
    try:
        main(arguments)
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


def promote(number: int) -> None:
    """Promote a version in a process of its own, whose output goes to a file."""
    with Path(f"{number}.out").open("w") as out, redirect_stdout(out), redirect_stderr(out):
        main(["promote", "production", "--candidate", f"models:/fraud/{number}", "--signer", "file:ci/release.key"])


def judge_all(numbers: range, digests: list[str]) -> None:
    """Judge each candidate, then sign and record all runs."""
    for number in numbers:
        write_rows(number, digests[number - 1], digests[0])
        local = ("--ledger", "sqlite:///local.db", "--no-record", "--out", f"out/{number}")
        if command("run", "s.suite.yaml", "--param", f"table={number}.parquet", *local):
            raise SystemExit(f"candidate {number} did not pass")
    if command("runs", "sign", "out", "--signer", "file:ci/ci.key") or command("runs", "import", "out"):
        raise SystemExit("the runs were not recorded")


def promote_all(numbers: range) -> tuple[list[int], Counter[str], float]:
    """Return who moved, how often the others were told what, and how many seconds all took."""
    fork = multiprocessing.get_context("fork")
    processes = {number: fork.Process(target=promote, args=(number,)) for number in numbers}
    start = time.monotonic()
    for process in processes.values():
        process.start()
    for process in processes.values():
        process.join()
    took = time.monotonic() - start
    moved = [number for number, process in processes.items() if process.exitcode == 0]
    told: Counter[str] = Counter()
    for number in set(numbers) - set(moved):
        said = Path(f"{number}.out").read_text()
        names = bool(moved) and all(
            part in said for part in ("nothing was moved", f"models:/fraud/{moved[0]}", "by release on", "then promote")
        )
        told["names who moved and what to run" if names else said] += 1
    return moved, told, took


def measure(times: int) -> None:
    with tempfile.TemporaryDirectory() as name, chdir(name), postgres_cluster() as found:
        records = found.replace("postgresql:", "postgresql+psycopg:")
        with sa.create_engine(records, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(sa.text("CREATE DATABASE ledger"))
        ledger = sa.make_url(records).set(database="ledger").render_as_string(hide_password=False)
        with mlflow_server(records, Path(name)) as uri:
            digests = register(uri, times + 1, Path(name) / "made")
            write_trust(Path("ci"), new_signers())
            Path("pyproject.toml").write_text('[tool.harness]\nproject = "demo"\n')
            Path("s.suite.yaml").write_text(SUITE)
            Path("ci/gates.yaml").write_text(GATES.replace("LEDGER", ledger).replace("URI", uri))
            judge_all(range(2, times + 2), digests)
            moved, told, took = promote_all(range(2, times + 2))
            client = import_module("mlflow").MlflowClient(tracking_uri=uri)
            alias = client.get_registered_model("fraud").aliases["champion"]
            print(f"{times} at once, {took:.0f} s: moved {moved}, the alias is at {alias}")
            print("\n".join(f"{count} refused: {said}" for said, count in told.items()))
            print(f"harness audit: {command('audit')}")


if __name__ == "__main__":
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
