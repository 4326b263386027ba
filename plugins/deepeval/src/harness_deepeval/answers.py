"""Answers to be judged, as the rows of a dataset hold them, and what was said of them, as samples."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import Dataset, HarnessError, Measurement, samples


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A question, what was answered and the texts that the answer may rest on; `id` names its row."""

    id: str
    question: str
    response: str
    contexts: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the judge said of one statement of an answer, in its own word, and why."""

    statement: str
    said: str
    reason: str = ""


def read_answers(data: Dataset, rows: Any, columns: Sequence[str]) -> list[Answer]:
    """Return the answers of rows with a question, a response and contexts; one without is a HarnessError."""
    ids = rows[data.roles.id].to_pylist() if data.roles.id else range(rows.num_rows)
    question, response, contexts = columns
    found = zip(ids, *(rows[name].to_pylist() for name in columns), strict=True)
    answers = [
        Answer(id=str(key), question=asked, response=said, contexts=[texts] if isinstance(texts, str) else texts or [])
        for key, asked, said, texts in found
    ]
    for answer in answers:
        parts = {question: [answer.question], response: [answer.response], contexts: answer.contexts or [""]}
        for column, texts in parts.items():
            if not all(isinstance(text, str) and text.strip() for text in texts):
                raise HarnessError(f"dataset {data.name!r}: row {answer.id} has no text in {column!r}; repair it")
    return answers


def columns_of(data: Dataset, columns: Sequence[str]) -> list[str]:
    """Return the columns to read: those named, the id and the clusters, each once."""
    return list(dict.fromkeys([*([data.roles.id] if data.roles.id else []), *data.roles.cluster, *columns]))


def share_of_answers(
    metric: str, data: Dataset, rows: Any, answers: Sequence[Answer], shares: Sequence[float]
) -> Measurement:
    """Return the mean of a share that each answer has; ids are text, as those of statements are."""
    kept = {"id": [answer.id for answer in answers]} if data.roles.id else {}
    kept |= {f"cluster.{name}": rows[name] for name in data.roles.cluster}
    table = type(rows).from_pydict({**kept, "y": list(shares)})
    return Measurement(metric=metric, unit="answers", sample=samples.rows.mean(table))


def share_of_statements(
    metric: str, data: Dataset, rows: Any, answers: Sequence[Answer], hits: Sequence[Sequence[bool]]
) -> Measurement:
    """Return the share of statements that are hits; those of one answer belong together.

    Where rows have an id, a statement's is that of its answer and its number there, such as `17#2`.
    """
    columns = {f"cluster.{name}": rows[name].to_pylist() for name in data.roles.cluster}
    columns = columns or {"cluster.answer": [answer.id for answer in answers]}
    owners = [(row, number) for row, found in enumerate(hits) for number, _ in enumerate(found, 1)]
    kept = {"id": [f"{answers[row].id}#{number}" for row, number in owners]} if data.roles.id else {}
    kept |= {name: [values[row] for row, _ in owners] for name, values in columns.items()}
    table = type(rows).from_pydict({**kept, "y": [float(hit) for found in hits for hit in found]})
    return Measurement(metric=metric, unit="statements", sample=samples.rows.proportion(table))


def write_verdicts(answers: Sequence[Answer], verdicts: Sequence[Sequence[Verdict]]) -> Path:
    """Write what was said of each statement, one JSON object a line, and return the file."""
    pairs = zip(answers, verdicts, strict=True)
    lines = [json.dumps({"id": answer.id, **asdict(each)}) for answer, found in pairs for each in found]
    file = Path("verdicts.jsonl").absolute()
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
