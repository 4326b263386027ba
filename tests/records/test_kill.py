"""A run that is killed leaves nothing half-judged, and the next one finds the serial digest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Command
from harness.records.row_digests import content_digest
from tests.support.suites import suite


@pytest.mark.heavy
@pytest.mark.usefixtures("scores")
def test_a_run_killed_at_any_ledger_statement_or_rename_does_no_harm(project: Path, harness: Command) -> None:
    path = suite(project, "{at_least: 0.7}")
    serial = json.loads(harness("run", path, "--json").out)["runs"][0]["digest"]

    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "support" / "kill_at.py", path.name],
        cwd=project,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(attempts) > 20, done.stderr
    assert [True] * (len(attempts) - 1) + [False] == [attempt["killed"] for attempt in attempts]
    for attempt in attempts:
        assert attempt["entries"] in ([], [serial])
        assert [*attempt["entries"], serial] == attempt["after"]
        assert (0, True) == (attempt["code"], attempt["whole"])


def test_the_digest_of_rows_is_of_their_content(scores: Path) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(scores)

    assert content_digest(rows) == content_digest(rows.select(list(reversed(rows.column_names))))
    assert content_digest(rows) != content_digest(rows.slice(1))
