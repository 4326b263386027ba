"""Writes the first gates file and the workflow that runs a suite and its gate in CI."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.presets.fill import as_yaml, fill_template, template
from harness.presets.suites import schema_path, suite_name
from harness.settings import Settings

WORKFLOW = Path(".github/workflows/promotion.yml")
EXTRAS: Mapping[str, str] = {"classifier": "quality,reports", "data": "data,reports", "latency": "latency,reports"}


def pipeline(suite: Path, preset: str, settings: Settings) -> Mapping[Path, str]:
    """Return the gates file and the workflow of a project with one suite."""
    name = suite_name(suite)
    asked = {
        "schema": schema_path(settings.schemas, "gates", settings.gates),
        "model": f"{name}-v1",
        "project": as_yaml(settings.project),
        "file": as_yaml(Path(os.path.relpath(suite.resolve(), (settings.root / settings.gates).parent)).as_posix()),
    }
    return {
        settings.gates: fill_template(template("gates.yaml"), asked),
        settings.root / WORKFLOW: fill_template(template("workflow.yml"), {"extras": EXTRAS[preset]}),
    }
