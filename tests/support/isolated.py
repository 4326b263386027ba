"""Runs suites of the plugin `echoes`, and tells what was wrong."""

import json
from pathlib import Path
from typing import Any

from conftest import Command, Finished

SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, score: score, model: r1}}
steps:
"""


def run(harness: Command, steps: str, *options: str, head: str = SUITE) -> tuple[Finished, dict[str, Any]]:
    """Run a suite of these steps; return what the command said, and its verdicts by step and metric."""
    Path("s.suite.yaml").write_text(head + "".join(f"  {line}\n" for line in steps.strip("\n").splitlines()))
    done = harness("run", "s.suite.yaml", "--json", *options)
    found = json.loads(done.out) if done.out.startswith("{") else {"runs": []}
    return done, found


def reasons(found: dict[str, Any]) -> dict[str, str]:
    verdicts = found["runs"][0]["verdicts"]
    return {verdict["step"]: verdict["reason"] for verdict in verdicts if verdict["outcome"] == "error"}
