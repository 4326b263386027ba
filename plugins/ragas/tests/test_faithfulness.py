"""Ragas judges with a language model: verdict by verdict, with its own number where none was lost."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from tests.support.chat import serve_chat
from tests.support.judged import judge_for_ragas, number_verdicts, statement_rows, suite_head, write_answers

DIRECTLY = """
import asyncio, json, sys
import pyarrow.parquet as pq
from openai import AsyncOpenAI
from ragas.llms import llm_factory
from ragas.metrics.collections import Faithfulness

async def score(rows, url):
    metric = Faithfulness(llm=llm_factory("judge-1", client=AsyncOpenAI(base_url=url, api_key="x")))
    said = [await metric.ascore(user_input=row["question"], response=row["answer"], retrieved_contexts=row["contexts"])
            for row in rows]
    return [each.value for each in said]

rows = pq.read_table("good.parquet").to_pylist()
print("FOUND" + json.dumps(asyncio.run(score(rows, sys.argv[1]))))
"""
TROUBLES = {
    "lost": "LOST one",
    "unknown": "UNKNOWN word",
    "twice": "TWICE said",
    "prose": "PROSE only",
    "nothing": "NOTHING here",
    "swapped": "SWAPPED order",
}
SAYS = {
    "lost": "3 verdicts came back for 4",
    "unknown": "a verdict is 2, neither 0 nor 1",
    "twice": "is not one NLIStatementOutput as JSON",
    "prose": "is not one NLIStatementOutput as JSON",
    "nothing": "the model found no ",
    "swapped": "came back for the statement",
}


def step(name: str, data: str, judge: str = "judge", model: str = "judge-1") -> str:
    asked = {"faithfulness": {"at_least": 0.05}, "supported": {"at_least": 0.05}}
    given = {"data": data, "judge": judge, "model": model}
    return f"  - {json.dumps({'name': name, 'check': 'ragas.faithfulness', 'with': given, 'require': asked})}\n"


@pytest.fixture
def run(harness: Command, project: Path) -> dict[str, Any]:
    """One run that judges good answers, answers with a trouble each, and by endpoints that fail; and what they cost."""
    data = {"good": "", "fenced": "FENCED one", **TROUBLES}
    steps = [step(name, name) for name in data]
    steps += [step("cut", "good", model="cut"), step("half", "good", model="half"), step("down", "good", "down")]
    for name, more in data.items():
        write_answers(project / f"{name}.parquet", more)
    with serve_chat(judge_for_ragas) as chat:
        Path("s.suite.yaml").write_text(suite_head(chat.url, list(data)) + "".join(steps))
        done = harness("run", "s.suite.yaml", "--json", "--evidence", "full")
        asked = list(chat.requests)
        python = Path(harness("plugins", "prepare", "ragas").out.split()[2]) / "bin" / "python"
        quiet = {**os.environ, "RAGAS_DO_NOT_TRACK": "true"}
        command = [str(python), "-B", "-W", "ignore", "-c", DIRECTLY, chat.url]
        directly = subprocess.run(command, capture_output=True, text=True, env=quiet)
    assert done.out.startswith("{"), done.err
    assert "FOUND" in directly.stdout, directly.stderr
    return {
        **json.loads(done.out)["runs"][0],
        "asked": asked,
        "theirs": json.loads(directly.stdout.rpartition("FOUND")[2]),
    }


@pytest.mark.guests
def test_the_number_is_the_librarys_own_and_an_error_where_a_verdict_is_lost(run: dict[str, Any]) -> None:
    judged = {(each["step"], each["metric"]): each["estimate"] for each in run["verdicts"]}
    why = {each["step"]: each["reason"] for each in run["verdicts"] if each["outcome"] == "error"}

    (evidence,) = (each["evidence"] for each in run["measurements"] if each["evidence"] and each["step"] == "good")
    assert sum(run["theirs"]) / 12 == pytest.approx(judged["good", "faithfulness"]["value"], abs=1e-9)
    assert "asked for judge-1; answered by judge-1" == evidence["judge"]
    kept = Path(".harness/evidence", evidence["verdicts"]).read_text().splitlines()
    verdicts = [json.loads(line) for line in kept]
    statements = judged["good", "supported"]
    assert 30 == statements["n"]
    assert 18 / 30 == pytest.approx(statements["value"])
    assert (30, 18) == (len(verdicts), sum(each["said"] == "1" for each in verdicts))
    assert number_verdicts(verdicts, "1") == statement_rows(run, "good")
    assert {"cut", "half", "down", *TROUBLES} == why.keys()
    for name, said in SAYS.items():
        assert "1 of 12 answers have no whole verdict, so there is no number that counts them all: 11: " in why[name]
        assert said in why[name]
    assert "12 of 12 answers" in why["cut"]
    assert "ended with 'length', not whole" in why["cut"]
    assert "endpoint 'judge' broke off its answer" in why["half"]
    assert "endpoint 'down' did not answer (ConnectionRefusedError" in why["down"]
    assert 24 * (2 + len(TROUBLES)) + 24 >= len(run["asked"])  # no client asks again
    assert all(asked["temperature"] == 0 for _, asked in run["asked"])
