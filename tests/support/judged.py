"""Answers with contexts, and a judge of them that always says the same: a sentence is true if its context has it."""

import json
import re
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SENTENCES = ["Fees are refunded in ten days", "A lost card is blocked", "Disputes cost nothing", "Banks close at noon"]


def suite_head(url: str, data: Sequence[str]) -> str:
    """Return the start of a suite of datasets in files of their names, with a judge and one that does not answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        down = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    sources = {name: {"source": f"{name}.parquet", "id": "id"} for name in data}
    target = {"kind": "table", "config": {"data": data[0], "model": "r1"}}
    head = {"name": "judged", "data": sources, "target": target, "endpoints": {"judge": url, "down": down}}
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + "steps:\n"


def write_answers(file: Path, more: str = "") -> None:
    """Write 12 answers of two or three sentences, of which contexts hold all, some or none; `more` ends the last."""
    rows = []
    for row in range(12):
        said = [SENTENCES[(row + number) % 4] for number in range(2 + row % 2)]
        rows.append(
            {
                "id": row,
                "question": f"What of {row}?",
                "answer": ". ".join(said) + "." + (f" {more}." if more and row == 11 else ""),
                "contexts": [f"{sentence}." for sentence in said[: row % 4]] or ["Nothing is known."],
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), file)


def judge_for_ragas(prompt: str) -> str:
    """Answer what Ragas asks for."""
    asked: dict[str, Any] = json.loads(prompt.rpartition("\ninput: ")[2].rpartition("\nOutput:")[0])
    if "answer" in asked:
        return json.dumps({"statements": [] if "NOTHING" in asked["answer"] else _sentences(asked["answer"])})
    found = [
        {"statement": each, "reason": "r", "verdict": 2 if "UNKNOWN" in each else int(each in asked["context"])}
        for each in asked["statements"]
        if "LOST" not in each
    ]
    swapped = any("SWAPPED" in each["statement"] for each in found)
    return _spoken(json.dumps({"statements": found[::-1] if swapped else found}), str(asked["statements"]))


def judge_for_deepeval(prompt: str) -> str:
    """Answer what DeepEval asks for."""
    if "\nAI Output:\n" in prompt:
        said = prompt.rpartition("\nAI Output:\n")[2].removesuffix("\n\nJSON:\n").removesuffix("\n\nJSON:")
        return json.dumps({"claims": [] if "NOTHING" in said else _sentences(said)})
    if "\nRetrieval Contexts:\n" not in prompt:
        return json.dumps({"truths": _sentences(prompt.rpartition("\nText:\n")[2].rpartition("\n\nJSON:")[0])})
    context, _, claims = prompt.rpartition("\nRetrieval Contexts:\n")[2].partition("\n\nClaims:\n")
    stated = re.findall(r"'([^']*)'", claims)
    words = {each: "maybe" if "UNKNOWN" in each else "yes" if each in context else _unsure(each) for each in stated}
    found = [{"verdict": words[each], "reason": "r"} for each in stated if "LOST" not in each]
    return _spoken(json.dumps({"verdicts": found}), claims)


def _unsure(claim: str) -> str:
    return "borderline" if claim.startswith("Banks") else "no"


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[.\n]", text) if part.strip()]


def _spoken(body: str, asked: str) -> str:
    """Return an answer as it is, or fenced, twice or in other words where a sentence says so."""
    if "TWICE" in asked:
        return body.replace(": 0", ": 1").replace('"no"', '"yes"') + "\n" + body
    fenced = f"```json\n{body}\n```" if "FENCED" in asked else body
    return "I cannot say." if "PROSE" in asked else fenced


def statement_rows(run: dict[str, Any], step: str) -> dict[str, tuple[str, float]]:
    """Return by its id the answer of each statement that a step judged, and whether it counts, as the rows kept say."""
    (found,) = (m for m in run["measurements"] if (m["step"], m["metric"]) == (step, "supported"))
    rows = pq.read_table(Path(".harness/evidence", found["sample"]["file"])).to_pylist()
    return {row["id"]: (row["cluster.answer"], row["y"]) for row in rows if row["measurement"] == found["sample"]["of"]}


def number_verdicts(verdicts: Sequence[dict[str, Any]], hit: str) -> dict[str, tuple[str, float]]:
    """Return verdicts by the id of answer and number, each with its answer and whether it is a hit."""
    seen, found = Counter[str](), {}
    for each in verdicts:
        seen[each["id"]] += 1
        found[f"{each['id']}#{seen[each['id']]}"] = (each["id"], float(each["said"] == hit))
    return found
