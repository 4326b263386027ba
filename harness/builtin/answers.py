"""Answers of an app to the rows of a dataset: each is asked for once a run, and kept with what became of it."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from harness.data.datasets import Dataset
from harness.errors import HarnessError, UsageError
from harness.files import digest_file, digest_folder
from harness.plugins.services import OK, Reply, Request, TimedOut
from harness.tables.scan import rows_of
from harness.tables.sql import column, sql
from harness.values.identity import Identity

EACH = "*"  # in a place: of every part of a list
TIMED_OUT = (408, 504)
ADDED = pa.schema(
    [
        ("answer", pa.string()),
        ("contexts", pa.list_(pa.string())),
        ("retrieved", pa.list_(pa.string())),
        ("status", pa.string()),
        ("why", pa.string()),
    ]
)
Row = Mapping[str, object]


class MadeOf(BaseModel):
    """What an app is made of: its build (a commit, an image's digest), its files, and its index, a file or folder."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    build: str
    files: Sequence[str] = ()
    index: str | None = None

    def identity(self, revision: str, asked: object) -> Identity:
        """Return the revision with the digest of all this, and of how it is asked; a missing file is a UsageError."""
        parts = {"proof": "digest of build, files and index, as the suite declares them", "build": self.build}
        parts |= {f"files.{name}": _digest_place(name) for name in self.files}
        parts |= {"index": _digest_place(self.index)} if self.index else {}
        text = json.dumps([parts, asked], sort_keys=True, default=str)
        return Identity(revision=revision, digest=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", parts=parts)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a reply holds what: keys and numbers joined by points, `*` for each part of a list."""

    answer: str
    contexts: str | None = None
    ids: str | None = None
    status: Callable[[object], tuple[str, str] | None] = lambda found: None  # what a reply itself says became of it

    def columns(self) -> Sequence[str]:
        """Return the columns that are added."""
        left_out = {"contexts": self.contexts is None, "retrieved": self.ids is None}
        return [name for name in ADDED.names if not left_out.get(name)]

    def read(self, reply: Reply) -> Row:
        """Return what a reply says: a value for each added column; what is no answer has a status that says so."""
        if reply.status != OK:
            status = "timed_out" if reply.status in TIMED_OUT else "errored"
            return nothing(status, f"status {reply.status}: {reply.body[:200].decode(errors='replace')}")
        try:
            found = json.loads(reply.body)
        except (ValueError, RecursionError):
            return nothing("unparseable", "the reply is no JSON")
        said = self.status(found)
        if said is not None:
            return nothing(*said)
        try:
            texts = {"contexts": _texts(found, self.contexts), "retrieved": _texts(found, self.ids)}
            return {**nothing("ok", None), **texts, "answer": _text(found, self.answer)}
        except (LookupError, TypeError, ValueError) as trouble:
            return nothing("unparseable", str(trouble))


class Answers:
    """Adds answers to datasets: a request that was sent in this run is not sent again."""

    def __init__(self, *, send: Callable[[Request], Reply], places: Places, at_once: int, folder: Path) -> None:
        self._send, self._places, self._at_once, self._folder = send, places, at_once, folder
        self._rows: dict[tuple[str, bytes], Row] = {}
        self._datasets: dict[Dataset, Dataset] = {}
        self._lock = Lock()  # steps ask from several threads

    def add_to(self, data: Dataset, columns: Sequence[str], request: Callable[[Row], Request]) -> Dataset:
        """Return a dataset with the answers to requests of these columns; rows without an answer stay in."""
        with self._lock:
            if data not in self._datasets:
                self._datasets[data] = self._join_answers(data, columns, request)
            return self._datasets[data]

    def _join_answers(self, data: Dataset, columns: Sequence[str], request: Callable[[Row], Request]) -> Dataset:
        key = data.column("id")
        rows = data.rows(list(dict.fromkeys([key, *columns])))
        asked = [request(row) for row in rows.to_pylist()]
        new = {(each.path, each.body): each for each in asked if (each.path, each.body) not in self._rows}
        with ThreadPoolExecutor(self._at_once) as pool:
            self._rows.update(zip(new, pool.map(self._ask, new.values()), strict=True))
        found = [self._rows[each.path, each.body] for each in asked]
        names = self._places.columns()
        added = [pa.array([row[name] for row in found], ADDED.field(name).type) for name in names]
        file = self._folder / f"{len(self._datasets)}.parquet"
        pq.write_table(pa.table([rows[key], *added], names=["id", *names]), file)
        return _join(data, file, names)

    def _ask(self, request: Request) -> Row:
        try:
            return self._places.read(self._send(request))
        except TimedOut as trouble:
            return nothing("timed_out", str(trouble))
        except HarnessError as trouble:
            return nothing("errored", str(trouble))


def nothing(status: str, why: str | None) -> Row:
    """Return a row of no answer: what became of it, and why."""
    return {**dict.fromkeys(ADDED.names), "status": status, "why": why}


def _join(data: Dataset, file: Path, names: Sequence[str]) -> Dataset:
    taken = sorted(set(names) & set(data.columns))
    if taken:
        raise UsageError(
            f"dataset {data.name!r} has a column {taken[0]!r} already, where its answers would stand; rename it"
        )
    added = [sql("s.{of} AS {of}", of=column(name)) for name in names]
    joined = data.query(
        "SELECT d.*, {added} FROM {rows} d JOIN ({answers}) s ON d.{id} = s.id", added=added, answers=rows_of(str(file))
    )
    return replace(data, sql=joined.sql)


def _text(found: object, place: str) -> str:
    value = list(_values_at(found, place.split("."), place))
    if len(value) != 1 or not isinstance(value[0], str):
        raise ValueError(f"the reply has no text at {place!r}")
    return value[0]


def _texts(found: object, place: str | None) -> list[str] | None:
    if place is None:
        return None
    values = list(_values_at(found, place.split("."), place))
    flat = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    return [each if isinstance(each, str) else json.dumps(each) for each in flat]


def _values_at(found: Any, steps: Sequence[str], place: str) -> Iterator[object]:
    """Yield what stands at a place of a JSON value; a place that it does not have is a ValueError."""
    if not steps:
        yield found
    elif steps[0] == EACH and isinstance(found, list):
        for part in found:
            yield from _values_at(part, steps[1:], place)
    elif isinstance(found, dict) and steps[0] in found:
        yield from _values_at(found[steps[0]], steps[1:], place)
    elif isinstance(found, list) and steps[0].isdecimal() and int(steps[0]) < len(found):
        yield from _values_at(found[int(steps[0])], steps[1:], place)
    else:
        raise ValueError(f"the reply has nothing at {place!r}: no {steps[0]!r} there")


def _digest_place(name: str) -> str:
    place = Path(name)
    if place.is_dir():
        return digest_folder(place)
    if place.is_file():
        return digest_file(place)
    raise UsageError(
        f"the identity names {name!r}, and there is no such file or folder; name it as it is seen from where the "
        f"command runs"
    )
