"""`harness new`: writes a commented suite, plugin or target to start from."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from harness.cli.groups import Group
from harness.cli.keyless import hide_keys
from harness.cli.printing import say
from harness.errors import UsageError, did_you_mean
from harness.plugins.discovery import discover, discover_plugins
from harness.presets import scaffolds
from harness.presets.columns import read_table
from harness.presets.fill import write_new
from harness.presets.published import write_schemas
from harness.presets.suites import LATER, PRESETS, Wanted, Written, suite_file
from harness.settings import find_settings

TABLE_OPTIONS = (
    click.argument("table", required=False, type=click.Path(path_type=Path), metavar="[FILE]"),
    click.option("--preset", default="classifier", metavar="NAME", help=f"What to judge: {', '.join(PRESETS)}."),
    click.option("--from", "named", type=click.Path(path_type=Path), metavar="FILE", help="The same, as an option."),
    click.option("--label", metavar="COLUMN", help="The column with the truth: 0 or 1, or two words."),
    click.option("--positive", metavar="VALUE", help="The word in the label that means 1, as fraud."),
    click.option("--score", metavar="COLUMN", help="The column with the model's score."),
    click.option("--id", "id", metavar="COLUMN", help="The column that names each row."),
)


def from_table(command: Callable[..., int]) -> Callable[..., int]:
    """Add what says which table a suite is of, by position or `--from`, and which of its columns is what."""

    @wraps(command)
    def with_source(table: Path | None, named: Path | None, **asked: Any) -> int:
        return command(source=_only_table(table, named), **asked)

    found: Callable[..., int] = with_source
    for option in reversed(TABLE_OPTIONS):
        found = option(found)
    return found


def _only_table(table: Path | None, named: Path | None) -> Path:
    """Return the table that was named; none, or two, is an error."""
    given = [each for each in (table, named) if each is not None]
    if len(given) == 1:
        return given[0]
    if given:
        raise UsageError(f"name one table; found {str(given[0])!r} and --from {str(given[1])!r}")
    here = sorted(path.name for path in Path.cwd().iterdir() if path.suffix in (".parquet", ".csv", ".jsonl"))
    found = f"here are {', '.join(here[:5])}" if here else "here is none"
    typed = click.get_current_context().command_path
    raise UsageError(f"name the table to judge (parquet, CSV or JSON lines), as in `{typed} scores.parquet`; {found}")


@click.group("new", cls=Group)
def command() -> None:
    """Write a commented suite, plugin or target to start from."""


@command.command("suite")
@from_table
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write; default NAME.suite.yaml.")
@hide_keys
def suite(out: Path | None, **asked: Any) -> int:
    """Write a suite that runs as it is on a table: parquet, CSV or JSON lines."""
    settings = find_settings(Path.cwd())
    path = out or suite_file(asked["source"])
    written = write_suite(path, settings.schemas, **asked)
    write_new({path: written.text})
    write_schemas(settings.schemas, discover(settings))
    say(f"wrote {path}: {written.summary}\nread it, correct it, then: harness run {path}")
    return 0


@command.command("plugin")
@click.argument("name")
@hide_keys
def plugin(name: str) -> int:
    """Write a distribution with one check, in a folder NAME."""
    _write(
        scaffolds.plugin(name, discover_plugins()),
        f"pytest {name}/tests; pip install -e ./{name} && harness run {name}/example",
    )
    write_schemas(Path(name) / ".harness" / "schemas", discover(find_settings(Path.cwd())))
    return 0


@command.command("target")
@click.argument("name")
@hide_keys
def target(name: str) -> int:
    """Write a project with a target of its own, in a folder NAME."""
    known = discover_plugins(find_settings(Path.cwd()).plugins)
    _write(scaffolds.target(name, known), f"cd {name} && harness run {name}.suite.yaml")
    write_schemas(Path(name) / ".harness" / "schemas", discover(find_settings(Path.cwd())))
    return 0


def _write(contents: Mapping[Path, str], then: str) -> None:
    for path in write_new(contents):
        say(f"wrote {path}")
    say(f"then: {then}")


def write_suite(path: Path, schemas: Path, *, preset: str, source: Path, **columns: str | None) -> Written:
    """Return the text of a suite on a table; a preset that is not there is an error."""
    if preset not in PRESETS:
        raise UsageError(_no_preset(preset))
    return PRESETS[preset](read_table(str(source)), Wanted(out=path, schemas=schemas, **columns))


def _no_preset(name: str) -> str:
    if name in LATER:
        return f"preset {name!r} is not there yet; there is {', '.join(PRESETS)}"
    return f"no preset {name!r}{did_you_mean(name, PRESETS)}"
