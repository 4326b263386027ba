"""`harness new suite --preset rag` writes a suite that runs as it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Command = Callable[..., Any]


def test_the_suite_of_recorded_answers_runs_as_it_is(project: Path, harness: Command) -> None:
    columns = {
        "id": list(range(60)),
        "Query": ["What is the window?"] * 60,
        "response": ["The window is 120 days."] * 60,
        "passages": [["The window is 120 days.", "Fees are low."]] * 60,
        "answerable": [1] * 60,
    }
    pq.write_table(pa.table(columns), project / "answers.parquet")

    made = harness("new", "suite", "--preset", "rag", "--from", "answers.parquet")
    done = harness("run", "answers.suite.yaml", "--out", "out")

    verdicts = json.loads((project / "out" / "answers" / "run.json").read_text())["verdicts"]
    assert (0, 0) == (made.code, done.code)
    assert "answer response, contexts passages, question Query, answerable answerable" in made.out
    assert {("faithfulness", "should"), ("errored", "must"), ("kept", "must")} < {
        (each["metric"], each["requirement"]["severity"]) for each in verdicts
    }


def test_a_table_without_contexts_is_refused(project: Path, harness: Command) -> None:
    pq.write_table(pa.table({"id": [1], "answer": ["a"]}), project / "answers.parquet")

    made = harness("new", "suite", "--preset", "rag", "--from", "answers.parquet")

    assert 4 == made.code
    assert "has no column of contexts" in made.err
