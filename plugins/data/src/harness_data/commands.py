"""`harness data`: profile a table into a file, and infer a schema to edit."""

from datetime import UTC, datetime
from pathlib import Path

import click
import yaml

from harness import Dataset, UsageError, open_table, save_profile
from harness_data.inferred import schema_of
from harness_data.tables import is_profile


@click.group()
def command() -> None:
    """Profile tables, and infer schemas to start from."""


@command.command()
@click.argument("data")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@click.option("--column", "columns", multiple=True, help="A column to profile; may be repeated. Default: all.")
def profile(data: str, out: Path, columns: tuple[str, ...]) -> None:
    """Save the counts of a table's columns, to compare others with instead of the table."""
    table = _open_dataset(data)
    found = table.profile(columns or None)
    path = out if out.suffix == ".profile" else out.with_name(out.name + ".profile")
    try:
        save_profile(found, path)
    except OSError as error:
        raise UsageError(
            f"cannot write {str(path)!r}: {error.strerror or error}; name a file in a folder that exists"
        ) from error
    rows = max(column.rows for column in found.columns.values())
    size = path.stat().st_size / 1000
    counted = f"{len(found.columns)} column{'s' if len(found.columns) > 1 else ''}"
    click.echo(f"wrote {path}: {counted} of {rows:,} rows in {size:,.0f} kB")
    left = [] if columns else [f"{name} ({kind})" for name, kind in table.columns.items() if name not in found.columns]
    if left and not is_profile(table):
        click.echo(f"left out, as what they hold is not profiled: {', '.join(left)}")


@command.command()
@click.argument("data")
def schema(data: str) -> None:
    """Print a `data.schema` step that the table keeps: a start to edit, not a specification."""
    table = _open_dataset(data)
    if is_profile(table):
        raise UsageError(f"{data!r} is a saved profile, which holds counts and no rows; name the table it was made of")
    rules = schema_of(table)
    step = {"check": "data.schema", "with": {"columns": rules}, "require": {"violations": {"at_most": 0}}}
    click.echo(f"# inferred from {data}; ranges and categories are those seen, so edit them to what is right")
    click.echo(yaml.safe_dump([step], sort_keys=False, default_flow_style=None, width=120), nl=False)


def _open_dataset(data: str) -> Dataset:
    return open_table(data, Path.cwd(), datetime.now(UTC))
