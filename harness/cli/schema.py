"""`harness schema`: the JSON schemas that editors hold suites and gates files to."""

import click

from harness.cli.printing import say
from harness.presets.published import PUBLISHED, schema_text


@click.command("schema")
@click.argument("name", metavar="|".join(PUBLISHED))
def command(name: str) -> int:
    """Print the JSON schema of a file that people write, or of a record."""
    say(schema_text(name).rstrip())
    return 0
