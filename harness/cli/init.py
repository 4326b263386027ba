"""`harness init`: a suite, a gates file and a workflow for a table of scores."""

from pathlib import Path
from typing import Any

import click

from harness.cli.keyless import hide_keys
from harness.cli.new import from_table, write_suite
from harness.cli.printing import say
from harness.plugins.discovery import discover
from harness.presets.fill import write_new
from harness.presets.pipelines import pipeline
from harness.presets.published import write_schemas
from harness.presets.suites import suite_file
from harness.settings import find_settings


@click.command("init")
@from_table
@hide_keys
def command(**asked: Any) -> int:
    """Write a suite, a gates file and a workflow for CI from a table of scores: parquet, CSV or JSON lines."""
    settings = find_settings(Path.cwd())
    suite = settings.root / "suites" / suite_file(asked["source"])
    written = write_suite(suite, settings.schemas, **asked)
    rest = pipeline(suite, asked["preset"], settings)
    for path in write_new({suite: written.text, **rest}):
        say(f"wrote {path.relative_to(settings.root)}")
    write_schemas(settings.schemas, discover(settings))
    say(f"found {written.summary}\nread the suite, put in your thresholds, then: harness run suites")
    return 0
