"""`--report otel` writes what a collector of OpenTelemetry takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from harness.testing import conformance

Command = Callable[..., Any]
SUITE = """
name: answers
data: {answers: {source: answers.jsonl, id: id}}
target: {kind: table, config: {data: answers}}
steps:
  - check: rag.answers
    with: {judge: overlap}
    require: {faithfulness: {at_least: 0.5, severity: should}, errored: {at_most: 0.2}}
  - check: rag.invariants
    with: {regex: [days]}
    require: {kept: {at_least: 1, scope: these}}
  - check: rag.retrieval
    require: {recall: {at_least: 0.5}}      # of columns that are not there
"""


def events(file: Path) -> dict[str, dict[str, Any]]:
    """Return the attributes of each event by the evaluation's name, as OpenTelemetry's own types read them."""
    found = Parse(file.read_text(), ExportLogsServiceRequest())
    records = found.resource_logs[0].scope_logs[0].log_records
    assert {"gen_ai.evaluation.result"} == {each.event_name for each in records}
    assert all(each.time_unix_nano > 1_700_000_000_000_000_000 for each in records)
    plain = [
        {at.key: getattr(at.value, str(at.value.WhichOneof("value"))) for at in each.attributes} for each in records
    ]
    return {str(each["gen_ai.evaluation.name"]): each for each in plain}


def test_the_report_keeps_what_every_plugin_must_keep() -> None:
    conformance("otel")


def test_each_verdict_is_an_event_with_evaluator_version_and_interval(project: Path, harness: Command) -> None:
    row = '{"id": %d, "answer": "It is 120 days.", "contexts": ["It is 120 days, at most."]}\n'
    (project / "answers.jsonl").write_text("".join(row % at for at in range(60)))
    (project / "a.suite.yaml").write_text(SUITE)

    done = harness("run", "a.suite.yaml", "--report", "otel", "--out", "out")

    assert 3 == done.code, done.err
    found = events(project / "out" / "evaluations.otlp.json")
    judged, kept, lost = found["faithfulness"], found["kept[rule=matches days]"], found["recall"]
    assert "4 events gen_ai.evaluation.result" in done.out
    assert "overlap" == judged["harness.evaluator.name"]
    assert judged["harness.evaluator.version"].startswith("sha256:")
    assert judged["harness.interval.lower"] < judged["gen_ai.evaluation.score.value"] <= 1
    assert ("pass", 1.0, "rag.invariants") == (
        kept["gen_ai.evaluation.score.label"],
        kept["gen_ai.evaluation.score.value"],
        kept["harness.evaluator.name"],
    )
    assert ("error", "not_measured") == (lost["gen_ai.evaluation.score.label"], lost["error.type"])
    assert "gen_ai.evaluation.score.value" not in lost
