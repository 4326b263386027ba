"""How often fresh runs of an unchanged app contradict one another: one passes a must that another fails.

    python benchmarks/fresh_runs.py [RUNS]    # needs the group `rag`; prints the table of docs/judges.md

The handbook asks a model by the run's door, and the model is a stand-in that has noise as models have: of 60 % of the
questions it always gives the answer, of the others three times in four. So nine answers in ten are right, and each run
draws anew. Nothing is replayed: the runs are those of `harness run`, and all their calls are sent.
"""

import json
import os
import random
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from harness_models.testing import StandIn, serve
from rag_target.passages import read_passages
from rag_target.questions import read_questions

import harness

MODEL = "noisy-2026-01-01"
LABELS, SURE, OFTEN = 100, 0.6, 0.75
KEPT = (0.84, 0.87, 0.90, 0.93, 0.96)  # asked of the share of right answers
FAITHFUL = (0.75, 0.8, 0.85, 0.9, 0.95)
ASKED = [each for each in read_questions() if len(each.relevant) == 1]
PASSAGES = {each.id: each.text for each in read_passages()}


def steadiness(question: str) -> float:
    """Return how often the model answers a question rightly: it is the same in each run."""
    return 1.0 if zlib.crc32(question.encode()) % 1000 < 1000 * SURE else OFTEN


def right(number: int) -> str:
    """Return an answer that copies the first sentence of the question's passage."""
    return f"Surely: {PASSAGES[ASKED[number].relevant[0]].split('. ')[0]}."


def wrong(number: int) -> str:
    return f"Never mind number {number}, the moon decides about bananas and old violins."


def answer_freshly(draw: random.Random) -> Any:
    """Return the script of a server that answers each question rightly as often as it is steady, by chance."""
    numbers = {each.question: number for number, each in enumerate(ASKED)}

    def script(server: StandIn, asked: dict[str, Any]) -> tuple[int, str]:
        said = asked["messages"][-1]["content"]
        number = next(number for question, number in numbers.items() if question in said)
        text = right(number) if draw.random() < steadiness(ASKED[number].question) else wrong(number)
        parts = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": "stop"}]}]
        parts.append({"choices": [], "usage": {"prompt_tokens": len(json.dumps(asked)) // 4, "completion_tokens": 20}})
        return 200, "".join(f"data: {json.dumps({'model': MODEL, **part})}\n\n" for part in parts) + "data: [DONE]\n\n"

    return script


def write_project(folder: Path, url: str) -> None:
    columns = {name: [getattr(each, name) for each in ASKED] for name in ("id", "question", "page")}
    pq.write_table(pa.table(columns), folder / "questions.parquet")
    contexts = [[PASSAGES[each.relevant[0]]] for each in ASKED]
    labels = [
        {"answer": (right, wrong)[place % 2](place), "contexts": contexts[place], "label": 1 - place % 2}
        for place in range(LABELS)
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    steps = [
        {"name": f"kept-{share}", "check": "rag.invariants", "with": {"regex": ["^Surely"]},
         "require": {"kept": {"at_least": share}}}
        for share in KEPT
    ] + [
        {"name": f"faithful-{share}", "check": "rag.answers",
         "with": {"judge": "overlap", "calibration": "labels.jsonl"}, "require": {"faithfulness": {"at_least": share}}}
        for share in FAITHFUL
    ]  # fmt: skip
    chat = {"model": MODEL, "max_tokens": 60}
    config = {"data": "questions", "retrieval": "bm25", "at_once": 16, "chat": chat, "chat_at": "writer"}
    suite = {
        "name": "fresh",
        "data": {"questions": {"source": "questions.parquet", "id": "id", "cluster": "page"}},
        "endpoints": {"writer": url},
        "target": {"kind": "handbook", "config": config},
        "steps": steps,
    }
    (folder / "fresh.suite.yaml").write_text(json.dumps(suite))
    endpoint = {"url": url, "models": {MODEL: {"input": 0, "output": 0}}}
    (folder / "models.yaml").write_text(json.dumps({"endpoints": {"writer": endpoint}}))
    (folder / "pyproject.toml").write_text('[tool.harness]\nproject = "fresh"\n')


def contradictions(said: Counter[str], runs: int) -> float:
    """Return the share of all pairs of runs of which one passes and the other fails."""
    return 2 * said["pass"] * said["fail"] / (runs * (runs - 1))


def main(runs: int) -> None:
    truth = sum(steadiness(each.question) for each in ASKED) / len(ASKED)
    print(f"{len(ASKED)} questions, of which {truth:.1%} are answered rightly on average; {runs} runs", flush=True)
    said: dict[str, Counter[str]] = {}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name, serve(StandIn(script=answer_freshly(random.Random(1)))) as server:
        write_project(Path(name), server.url)
        os.chdir(name)
        for _ in range(runs):
            run = harness.run("fresh.suite.yaml")
            assert run.calls is not None
            assert run.calls.failed == run.calls.replayed == run.calls.resumed == 0, run.calls
            for verdict in run.record.verdicts:
                said.setdefault(str(verdict.step), Counter())[verdict.outcome] += 1
        os.chdir("/")
    for step, outcomes in said.items():
        counts = " | ".join(str(outcomes[each]) for each in ("pass", "inconclusive", "fail", "error"))
        print(f"| {step} | {counts} | {contradictions(outcomes, runs):.2%} |")
    print(f"{len(server.seen)} calls, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 50)
