"""A champion's stored answers are judged again, by the judge of today's run, on the same questions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from harness_models.testing import StandIn, completion, declare, serve

Command = Callable[..., Any]
SUITE = """
name: compared
data:
  new: {{source: new.parquet, id: id}}
  old: {{source: old.parquet, id: id}}
endpoints: {{judge: {url}}}
target: {{kind: table, config: {{data: new, model: app-2}}}}
baselines: {{champion: {{config: {{data: old, model: app-1}}}}}}
steps:
  - check: rag.answers
    with: {{judge: llm, endpoint: judge, llm: judge.yaml}}
    require: {{faithfulness: {{versus: champion, lose_at_most: 0.2, severity: {severity}}}}}
"""


def judge(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
    given = json.loads(asked["messages"][1]["content"])
    return 200, completion(json.dumps({"supported": given["statement"] in given["passages"]}), read=2000)


def run(project: Path, harness: Command, severity: str) -> tuple[list[str], dict[str, Any]]:
    """Return the statements that were judged, and the verdict."""
    for name, good in (("new", 9), ("old", 8)):
        facts = [f"Case {at} is closed." for at in range(60)]
        said = [fact if at % 10 < good else f"{name} says nothing." for at, fact in enumerate(facts)]
        table = {"id": list(range(60)), "answer": said, "contexts": [[fact] for fact in facts]}
        pq.write_table(pa.table(table), project / f"{name}.parquet")
    with serve(StandIn(script=judge)) as server:
        declare(project, server.url, "{input: 0, output: 0}")
        (project / "judge.yaml").write_text("model: judge-2026-01\nrevision: first\nstatements: apart\n")
        (project / "a.suite.yaml").write_text(SUITE.format(url=server.url, severity=severity))
        harness("run", "a.suite.yaml", "--out", "out")
        asked = [json.loads(each["messages"][1]["content"])["statement"] for each in server.seen]
    return asked, json.loads((project / "out/compared/run.json").read_text())["verdicts"][0]


def test_both_are_judged_in_one_run_and_compared_on_the_same_questions(project: Path, harness: Command) -> None:
    asked, verdict = run(project, harness, "should")

    assert {"new says nothing.", "old says nothing."} < set(asked)
    assert "pass" == verdict["outcome"], verdict["reason"]
    assert 0.1 == round(verdict["estimate"]["value"], 6)


def test_without_labels_no_must_on_the_difference_passes(project: Path, harness: Command) -> None:
    _, verdict = run(project, harness, "must")

    assert "inconclusive" == verdict["outcome"]
    assert "not proven" in json.dumps(verdict)
