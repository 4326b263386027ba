"""The questions to ask: their gold answers, the passages that hold them, and those that no page answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OWN = Path(__file__).parent / "questions.jsonl"


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with its gold answer; one that cannot be answered has none, and no passage.

    `facts` are the phrases of the handbook that an answer stands on, `absent` those that an answer would need and no
    page has; `page` groups questions that stand or fall together.
    """

    id: str
    question: str
    gold: str
    relevant: Sequence[str]
    page: str
    answerable: bool
    facts: Sequence[str]
    absent: Sequence[str]


def read_questions(file: Path = OWN) -> Sequence[Question]:
    """Return the questions of a JSON-lines file."""
    return [Question(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def write_questions(questions: Sequence[Question], out: Path) -> None:
    """Write questions as parquet, a column each field, as a suite reads them."""
    pq.write_table(pa.Table.from_pylist([asdict(question) for question in questions]), out)
