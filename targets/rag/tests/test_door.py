"""A suite's handbook calls its model by the run's door: recorded, replayed, within a budget, counted in the run."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rag_target.questions import read_questions

Command = Callable[..., Any]
Start = Callable[..., Any]  # the fixture `standin`
MODEL = "tiny-2026-01-01"
SUITE = """
name: written
data: {questions: {source: questions.parquet, id: id}}
endpoints: {writer: URL}
target:
  kind: handbook
  config: {data: questions, retrieval: bm25, chat: {model: MODEL, max_tokens: 50}, chat_at: writer}
steps:
  - check: rag.invariants
    with: {regex: ['120 days']}
    require: {kept: {at_least: 1, scope: these}}
  - check: rag.invariants
    name: again
    with: {must_not_contain: ['121 days']}
    require: {kept: {at_least: 1, scope: these}}
""".replace("MODEL", MODEL)


@pytest.fixture
def written(project: Path, standin: Start) -> tuple[Path, Any]:
    """A project whose handbook has a model at an endpoint write, and that model."""
    server = standin(usage={"prompt_tokens": 1000, "completion_tokens": 9})
    asked = read_questions()[:8]
    table = pa.table({"id": [each.id for each in asked], "question": [each.question for each in asked]})
    pq.write_table(table, project / "questions.parquet")
    (project / "written.suite.yaml").write_text(SUITE.replace("URL", server.url))
    price = "{input: 1, output: 10}"
    (project / "models.yaml").write_text(
        f"endpoints:\n  writer:\n    url: {server.url}\n    models: {{{MODEL}: {price}}}\n"
    )
    return project, server


def record(project: Path) -> Mapping[str, Any]:
    return dict(json.loads((project / "out" / "written" / "run.json").read_text()))


def test_its_answers_are_recorded_replayed_and_counted(written: tuple[Path, Any], harness: Command) -> None:
    project, server = written

    first = harness("run", project / "written.suite.yaml", "--replay", "record", "--out", "out")
    sent, recorded = len(server.asked), record(project)
    again = harness("run", project / "written.suite.yaml", "--replay", "strict", "--out", "out")
    replayed = record(project)

    assert (0, 0) == (first.code, again.code), first.out + first.err + again.out + again.err
    assert (8, 8) == (sent, len(server.asked))
    assert (8, 0) == (recorded["calls"]["sent"], recorded["calls"]["replayed"])
    assert (0, 8) == (replayed["calls"]["sent"], replayed["calls"]["replayed"])
    assert recorded["calls"]["answers"] == replayed["calls"]["answers"]
    assert recorded["candidate"]["digest"] == replayed["candidate"]["digest"]
    assert 8 * (1000 + 9 * 10) / 1e6 == pytest.approx(recorded["cost"]["money"])
    assert 0 == replayed["cost"]["money"]


def test_without_the_budget_questions_have_no_answer_and_nothing_passes(
    written: tuple[Path, Any], harness: Command
) -> None:
    project, server = written

    found = harness("run", project / "written.suite.yaml", "--budget", "0.007", "--out", "out")

    assert found.code not in (0, 4), found.out + found.err
    assert 0 < len(server.asked) < 8
    assert record(project)["cost"]["money"] <= 0.007
    assert 0 < record(project)["calls"]["failed"]


def test_an_endpoint_that_the_suite_does_not_name_is_a_usage_error(written: tuple[Path, Any], harness: Command) -> None:
    project, server = written
    suite = project / "written.suite.yaml"
    suite.write_text(suite.read_text().replace("chat_at: writer", "chat_at: writers"))

    found = harness("run", suite)

    assert 4 == found.code
    assert "'chat_at': no endpoint 'writers'; did you mean 'writer'?" in found.err + found.out
    assert [] == server.asked
