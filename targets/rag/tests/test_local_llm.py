"""The whole way with a real model: it writes twenty answers, by the run's door, and a replay needs it no more."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rag_target.local_llm import MODEL

Command = Callable[..., Any]
QUESTIONS = Path(__file__).parents[3] / "suites" / "handbook" / "questions.parquet"
COUNT = 20
SUITE = """
name: written
data: {questions: {source: questions.parquet, id: id, cluster: page}}
endpoints: {writer: URL}
target:
  kind: handbook
  config: {data: questions, k: 1, at_once: 1, chat: {model: MODEL, max_tokens: 40, timeout: 300}, chat_at: writer}
steps:
  - check: rag.retrieval
    with: {k: 1}
    require: {recall: {at_least: 0.5, scope: these}}
  - check: rag.answers
    with: {question: question, context_ids: retrieved, gold_ids: relevant, answerable: answerable, status: status}
    require:
      errored: {at_most: 0, scope: these}
      timed_out: {at_most: 0, scope: these}
      unparseable: {at_most: 0, scope: these}
      faithfulness: {at_least: 0.5, severity: should}
"""


@contextmanager
def run_model() -> Iterator[str]:
    """Give the base URL of the model as the command serves it, until it is no more needed."""
    command = [sys.executable, "-c", "from rag_target.cli import main; main()", "model"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(30)


def record(project: Path) -> Mapping[str, Any]:
    return dict(json.loads((project / "out" / "written" / "run.json").read_text()))


@pytest.mark.heavy
def test_a_real_model_writes_twenty_answers_that_are_judged_and_replayed(project: Path, harness: Command) -> None:
    rows = pq.read_table(QUESTIONS)
    pq.write_table(
        rows.filter(pc.equal(pc.list_value_length(rows["relevant"]), 1)).slice(0, COUNT), project / "questions.parquet"
    )
    with run_model() as url:
        (project / "written.suite.yaml").write_text(SUITE.replace("URL", url).replace("MODEL", MODEL))
        (project / "models.yaml").write_text(
            f"endpoints:\n  writer:\n    url: {url}\n    seconds: 300\n    deadline: 600\n"
            f"    models: {{{MODEL}: {{input: 0, output: 0}}}}\n"
        )
        first = harness("run", project / "written.suite.yaml", "--replay", "record", "--budget", "0", "--out", "out")
    written = record(project)
    again = harness("run", project / "written.suite.yaml", "--replay", "strict", "--out", "out")
    replayed = record(project)

    assert (0, 0) == (first.code, again.code), first.out + first.err + again.out + again.err
    assert f"{MODEL}+hybrid@" in written["candidate"]["revision"]
    assert (COUNT, 0) == (written["calls"]["sent"], written["calls"]["failed"])
    assert (0, COUNT) == (replayed["calls"]["sent"], replayed["calls"]["replayed"])
    assert written["calls"]["answers"] == replayed["calls"]["answers"]
    assert written["cost"]["tokens"] > 100 * COUNT
