"""Labels of people on the very answers that a run judged: which to draw, how they are kept, and where they go."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness import UsageError, open_table, recorded_run, write_atomic

FEWEST = 50
HUMAN = "human"
CHECK, METRIC = "rag.answers", "faithfulness"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A run that judged answers: its digest, the digest of the table they stand in, and how many its plan asks for."""

    digest: str
    tables: Mapping[str, str]
    needed: int


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The answers to label, at their places in the table, in an order that chance made."""

    table: pa.Table
    id: str
    places: Sequence[int]

    def rows(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the rows in their order, each with its id as text."""
        for place in self.places:
            row = self.table.slice(place, 1).to_pylist()[0]
            yield str(row[self.id]), row


def read_judged(run: str) -> Judged:
    """Return what a run says of the answers it judged: a folder of `harness run --out`, or one of the ledger."""
    found = _read_file(Path(run)) if Path(run).exists() else recorded_run(run)
    try:
        verdicts = [each for each in found["verdicts"] if (each["check"], each["metric"]) == (CHECK, METRIC)]
        data = {name: each for name, each in found["datasets"].items() if each["judged"]}
        filtered = [name for name, each in data.items() if each["filters"]]
        tables = {each["digest"]: name for name, each in data.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{run} is no run: {error!r}; name a folder that `harness run --out DIR` wrote") from error
    if not verdicts:
        raise UsageError(f"{run}: the run judged no {METRIC} by {CHECK}; name one that did")
    if filtered:
        raise UsageError(
            f"{run}: filters left out rows of {filtered[0]!r}, so which were judged is not known; use none"
        )
    return Judged(digest=found["digest"], tables=tables, needed=max(each["n_needed"] or 0 for each in verdicts))


def _read_file(run: Path) -> Any:
    file = run / "run.json" if run.is_dir() else run
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is no run: {error!r}; name a folder that `harness run --out DIR` wrote") from error


def draw(judged: Judged, answers: Path, key: str, count: int | None) -> Drawn:
    """Return answers of a run drawn at random, always the same: as many as asked, as its plan needs, or 50."""
    data = open_table(str(answers), Path(), datetime.now(UTC))
    if data.record().digest not in judged.tables:
        raise UsageError(f"{answers} is not the table that the run judged; name that one, unchanged")
    data.must_have([key])
    table = data.query("SELECT * FROM {rows} ORDER BY {key}", key=key).table()
    ids = [str(each) for each in table[key].to_pylist()]
    if len(set(ids)) < len(ids):
        raise UsageError(f"{answers}: {key!r} is not the same for one row only; name a column that tells rows apart")
    wanted = min(count or max(FEWEST, judged.needed), len(ids))
    order = sorted(range(len(ids)), key=lambda at: hashlib.sha256(f"{judged.digest} {ids[at]}".encode()).digest())
    return Drawn(table=table, id=key, places=order[:wanted])


def read_given(file: Path) -> Mapping[str, int]:
    """Return the labels by id that people gave so far; of one that was given twice, the last."""
    if not file.exists():
        return {}
    found: dict[str, int] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip():
            found |= _read_label(file, number, line)
    return found


def write_labelled(drawn: Drawn, given: Mapping[str, int], out: Path) -> int:
    """Write the table with a column `human`, empty where nobody looked; return how many labels it holds."""
    if HUMAN in drawn.table.column_names:
        raise UsageError(f"the table has a column {HUMAN!r} already; rename it")
    asked = {row_id for row_id, _ in drawn.rows()}
    ids = [str(each) for each in drawn.table[drawn.id].to_pylist()]
    labels = [given.get(each) if each in asked else None for each in ids]
    buffer = pa.BufferOutputStream()
    pq.write_table(drawn.table.append_column(HUMAN, pa.array(labels, pa.int8())), buffer)
    write_atomic(out, buffer.getvalue().to_pybytes())
    return sum(each is not None for each in labels)


def _read_label(file: Path, number: int, line: str) -> Mapping[str, int]:
    try:
        found = json.loads(line)
        row, label = str(found["id"]), found["label"]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file}, line {number} is no label: {error!r}; a line is {{id: ..., label: 0 or 1}}"
        ) from None
    if type(label) is not int or label not in (0, 1):
        raise UsageError(f"{file}, line {number}: label is {label!r}; it is 1 where the answer is good, else 0")
    return {row: label}
