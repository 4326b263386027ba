"""The main job in one command: data, two models, suites, gate, report, promotion; only public commands are called."""

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
GATES, TRUST = Path("ci/gates.yaml"), Path("ci/trust.yaml")
DATA = Path("fraud-data")  # where the suite reads from
KEY = Path(".harness/keys/demo.key")  # whose public key the trust file names
PROMOTIONS = DATA / "promotions"


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
    """Simulate card payments, train a champion and a challenger, and promote the challenger if its gate passes it."""
    missing = [str(path) for path in (SUITE, GATES, TRUST) if not path.exists()]
    if missing:
        raise click.ClickException(f"no {' and no '.join(missing)} here; run fraud-demo from the root of a clone")
    started = time.monotonic()
    commands = Commands(env=_environment())
    faulty = ["--plant", plant] if plant else []
    if commands.run("fraud-target", ["prepare", "--out", DATA, "--seed", seed, *faulty]):
        raise click.ClickException("the data could not be prepared")
    if not KEY.exists() and commands.run("harness", ["keys", "new", KEY]):
        raise click.ClickException(f"no key could be made to sign runs with, in {KEY}")
    code = _judge_candidate(commands)
    click.echo(f"\nreport: {DATA / 'out' / 'report.html'}\ntook {time.monotonic() - started:.0f} s")
    sys.exit(code)


def _judge_candidate(commands: Commands) -> int:
    """Run the suite, then ask the gate; return the gate's exit code."""
    asked = ["--param", "candidate=models:/fraud@challenger"]
    shutil.rmtree(DATA / "out", ignore_errors=True)
    signer = ["--signer", f"file:{KEY}"]
    code = commands.run("harness", ["run", SUITE, *asked, *signer, "--report", "html", "--out", DATA / "out"])
    if not (DATA / "out" / "summary.json").is_file():
        return code
    candidate = json.loads((DATA / "out" / "summary.json").read_text())["suites"][0]["candidate"]
    code = commands.run("harness", ["gate", "demo", "--candidate", candidate])
    return code or _promote(commands, candidate)


def _promote(commands: Commands, candidate: str) -> int:
    """Promote the candidate that passed, and verify what was signed; return the first exit code that is not 0."""
    shutil.rmtree(PROMOTIONS, ignore_errors=True)
    signed = ["--signer", f"file:{KEY}", "--out", PROMOTIONS]
    code = commands.run("harness", ["promote", "demo", "--candidate", candidate, *signed])
    about = ["--trust", TRUST, "--project", "retail-fraud", "--stage", "demo"]
    statements = sorted(PROMOTIONS.glob("*.intoto.json"))
    return code or max([commands.run("harness", ["verify", each, *about]) for each in statements], default=0)


def _environment() -> dict[str, str]:
    """Return the environment with MLflow's store among the demo's files."""
    files = Files(folder=DATA.resolve())
    return {"MLFLOW_TRACKING_URI": files.tracking_uri, **os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
