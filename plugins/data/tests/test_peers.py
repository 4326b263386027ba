"""What another library's own tests ask of tables is answered as it answers, or differs by a stated definition."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "conformance.py"


@pytest.mark.shared
def test_tests_of_great_expectations_are_answered_as_it_answers(shared: Path) -> None:
    command = [sys.executable, "-W", "ignore", str(BENCHMARK), "gx", "--json", "--tests", str(shared / "conformance")]

    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    counts = json.loads(lines[0])
    unasked = [line for line in map(json.loads, lines[1:]) if "not_asked" in line]
    assert (662, 0) == (counts["tests"], counts["wrong"])
    assert counts["asked"] >= 410
    assert counts["tests"] - counts["asked"] == len([line for line in unasked if line["reason"]])
