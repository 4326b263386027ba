"""Asks all questions of a dataset, several at once, and keeps what came of each beside its id."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.parquet as pq

from harness import Dataset, HarnessError, column, rows_of, sql
from rag_target.generation import Unanswered
from rag_target.wire import AnswerBody

QUESTION = "question"
Ask = Callable[[str], AnswerBody]  # a question to what `/v1/ask` answers; raises Unanswered
ADDED = pa.schema(
    [
        ("answer", pa.string()),
        ("contexts", pa.list_(pa.string())),
        ("retrieved", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("status", pa.string()),
        ("why", pa.string()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("cost", pa.float64()),
        ("first_piece_ms", pa.float64()),
        ("total_ms", pa.float64()),
        ("rails_ms", pa.float64()),
    ]
)
BARE = pa.schema([("bare_answer", pa.string()), ("bare_status", pa.string()), ("bare_total_ms", pa.float64())])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who answers, and who answers without rails where both are compared."""

    ask: Ask
    bare: Ask | None = None

    @property
    def schema(self) -> pa.Schema:
        """Return the columns that are added."""
        return pa.schema([*ADDED, *BARE]) if self.bare else ADDED

    def row(self, question: str) -> Mapping[str, object]:
        """Return what came of one question: a value for each added column."""
        if self.bare is None:
            return _row(question, self.ask)
        if zlib.crc32(question.encode("utf-8", "replace")) % 2:  # whoever is asked second finds vectors and caches warm
            return {**_row(question, self.ask), **_bare(_row(question, self.bare))}
        bare = _bare(_row(question, self.bare))
        return {**_row(question, self.ask), **bare}


class Answers:
    """Answers to the questions of datasets, kept for a run: who asks for a dataset twice is given the same."""

    def __init__(self, *, asked: Asked, at_once: int, folder: Path) -> None:
        self._asked, self._at_once, self._folder = asked, at_once, folder
        self._rows: dict[str, Mapping[str, object]] = {}
        self._datasets: dict[Dataset, Dataset] = {}
        self._lock = Lock()  # steps ask from several threads

    def add_to(self, data: Dataset) -> Dataset:
        """Return the dataset with what was answered, its digest that of the questions.

        A question that got no answer has a status that says so, and stays in.
        """
        with self._lock:
            if data not in self._datasets:
                self._datasets[data] = self._answered(data)
            return self._datasets[data]

    def _answered(self, data: Dataset) -> Dataset:
        key = data.column("id")
        asked = data.rows([key, QUESTION])
        questions = asked[QUESTION].to_pylist()
        self._ask_new(questions)
        found = [self._rows[question] for question in questions]
        schema = self._asked.schema
        columns = [pa.array([row[field.name] for row in found], field.type) for field in schema]
        file = self._folder / f"{len(self._datasets)}.parquet"
        pq.write_table(pa.table([asked[key], *columns], names=["id", *schema.names]), file)
        return _join(data, file, schema.names)

    def _ask_new(self, questions: Sequence[object]) -> None:
        texts = [question for question in dict.fromkeys(questions) if isinstance(question, str)]
        if len(texts) < len(set(questions)):
            raise HarnessError("a row has no question; leave it out, or write one")
        new = [text for text in texts if text not in self._rows]
        with ThreadPoolExecutor(self._at_once) as pool:
            self._rows.update(zip(new, pool.map(self._asked.row, new), strict=True))


def _join(data: Dataset, file: Path, names: Sequence[str]) -> Dataset:
    """Return a dataset with the columns of a file beside its own, row by row of the same id."""
    own = {name: data.new_name(name) for name in names}
    added = [sql("s.{of} AS {name}", of=column(of), name=column(name)) for of, name in own.items()]
    joined = data.query(
        "SELECT d.*, {added} FROM {rows} d JOIN ({answers}) s ON d.{id} = s.id", added=added, answers=rows_of(str(file))
    )
    return replace(data, sql=joined.sql)


def _row(question: str, ask: Ask) -> Mapping[str, object]:
    """Return what came of one question: a value for each added column."""
    nothing = dict.fromkeys(ADDED.names)
    try:
        reply = ask(question)
    except Unanswered as failure:
        return {**nothing, "status": failure.status, "why": str(failure)}
    return {
        **nothing,
        "answer": reply.answer,
        "contexts": [context.text for context in reply.contexts],
        "retrieved": [context.id for context in reply.contexts],
        "scores": [context.score for context in reply.contexts],
        "status": reply.status,
        "prompt_tokens": reply.usage.prompt_tokens,
        "completion_tokens": reply.usage.completion_tokens,
        "cost": reply.cost,
        "first_piece_ms": 1000 * reply.seconds.first_piece,
        "total_ms": 1000 * reply.seconds.total,
        "rails_ms": 1000 * reply.seconds.rails,
    }


def _bare(row: Mapping[str, object]) -> Mapping[str, object]:
    """Return what is kept of an answer without rails, beside the one with them."""
    return {name: row[name.removeprefix("bare_")] for name in BARE.names}
