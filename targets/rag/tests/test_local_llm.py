"""The whole way with a real model, by the run's door: it writes answers, it judges some, and it proves nothing."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from rag_target.local_llm import MODEL, PACKAGE
from rag_target.passages import read_passages
from rag_target.questions import read_questions

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
LABELS, ROWS = 50, 4
JUDGED = """
name: judged
data: {answers: {source: answers.parquet, id: id}}
endpoints: {judge: URL}
target: {kind: table, config: {data: answers, model: app-1}}
steps:
  - check: rag.answers
    with: {judge: llm, endpoint: judge, llm: judge.yaml, calibration: labels.jsonl}
    require: {faithfulness: {at_least: 0.01}}
"""
GATES = """
project: demo
gates:
  production: {suites: [judged.suite.yaml]}
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


def record(project: Path, suite: str = "written") -> Mapping[str, Any]:
    return dict(json.loads((project / "out" / suite / "run.json").read_text()))


def model_file() -> Path:
    found = find_spec(PACKAGE)
    assert found
    assert found.origin
    return Path(found.origin).with_name(MODEL)


def declare_model(project: Path, name: str, url: str) -> None:
    (project / "models.yaml").write_text(
        f"endpoints:\n  {name}:\n    url: {url}\n    seconds: 300\n    deadline: 600\n"
        f"    models: {{{MODEL}: {{input: 0, output: 0}}}}\n"
    )


def label_answers() -> list[dict[str, Any]]:
    """Return gold answers beside the sentence that they stand on, 1, and beside another's, 0."""
    asked = [each for each in read_questions() if len(each.relevant) == 1]
    passages = {each.id: each.full_text for each in read_passages()}
    held = [
        (each.gold, next(part for part in passages[each.relevant[0]].split(". ") if each.facts[0] in part))
        for each in asked
        if any(each.facts[0] in part for part in passages[each.relevant[0]].split(". "))
    ]
    half = LABELS // 2
    pairs = [(gold, held[place + half * (place % 2)][1]) for place, (gold, _) in enumerate(held[: LABELS + ROWS])]
    return [{"answer": gold, "contexts": [said], "label": 1 - place % 2} for place, (gold, said) in enumerate(pairs)]


@pytest.mark.heavy
def test_a_real_model_writes_twenty_answers_that_are_judged_and_replayed(project: Path, harness: Command) -> None:
    rows = pq.read_table(QUESTIONS)
    pq.write_table(
        rows.filter(pc.equal(pc.list_value_length(rows["relevant"]), 1)).slice(0, COUNT), project / "questions.parquet"
    )
    with run_model() as url:
        (project / "written.suite.yaml").write_text(SUITE.replace("URL", url).replace("MODEL", MODEL))
        declare_model(project, "writer", url)
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


@pytest.mark.heavy
def test_a_small_model_that_judges_is_measured_and_refused_as_a_must(project: Path, harness: Command) -> None:
    rows = label_answers()
    revision = hashlib.sha256(model_file().read_bytes()).hexdigest()
    (project / "judge.yaml").write_text(
        f"model: {MODEL}\nrevision: sha256:{revision}\nstatements: apart\nmax_tokens: 30\nat_once: 1\n"
    )
    (project / "labels.jsonl").write_text("\n".join(map(json.dumps, rows[:LABELS])))
    judged = {
        "id": list(range(ROWS)),
        **{name: [row[name] for row in rows[LABELS:]] for name in ("answer", "contexts")},
    }
    pq.write_table(pa.table(judged), project / "answers.parquet")
    (project / "gates.yaml").write_text(GATES)
    with run_model() as url:
        (project / "judged.suite.yaml").write_text(JUDGED.replace("URL", url))
        declare_model(project, "judge", url)
        harness("run", project / "judged.suite.yaml", "--replay", "record", "--budget", "0", "--out", "out")
    refused = harness("gate", "production", "--candidate", "app-1", "--gates", project / "gates.yaml")
    found = record(project, "judged")
    seen = next(each for each in found["measurements"] if each["metric"] == "faithfulness")["evidence"]

    assert "inconclusive" == found["verdicts"][0]["outcome"]
    assert "not proven" in found["verdicts"][0]["reason"]
    assert "not proven: its AUROC is" in seen["note"]
    assert f"{ROWS} answers = {ROWS} scored + 0 refused + 0 unparseable" in seen["denominator"]
    assert 0 == found["calls"]["failed"]
    assert 0 != refused.code
    assert "not proven" in refused.out + refused.err
