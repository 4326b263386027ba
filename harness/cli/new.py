"""`harness new`: writes a commented suite, plugin or target to start from."""

from collections.abc import Mapping
from pathlib import Path

import click

from harness.cli.printing import say
from harness.errors import UsageError, did_you_mean
from harness.plugins.discovery import discover_plugins
from harness.presets import scaffolds
from harness.presets.columns import read_table
from harness.presets.fill import write_new
from harness.presets.suites import LATER, PRESETS, Wanted, suite_file
from harness.settings import find_settings


@click.group("new")
def command() -> None:
    """Write a commented suite, plugin or target to start from."""


@command.command("suite")
@click.option("--preset", default="classifier", metavar="NAME", help=f"What to judge: {', '.join(PRESETS)}.")
@click.option("--from", "source", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The table.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write; default NAME.suite.yaml.")
@click.option("--label", metavar="COLUMN", help="The column with the truth, 0 or 1.")
@click.option("--score", metavar="COLUMN", help="The column with the model's score.")
@click.option("--id", "key", metavar="COLUMN", help="The column that names each row.")
def suite(preset: str, source: Path, out: Path | None, label: str | None, score: str | None, key: str | None) -> int:
    """Write a suite that runs as it is on a parquet or CSV table."""
    if preset not in PRESETS:
        raise UsageError(_no_preset(preset))
    wanted = Wanted(out=out or suite_file(source), label=label, score=score, id=key)
    written = PRESETS[preset](read_table(str(source)), wanted)
    write_new({wanted.out: written.text})
    say(f"wrote {wanted.out}: {written.summary}\nread it, correct it, then: harness run {wanted.out}")
    return 0


@command.command("plugin")
@click.argument("name")
def plugin(name: str) -> int:
    """Write a distribution with one check, in a folder NAME."""
    _write(scaffolds.plugin(name, discover_plugins()), f"pip install -e ./{name} && harness run {name}/example")
    return 0


@command.command("target")
@click.argument("name")
def target(name: str) -> int:
    """Write a project with a target of its own, in a folder NAME."""
    known = discover_plugins(find_settings(Path.cwd()).plugins)
    _write(scaffolds.target(name, known), f"cd {name} && harness run {name}.suite.yaml")
    return 0


def _write(contents: Mapping[Path, str], then: str) -> None:
    for path in write_new(contents):
        say(f"wrote {path}")
    say(f"then: {then}")


def _no_preset(name: str) -> str:
    if name in LATER:
        return f"preset {name!r} is not there yet; there is {', '.join(PRESETS)}"
    return f"no preset {name!r}{did_you_mean(name, PRESETS)}"
