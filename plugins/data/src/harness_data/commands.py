"""`harness data`: profile a table into a file, and infer a schema to edit."""

from datetime import UTC, datetime
from pathlib import Path

import click
import yaml

from harness import Dataset, open_table, save_profile
from harness_data.inferred import schema_of


@click.group()
def command() -> None:
    """Profile tables, and infer schemas to start from."""


@command.command()
@click.argument("data")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--column", "columns", multiple=True, help="A column to profile; may be repeated. Default: all.")
def profile(data: str, out: Path, columns: tuple[str, ...]) -> None:
    """Save the counts of a table's columns, to compare others with instead of the table."""
    found = _opened(data).profile(columns or None)
    path = out if out.suffix == ".profile" else out.with_name(out.name + ".profile")
    save_profile(found, path)
    rows = max(column.rows for column in found.columns.values())
    size = path.stat().st_size / 1000
    click.echo(f"wrote {path}: {len(found.columns)} columns of {rows:,} rows in {size:,.0f} kB")


@command.command()
@click.argument("data")
def schema(data: str) -> None:
    """Print a `data.schema` step that the table keeps: a start to edit, not a specification."""
    rules = schema_of(_opened(data))
    step = {"check": "data.schema", "with": {"columns": rules}, "require": {"violations": {"at_most": 0}}}
    click.echo(f"# inferred from {data}; ranges and categories are those seen, so edit them to what is right")
    click.echo(yaml.safe_dump([step], sort_keys=False, default_flow_style=None, width=120), nl=False)


def _opened(data: str) -> Dataset:
    return open_table(data, Path.cwd(), datetime.now(UTC))
