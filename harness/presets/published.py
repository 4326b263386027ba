"""The JSON schemas of what people write and what is recorded, for editors and other tools."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.errors import UsageError, did_you_mean
from harness.files import write_atomic
from harness.gating.gates import GatesFile
from harness.gating.waivers import WaiversFile
from harness.plugins.discovery import Plugins
from harness.presets.installed import installed_suite_schema
from harness.suite.suites import suite_schema
from harness.values.decisions import GateDecision
from harness.values.runs import Run

DIALECT = "https://json-schema.org/draft/2020-12/schema"
WRITTEN = ("suite", "gates", "waivers")
PUBLISHED: Mapping[str, Callable[[], dict[str, Any]]] = {
    "suite": suite_schema,
    "gates": GatesFile.model_json_schema,
    "waivers": WaiversFile.model_json_schema,
    "run": partial(TypeAdapter(Run).json_schema, mode="serialization"),
    "decision": partial(TypeAdapter(GateDecision).json_schema, mode="serialization"),
}


def schema_text(name: str, plugins: Plugins | None = None) -> str:
    """Return one schema: of what is written (suite, gates, waivers) or read (run, decision).

    With plugins, that of suites knows the checks and target kinds that they offer.
    """
    if name not in PUBLISHED:
        raise UsageError(f"no schema {name!r}{did_you_mean(name, PUBLISHED)}")
    found = installed_suite_schema(plugins) if plugins and name == "suite" else PUBLISHED[name]()
    return json.dumps({"$schema": DIALECT, **found}, indent=1) + "\n"


def write_schemas(folder: Path, plugins: Plugins) -> None:
    """Write the schemas that editors hold YAML files to, where the first line of a generated file names them."""
    for name in WRITTEN:
        write_atomic(folder / f"{name}.json", schema_text(name, plugins))
