"""`harness garak`: which probes there are, and their prompts as a dataset to ask an app."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from harness import HarnessError

SECONDS = 900  # that writing prompts may take
COLUMNS = ("id", "probe", "number", "question")


@click.group()
def command() -> None:
    """Write the prompts of garak's probes, to ask an app and to measure by `garak.attack`."""


@command.command("list")
def list_probes() -> None:
    """List the probes that can be used: single questions of text, told by strings, without models or downloads."""
    for each in _ask_garak([], None):
        click.echo(f"{each['probe']}  {each['told_by']}")


@command.command()
@click.argument("names", metavar="PROBE...", nargs=-1, required=True)
@click.option("--most", type=click.IntRange(min=1), help="Of each probe only so many prompts; default: all.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("garak.parquet"),
              help="The dataset to write; default: garak.parquet.")  # fmt: skip
def probes(names: tuple[str, ...], most: int | None, out: Path) -> None:
    """Write the prompts of probes, such as promptinject.HijackHateHumans, as a dataset with the column `question`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"id": f"{each['probe']}#{each['number']}", **each} for each in _ask_garak(dict.fromkeys(names), most)]
    pq.write_table(pa.Table.from_pylist(rows).select(list(COLUMNS)), out)
    click.echo(f"wrote {len(rows)} prompts of {len(set(names))} probes to {out}")


def _ask_garak(names: Sequence[str] | dict[str, None], most: int | None) -> list[dict[str, Any]]:
    """Return what garak prints in its own environment, which is built if it is not there; HarnessError if it fails."""
    python = _environment() / "bin" / "python"
    with TemporaryDirectory(prefix="garak-") as home:
        own = {"PATH": os.environ.get("PATH", ""), "HOME": home, "PYTHONHASHSEED": "0"}
        started = [str(python), "-P", "-B", str(Path(__file__).with_name("probes.py")), str(most or 0), *names]
        said = _run(started, cwd=home, env=own)
    return [json.loads(line) for line in said.splitlines()]


def _environment() -> Path:
    """Return the folder of garak's environment, as `harness plugins prepare` says it."""
    said = _run([sys.executable, "-m", "harness", "plugins", "prepare", "garak"])
    return Path(said.strip().split("  ", 2)[2])


def _run(started: Sequence[str], **where: Any) -> str:
    done = subprocess.run(started, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL, **where)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise HarnessError(f"garak's probes were not written: {last.removeprefix('error: ')}")
    return str(done.stdout)
