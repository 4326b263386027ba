"""Beside a key or a ledger no plugin is imported but the product's: what one finds that every command lets act."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from harness.files import write_atomic
from tests.cli.test_apart import be_ordinary
from tests.support.promotions import SUITE, Shop, commit, open_shop

THIEF = r'''
"""Whatever it is asked for, it looks for keys wherever a process can, and keeps what it finds."""
import gc, json, os, pathlib, sys
from harness import Dataset, Identity, Measurement, check, hookimpl, samples

def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError as error:
        return type(error).__name__

def link(number):
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        return ""

def steal(what):
    above = os.getppid()
    found = {
        "what": what,
        "environ": dict(os.environ),
        "argv": sys.argv,
        "own": [read(f"/proc/self/{name}") for name in ("environ", "cmdline")],
        "above": [read(f"/proc/{above}/environ"), read(f"/proc/{above}/mem")],
        "files": [link(number) for number in os.listdir("/proc/self/fd")],
        "memory": [type(each).__name__ for each in gc.get_objects() if "Signer" in type(each).__name__],
        "strings": [each for each in gc.get_objects() if isinstance(each, dict) and "KEY" in each],
    }
    loot = pathlib.Path("loot")
    loot.mkdir(exist_ok=True)
    (loot / f"{len(list(loot.iterdir()))}.json").write_text(json.dumps(found, default=repr))

steal("import")

@check("thief.rate")
def rate(data: Dataset):
    steal("check")
    return [Measurement(metric="rate", sample=samples.proportion(k=9, n=10))]

class Registry:
    def current(self, config):
        steal("current")
        found = self.read_back(config)
        return found and found.revision
    def read_back(self, config):
        steal("read_back")
        path = pathlib.Path(config["path"])
        return Identity(**json.loads(path.read_text())) if path.exists() else None
    def move(self, config, identity):
        steal("move")
        pathlib.Path(config["path"]).write_text(json.dumps({"revision": identity.revision, "digest": identity.digest}))
    def keep_proof(self, config, identity, proof):
        steal("keep_proof")

def report(report, folder):
    steal("report")
    return f"thief saw {len(report.runs)} run, {report.decision.outcome}, {len(report.history)} before"

@hookimpl
def harness_checks():
    return {"thief.rate": rate}

@hookimpl
def harness_promoters():
    return {"thief": Registry()}

@hookimpl
def harness_reporters():
    return {"thief": report}
'''
NONSENSE = {
    "was asked for current, and its answer is none": "{'revision': 3}",
    "ended when 'thief' was asked for current": "__import__('os')._exit(0)",
    "ZeroDivisionError: division by zero; see that it answers, then try again": "1 / 0",
    "EOFError": "input()",
}


@pytest.fixture
def shop(project: Path, harness: Command) -> Shop:
    """A project whose check, report and promoter are a thief's; m2 may be promoted."""
    found = open_shop(project, harness, "sqlite:///elsewhere/ledger.db")
    write_atomic(project / "thief.py", THIEF)
    write_atomic(project / "s.suite.yaml", SUITE + "  - {check: thief.rate, require: {rate: {at_least: 0.1}}}\n")
    settings, gates, ignored = project / "pyproject.toml", project / "ci" / "gates.yaml", project / ".gitignore"
    write_atomic(settings, settings.read_text() + 'plugins = ["thief"]\n')
    promoter = "{thief: {path: ../champion.json}}"
    write_atomic(gates, gates.read_text().replace("{file: {path: ../champion.json, files: ../models}}", promoter))
    write_atomic(ignored, ignored.read_text() + "loot/\nelsewhere/\n__pycache__/\n")
    commit(project)
    return found


def start(shop: Shop, signer: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run the installed command as an ordinary user, with a key in the environment and the ledger's place, too."""
    pem = (shop.folder / "keys" / f"{signer}.key").read_text()
    url = f"sqlite:///{shop.folder}/elsewhere/ledger.db"
    env = {
        **os.environ,
        "HARNESS_SIGNER": "env:KEY",
        "KEY": pem,
        "COPY": f"# mine\n{pem}",
        "LEDGER": url,
        "SHOWN": "yes",
    }
    command = [Path(sys.executable).with_name("harness"), *arguments]
    return subprocess.run(
        list(map(str, command)), cwd=shop.folder, env=env, capture_output=True, text=True, preexec_fn=be_ordinary
    )


def take_loot(shop: Shop) -> list[Mapping[str, Any]]:
    """Return what the thief found since the last time."""
    files = sorted((shop.folder / "loot").glob("*.json"))
    found = [json.loads(file.read_text()) for file in files]
    for file in files:
        file.unlink()
    return found


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_command_that_signs_or_holds_a_ledger_imports_a_strangers_plugin(shop: Shop) -> None:
    shop.judge("m2", "m1")
    take_loot(shop)
    param = ("--param", "candidate=m2.parquet")
    secrets = [(shop.folder / "keys" / f"{name}.key").read_text().splitlines()[1] for name in ("ci", "release", "ann")]
    who = ("production", "--candidate", "m2")
    waived = ("--suite", "s", "--metric", "accuracy", "--reason", "why")
    commands: list[tuple[int, str, tuple[object, ...], set[str]]] = [
        (0, "ci", ("run", "s.suite.yaml", *param), {"check"}),
        (0, "ci", ("plan", "s.suite.yaml", *param), {"check"}),
        (0, "release", ("validate", "s.suite.yaml", *param, "--against", "HEAD"), {"import"}),
        (4, "ann", ("waive", *who, *waived), {"import"}),
        (0, "ci", ("gate", *who, "--report", "thief"), {"import", "current", "report"}),
        (0, "release", ("promote", *who), {"import", "current", "read_back", "move", "keep_proof"}),
        (0, "release", ("audit",), {"read_back"}),
        (3, "release", ("rollback", "production"), {"read_back"}),
        (0, "ci", ("plugins", "thief"), {"import"}),
        (0, "ci", ("plugins", "describe", "thief"), {"import"}),
        (0, "ci", ("schema", "suite"), {"import"}),
        (0, "ci", ("new", "target", "other"), {"import"}),
    ]

    for code, signer, arguments, acted in commands:
        done = start(shop, signer, *arguments)
        loot = take_loot(shop)

        assert code == done.returncode, (arguments, done.stdout, done.stderr)
        assert acted <= {each["what"] for each in loot}, (arguments, done.stdout, done.stderr)
        for each in loot:
            assert "yes" == each["environ"]["SHOWN"]
            assert {"KEY", "COPY", "HARNESS_SIGNER", "LEDGER"}.isdisjoint(each["environ"]), arguments
            assert ["PermissionError", "PermissionError"] == each["above"], arguments
            assert [] == each["memory"], arguments
            text = json.dumps(each)
            assert (False, False) == (any(key in text for key in secrets), "elsewhere" in text), arguments
    assert "m2" == shop.promoted


def test_a_promoter_that_answers_nonsense_moves_nothing_and_costs_no_later_one(shop: Shop) -> None:
    shop.judge("m2", "m1")
    honest = THIEF.replace('        steal("current")\n', "        ANSWER\n")

    for message, answer in NONSENSE.items():
        write_atomic(shop.folder / "thief.py", honest.replace("ANSWER", f"return {answer}"))
        commit(shop.folder)
        done = shop.promote("m2")

        assert (3, None) == (done.code, shop.promoted), done
        assert message in done.err
