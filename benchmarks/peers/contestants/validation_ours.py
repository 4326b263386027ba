"""Counts what breaks each rule with `data.schema`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from harness_data import schema

import harness
from harness.testing import measure

TYPES = {"int": "int64", "float": "float64", "text": "string"}


def column_rules(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the rules as a suite writes them."""
    message = json.loads((folder / "rules.json").read_text())
    return {
        name: {"type": TYPES[kind], **_rule(message["rules"].get(name, {}))} for name, kind in message["types"].items()
    }


def run(folder: Path) -> int:
    """Return how many rules are broken."""
    data = harness.open_table("rows.parquet", folder, datetime.now(UTC))
    found = measure(schema, data, columns=column_rules(folder))
    return sum(each.sample.counts["value"] > 0 for each in found)


def whole(folder: Path) -> int:
    """Return how many rules a run of a suite found broken."""
    path = folder / "validation.suite.yaml"
    step = {
        "check": "data.schema",
        "with": {"columns": column_rules(folder)},
        "require": {"violations": {"at_most": 0}},
    }
    suite = {
        "name": "validation",
        "data": {"rows": {"source": "rows.parquet"}},
        "target": {"kind": "table", "config": {"data": "rows"}},
        "steps": [step],
    }
    path.write_text(yaml.safe_dump(suite))
    return sum(verdict.outcome != "pass" for verdict in harness.run(path).verdicts)


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    bounds = dict(zip(("min", "max"), rule["range"], strict=True)) if "range" in rule else {}
    values = {"in": rule["values"]} if "values" in rule else {}
    return {"nullable": rule.get("missing", True), "unique": rule.get("unique", False), **bounds, **values}
