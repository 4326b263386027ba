"""`harness schema`: the JSON schemas that editors hold suites and gates files to."""

from pathlib import Path

import click

from harness.cli.keyless import hide_keys
from harness.cli.printing import say
from harness.plugins.discovery import discover
from harness.presets.published import PUBLISHED, schema_text
from harness.settings import find_settings


@click.command("schema")
@click.argument("name", metavar="|".join(PUBLISHED))
@hide_keys
def command(name: str) -> int:
    """Print the JSON schema of a file that people write, or of a record.

    That of suites knows the checks that are installed, so that an editor completes what they take under `with:`.
    """
    say(schema_text(name, discover(find_settings(Path.cwd()))).rstrip())
    return 0
