"""Promotes many candidates at once to one alias of a real MLflow, all judged against one champion: one may move.

    python benchmarks/promotions.py 60

MLflow's records and the ledger are in a PostgreSQL of its own. Each promotion is a process, with another for MLflow.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import sqlalchemy as sa
from mlflow import MlflowClient

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.cli import main
from tests.support.databases import postgres_cluster
from tests.support.registered import AGAINST, GATES, register, serve_mlflow, write_rows
from tests.support.signing import new_signers, write_trust


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
        rows = write_rows(Path(), "fraud", number, digests[number - 1], digests[0])
        local = ("--ledger", "sqlite:///local.db", "--no-record", "--out", f"out/{number}")
        if command("run", "s.suite.yaml", "--param", f"table={rows}", *local):
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
        with serve_mlflow(Path(name), records, workers=2) as uri:
            digests = register(uri, "fraud", times + 1, Path(name) / "made")
            MlflowClient(tracking_uri=uri).set_registered_model_alias("fraud", "champion", "1")
            write_trust(Path("ci"), new_signers())
            Path("pyproject.toml").write_text('[tool.harness]\nproject = "demo"\n')
            Path("s.suite.yaml").write_text(AGAINST)
            Path("ci/gates.yaml").write_text(GATES.replace("sqlite:///ledger.db", f'"{ledger}"').replace("URI", uri))
            judge_all(range(2, times + 2), digests)
            moved, told, took = promote_all(range(2, times + 2))
            client = MlflowClient(tracking_uri=uri)
            alias = client.get_registered_model("fraud").aliases["champion"]
            print(f"{times} at once, {took:.0f} s: moved {moved}, the alias is at {alias}")
            print("\n".join(f"{count} refused: {said}" for said, count in told.items()))
            print(f"harness audit: {command('audit')}")


if __name__ == "__main__":
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
