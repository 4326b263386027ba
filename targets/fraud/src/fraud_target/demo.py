"""The main job in one command: data, two models, the suite, the gate, the report; only public commands are called."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from fraud_target.files import Files
from fraud_target.process import PLANTS

SUITE = Path("suites/fraud")
GATES = SUITE / "gates.yaml"
DATA = Path("fraud-data")  # where the suite reads from
KEY = DATA / "keys" / "demo.key"
TRUST = """persons:
  demo: {keys: [{file: keys/demo.key.pub}]}
roles: {runner: [demo], promoter: [demo]}
"""


@dataclass(frozen=True, kw_only=True)
class Commands:
    """Runs commands of this environment, showing each as a person would type it."""

    env: dict[str, str]

    def run(self, name: str, arguments: Sequence[object]) -> int:
        """Return the exit code of one command."""
        typed = [name, *map(str, arguments)]
        click.secho(f"\n$ {' '.join(typed)}", bold=True)
        script = Path(sys.executable).with_name(name)
        return subprocess.run([script, *typed[1:]], env=self.env, check=False).returncode


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Of the simulated payments.")
@click.option("--plant", type=click.Choice(PLANTS), help="Plant a fault: the gate must not pass.")
def main(seed: int, plant: str | None) -> None:
    """Simulate card payments, train a champion and a challenger, and let the gate decide between them."""
    if not SUITE.is_dir():
        raise click.ClickException(f"no folder {SUITE} here; run fraud-demo from the root of a clone")
    started = time.monotonic()
    commands = Commands(env=_environment())
    faulty = ["--plant", plant] if plant else []
    if commands.run("fraud-target", ["prepare", "--out", DATA, "--seed", seed, *faulty]):
        raise click.ClickException("the data could not be prepared")
    if not KEY.exists() and commands.run("harness", ["keys", "new", KEY]):
        raise click.ClickException(f"no key could be made to sign runs with, in {KEY}")
    (DATA / "trust.yaml").write_text(TRUST)
    code = _judge_candidate(commands)
    click.echo(f"\nreport: {DATA / 'out' / 'report.html'}\ntook {time.monotonic() - started:.0f} s")
    sys.exit(code)


def _judge_candidate(commands: Commands) -> int:
    """Run the suite, then ask the gate; return the gate's exit code."""
    asked = ["--param", "candidate=models:/fraud@challenger", "--gates", GATES]
    shutil.rmtree(DATA / "out", ignore_errors=True)
    signer = ["--signer", f"file:{KEY}"]
    code = commands.run("harness", ["run", SUITE, *asked, *signer, "--report", "html", "--out", DATA / "out"])
    if not (DATA / "out" / "summary.json").is_file():
        return code
    candidate = json.loads((DATA / "out" / "summary.json").read_text())["suites"][0]["candidate"]
    return commands.run("harness", ["gate", "demo", "--candidate", candidate, "--gates", GATES])


def _environment() -> dict[str, str]:
    """Return the environment with MLflow's store among the demo's files."""
    files = Files(folder=DATA.resolve())
    return {"MLFLOW_TRACKING_URI": files.tracking_uri, **os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
