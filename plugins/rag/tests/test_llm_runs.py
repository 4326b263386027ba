"""A suite whose judge is a language model behind the door: replayed, paid for once, and never beyond a budget."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_models.testing import MODEL, StandIn, declare, serve, until

Command = Callable[..., Any]
ROWS, LABELS = 60, 60
SUITE = """
name: judged
data: {{answers: {{source: answers.parquet, id: id}}}}
endpoints: {{judge: {url}}}
target: {{kind: table, config: {{data: answers}}}}
steps:
  - check: rag.answers
    with: {{judge: llm, endpoint: judge, llm: judge.yaml, calibration: labels.jsonl}}
    require: {{faithfulness: {{at_least: 0.6}}}}
"""


def judge(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
    """Judge as people would, but for one answer in twenty, and report the tokens that were read."""
    given = json.loads(asked["messages"][1]["content"])
    verdicts = [
        {"statement": each["statement"], "supported": (each["text"] in given["passages"]) != slips(each["text"])}
        for each in given["statements"]
    ]
    usage = {"prompt_tokens": len(json.dumps(asked)) // 3, "completion_tokens": 20}
    message = {"content": json.dumps({"of": given["of"], "verdicts": verdicts})}
    return 200, json.dumps({"model": MODEL, "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage})


def slips(text: str) -> bool:
    return hashlib.sha256(text.encode()).digest()[0] < 13


def answer(name: str, *, good: bool) -> dict[str, Any]:
    fact = f"Case {name} is closed after 30 days."
    return {"answer": fact if good else f"Case {name} stays open for ever.", "contexts": [fact, "Cards are blue."]}


def write_answers(folder: Path, count: int) -> None:
    rows = [answer(f"a{at}", good=at % 10 > 0) for at in range(count)]
    table = {"id": list(range(count)), **{name: [row[name] for row in rows] for name in ("answer", "contexts")}}
    pq.write_table(pa.table(table), folder / "answers.parquet")


@pytest.fixture
def upstream() -> Iterator[StandIn]:
    with serve(StandIn(script=judge)) as server:
        yield server


@pytest.fixture
def asking(project: Path, upstream: StandIn) -> Path:
    """A project whose suite has a model judge sixty answers, of which 90 % are faithful, and sixty labels."""
    write_answers(project, ROWS)
    lines = [json.dumps({**answer(f"l{at}", good=at % 2 > 0), "label": at % 2}) for at in range(LABELS)]
    (project / "labels.jsonl").write_text("\n".join(lines))
    (project / "judge.yaml").write_text(f"model: {MODEL}\nrevision: first\nmax_tokens: 100\n")
    (project / "a.suite.yaml").write_text(SUITE.format(url=upstream.url))
    declare(project, upstream.url, "{input: 1, output: 10}")
    return project


def recorded(project: Path) -> dict[str, Any]:
    return dict(json.loads((project / "out/judged/run.json").read_text()))


def judge_of(run: dict[str, Any]) -> str:
    return str(next(each["evidence"]["judge"] for each in run["measurements"] if each["metric"] == "faithfulness"))


def test_a_calibrated_model_passes_a_must_and_does_so_again_when_replayed(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "record", "--budget", "5")
    first = recorded(asking)
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "strict")
    second = recorded(asking)

    assert "pass" == first["verdicts"][0]["outcome"], first["verdicts"][0]["reason"]
    assert "pass" == second["verdicts"][0]["outcome"]
    assert ROWS + LABELS == len(upstream.seen) == first["calls"]["sent"] == second["calls"]["replayed"]
    assert first["calls"]["answers"] == second["calls"]["answers"]
    assert judge_of(first) == judge_of(second)
    assert first["cost"]["money"] > 0 == second["cost"]["money"]


def test_a_budget_that_ends_half_way_is_an_error_and_what_was_paid_is_not_paid_again(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    short = harness("run", "a.suite.yaml", "--out", "out", "--budget", "0.02")
    first, paid = recorded(asking), len(upstream.seen)
    harness("run", "a.suite.yaml", "--out", "out", "--budget", "5")
    second = recorded(asking)

    assert 3 == short.code
    assert "of the budget is left" in first["verdicts"][0]["reason"]
    assert 0 < first["cost"]["money"] <= 0.02
    assert 0 < paid < ROWS
    assert "pass" == second["verdicts"][0]["outcome"]
    assert (paid, ROWS + LABELS - paid) == (second["calls"]["resumed"], second["calls"]["sent"])


def test_a_judge_that_changed_since_it_was_recorded_is_not_recorded(asking: Path, harness: Command) -> None:
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "record")
    (asking / "judge.yaml").write_text(f"model: {MODEL}\nrevision: first\nmax_tokens: 101\n")
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "strict")

    assert "error" == recorded(asking)["verdicts"][0]["outcome"]
    assert "is not recorded" in recorded(asking)["verdicts"][0]["reason"]


@pytest.mark.heavy
def test_fifty_runs_of_an_unchanged_app_say_the_same_when_replayed(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    harness("run", "a.suite.yaml", "--out", "out", "--replay", "record")
    said = {(recorded(asking)["verdicts"][0]["outcome"], recorded(asking)["verdicts"][0]["reason"])}
    sent = len(upstream.seen)
    for _ in range(49):
        harness("run", "a.suite.yaml", "--out", "out", "--replay", "strict")
        said.add((recorded(asking)["verdicts"][0]["outcome"], recorded(asking)["verdicts"][0]["reason"]))

    assert ["pass"] == [outcome for outcome, _ in said]
    assert sent == len(upstream.seen)


@pytest.mark.heavy
def test_after_kill_9_within_500_judged_rows_only_what_is_missing_is_judged(
    asking: Path, harness: Command, upstream: StandIn
) -> None:
    write_answers(asking, 500)
    upstream.delay = 0.02
    command = [str(Path(sys.executable).with_name("harness")), "run", "a.suite.yaml"]
    process = subprocess.Popen(command, cwd=asking, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(upstream.seen) > 200, seconds=120)
    process.kill()
    process.wait()
    until(lambda: upstream.at_once == 0)
    before = len(upstream.seen)

    harness("run", "a.suite.yaml", "--out", "out")
    calls = recorded(asking)["calls"]

    assert "pass" == recorded(asking)["verdicts"][0]["outcome"]
    assert 500 + LABELS == calls["sent"] + calls["resumed"]
    assert len(upstream.seen) == before + calls["sent"]
    assert before - 16 <= calls["resumed"] <= before  # but for those that were on their way
