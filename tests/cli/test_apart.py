"""Who measures holds no key and no way into the ledger: what a plugin finds, and what it is given when it asks."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import Command, scored_rows
from harness.records.evidence_store import open_bundle
from harness.records.ledger import Ledger
from tests.support.signing import new_signers, write_trust
from tests.support.stores import S3_KEYS, s3_server

PR_CAPBSET_DROP, CAPABILITIES = 24, range(64)
SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: m/2}}
steps:
  - check: thief.rate
    require: {rate: {at_least: 0.1}}
"""
KEEPS_ROWS = "  - {check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.1}}}\n"
THIEF = r'''
"""Looks for keys wherever a process can, and asks the process that lent it the ledger for more than it may have."""
import gc, json, os, pathlib, socket, sys
import pyarrow as pa
from harness import Dataset, Measurement, check, hookimpl, samples
from harness.isolated.guest.frames import receive_frame, send_frame

def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError as error:
        return type(error).__name__

def ask(connection, **frame):
    send_frame(connection, frame)
    return receive_frame(connection)

def line():
    for name in os.listdir("/proc/self/fd"):
        try:
            found = socket.socket(fileno=os.dup(int(name)))
            if found.family == socket.AF_UNIX:
                return found
        except OSError:
            pass

@check("thief.rate")
def rate(data: Dataset):
    rows = data.rows(["ok"])
    above = os.getppid()
    connection = line()
    entry = {"ask": "append", "id": "x", "body": "{}", "columns": {}}
    found = {
        "environ": dict(os.environ),
        "argv": sys.argv,
        "own": [read(f"/proc/self/{name}") for name in ("environ", "cmdline")],
        "above": [read(f"/proc/{above}/environ"), read(f"/proc/{above}/mem")],
        "memory": [repr(each) for each in gc.get_objects() if "Signer" in type(each).__name__],
        "asked": {
            "promotion": ask(connection, **entry, kind="promotion"),
            "decision": ask(connection, **entry, kind="decision"),
            "run-statement": ask(connection, **entry, kind="run-statement"),
            "sign": ask(connection, ask="sign", run="{}"),
            "key": ask(connection, ask="key"),
            "nothing": ask(connection),
            "evidence-anchor": ask(connection, ask="evidence_write", name="anchors/x"),
            "evidence-ledger": ask(connection, ask="evidence_read", name="../ledger.db", start=0),
            "evidence-listing": ask(connection, ask="evidence_list", name="anchors"),
            "evidence-removal": ask(connection, ask="evidence_delete", name="0" * 64),
        },
    }
    pathlib.Path("stolen.json").write_text(json.dumps(found))
    ok = rows.column("ok").to_pylist()
    return [Measurement(metric="rate", sample=samples.proportion(k=sum(ok), n=len(ok)))]

@hookimpl
def harness_checks():
    return {"thief.rate": rate}
'''


@pytest.fixture
def shop(project: Path) -> Path:
    """Return a project with a hostile plugin."""
    pq.write_table(scored_rows(400), project / "scores.parquet")
    (project / "s.suite.yaml").write_text(SUITE)
    (project / "thief.py").write_text(THIEF)
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["thief"]\n')
    write_trust(project / "ci", new_signers())
    return project


def be_ordinary() -> None:
    """Give up what root alone may, as to read the memory of processes that hide it."""
    for number in CAPABILITIES:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, number, 0, 0, 0)


def run(folder: Path, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite with the installed command as an ordinary user would."""
    command = [str(Path(sys.executable).with_name("harness")), "run", "s.suite.yaml", *arguments]
    environment = {**os.environ, **env}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, preexec_fn=be_ordinary)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_plugin_finds_no_key_and_is_given_nothing_but_what_a_run_needs(shop: Path) -> None:
    pem = (shop / "ci" / "ci.key").read_text()
    url = f"sqlite:///{shop}/elsewhere/ledger.db"

    done = run(shop, "--ledger", url, HARNESS_SIGNER="env:RUNNER", RUNNER=pem, COPY=f"# mine\n{pem}", SHOWN="yes")

    assert 0 == done.returncode, done.stdout + done.stderr
    text = (shop / "stolen.json").read_text()
    stolen = json.loads(text)
    assert "yes" == stolen["environ"]["SHOWN"]
    assert {"RUNNER", "COPY", "HARNESS_SIGNER"}.isdisjoint(stolen["environ"])
    assert (False, False) == (pem.splitlines()[1] in text, "elsewhere" in text)
    assert ["PermissionError", "PermissionError"] == stolen["above"]
    assert [] == stolen["memory"]
    assert all("refused" in answer for answer in stolen["asked"].values()), stolen["asked"]
    kinds = [entry.kind for entry in Ledger(url, "demo").entries()]
    assert ["run", "run-statement"] == kinds


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_plugin_finds_no_way_into_the_store_that_holds_ledger_and_evidence(shop: Path) -> None:
    with s3_server() as s3:
        url, evidence = s3.url("p/ledger.db"), s3.url("p/evidence")
        gates = f"ledger: {url}\nevidence: {evidence}\ngates: {{ci: {{suites: [../s.suite.yaml]}}}}\n"
        (shop / "ci" / "gates.yaml").write_text(gates)
        (shop / "s.suite.yaml").write_text(SUITE + KEEPS_ROWS)

        done = run(shop, **S3_KEYS)
        os.environ.update(S3_KEYS)
        (recorded,) = Ledger(url, "demo").runs()
        files = {m.sample.file for m in recorded.measurements if m.sample.file}
        store = open_bundle(evidence)
        assert [True] == [name in store for name in files]

    stolen = json.loads((shop / "stolen.json").read_text())
    assert 0 == done.returncode, done.stdout + done.stderr
    assert [] == [name for name in stolen["environ"] if name.startswith("AWS_")]
    assert all("refused" in answer for answer in stolen["asked"].values()), stolen["asked"]


def test_a_run_apart_counts_earlier_looks_registers_and_exports_as_any_other(project: Path, installed: Command) -> None:
    pq.write_table(scored_rows(400), project / "scores.parquet")
    (project / "s.suite.yaml").write_text(SUITE.replace("thief.rate", "rows.rate\n    with: {column: ok}"))
    write_trust(project / "ci", new_signers())
    given = ("run", "s.suite.yaml", "--signer", "file:ci/ci.key", "--register", "--out", "out", "--json")

    first, second = (installed(*given) for _ in range(2))

    assert (0, 0) == (first.code, second.code), second.err
    assert json.loads(first.out) != json.loads(second.out)
    assert 1 == len(json.loads((project / "out" / "s" / "run.json").read_text())["earlier"])
    kinds = [entry.kind for entry in Ledger(f"sqlite:///{project}/.harness/ledger.db", "demo").entries()]
    assert ["registration", "registration-statement", "run", "run-statement"] * 2 == kinds
    assert {"run.json", "run.intoto.json"} <= {path.name for path in (project / "out" / "s").iterdir()}
