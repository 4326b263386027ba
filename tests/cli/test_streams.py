"""A command ends with its verdict's code whatever became of its streams, and with a line where it cannot write."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Command

SUITE = """name: s
data: {d: {source: scores.parquet, id: id}}
target: {kind: table, config: {data: d, model: v1}}
steps: [{check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.5}}}]
"""


@pytest.mark.parametrize("closed", [(2,), (1,), (0, 1, 2)])
def test_a_closed_stream_costs_no_verdict(
    project: Path, scores: Path, harness: Command, closed: tuple[int, ...]
) -> None:
    (project / "s.suite.yaml").write_text(SUITE)
    script = Path(sys.executable).with_name("harness")

    done = subprocess.run(
        [script, "run", "s.suite.yaml"], cwd=project, preexec_fn=lambda: [os.close(n) for n in closed]
    )

    assert 0 == done.returncode
    assert "pass" in harness("runs", "list").out


def test_a_place_that_cannot_be_written_is_an_error_of_one_line(project: Path, scores: Path, harness: Command) -> None:
    (project / "file").write_text("")

    done = harness("new", "suite", "--preset", "data", "--from", "scores.parquet", "--out", "file/s.suite.yaml")

    assert done.code in (3, 4)
    assert 1 == len(done.err.splitlines()), done.err
    assert "file" in done.err
