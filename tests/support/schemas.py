"""Writes the published JSON schemas: python tests/support/schemas.py."""

import json
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter

from harness.gating.gates import GatesFile
from harness.gating.waivers import WaiversFile
from harness.suite.suites import suite_schema
from harness.values.decisions import GateDecision
from harness.values.runs import Run

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"
PUBLISHED = {
    "suite": suite_schema,
    "gates": GatesFile.model_json_schema,
    "waivers": WaiversFile.model_json_schema,
    "run": partial(TypeAdapter(Run).json_schema, mode="serialization"),
    "decision": partial(TypeAdapter(GateDecision).json_schema, mode="serialization"),
}


def schema(name: str) -> str:
    """Return one schema as it is published: what is written (suite, gates, waivers) or read (run, decision)."""
    found = PUBLISHED[name]()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **found}, indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in PUBLISHED:
        (FOLDER / f"{name}.json").write_text(schema(name))
