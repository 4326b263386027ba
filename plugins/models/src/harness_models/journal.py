"""What was paid for while a run is under way, a line an event: a killed run loses nothing, and pays nothing twice."""

import asyncio
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness import HarnessError

YOUNG = 24 * 3600.0  # seconds for which answers of an interrupted run are its own, and no replay
PRIVATE = 0o600  # answers may hold what only their reader may know


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A whole answer: its body, type, tokens read and written, and cost; `origin` is how this run came to it."""

    body: bytes
    kind: str
    read: int
    written: int
    cost: Decimal
    origin: str = "sent"

    def as_line(self, key: str) -> Mapping[str, Any]:
        """Return what a file says of it."""
        text = self.body.decode(errors="surrogateescape")
        return {"key": key, "kind": self.kind, "read": self.read, "written": self.written, "cost": str(self.cost),
                "body": text}  # fmt: skip


def answered(line: Mapping[str, Any], origin: str) -> Answered:
    """Return the answer that a line holds."""
    return Answered(
        body=line["body"].encode(errors="surrogateescape"),
        kind=line["kind"],
        read=int(line["read"]),
        written=int(line["written"]),
        cost=Decimal(line["cost"]),
        origin=origin,
    )


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """What interrupted runs leave: answers by key, and what they spent, calls without an end at their worst."""

    answers: Mapping[str, Answered] = field(default_factory=dict)
    spent: Decimal = Decimal(0)


class Journal:
    """The file of one run; others that nobody holds are of runs that were interrupted, and are taken over."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._taken = [each for file in sorted(folder.glob("open-*.jsonl")) if (each := _take(file))]
            self.path, self._file = _create(folder)
        except OSError as error:
            raise HarnessError(f"{folder} cannot keep answers: {error}; name another") from error
        self._number = 0
        self._noted: list[bytes] = []
        self._write_due: asyncio.Future[None] | None = None

    def take_over(self) -> Unfinished:
        """Return what interrupted runs of the last day left, and copy it, so that it outlives a second kill."""
        answers: dict[str, Answered] = {}
        spent = Decimal(0)
        for path, _ in self._taken:
            found = read_unfinished(path)
            answers |= found.answers
            spent += found.spent
        if spent:
            self._note({"paid": -1, "cost": str(spent)})
        for key, each in answers.items():
            self._note(each.as_line(key))
        self._write_all()
        self._drop_taken()
        return Unfinished(answers=answers, spent=spent)

    def send(self, worst: Decimal) -> int:
        """Note that a call is to be sent once this is `written`, with its worst case; return its number."""
        self._number += 1
        self._note({"sent": self._number, "worst": str(worst)})
        return self._number

    def settle(self, number: int, cost: Decimal, key: str = "", answer: Answered | None = None) -> None:
        """Note what a call cost, and its answer, if it got one."""
        self._note({"paid": number, "cost": str(cost), **(answer.as_line(key) if answer else {})})

    def close(self, *, is_done: bool) -> None:
        """End the journal; of a run that is done, nothing is left to resume."""
        self._write_all()
        if is_done:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    async def written(self) -> None:
        """Wait until all that was noted is in the file: one write for all who wait in one turn of the loop."""
        if self._write_due is None:
            loop = asyncio.get_running_loop()
            self._write_due = loop.create_future()
            loop.call_soon(self._write_noted, self._write_due)
        await self._write_due

    def _note(self, line: Mapping[str, Any]) -> None:
        self._noted.append(json.dumps(line).encode() + b"\n")

    def _write_noted(self, due: "asyncio.Future[None]") -> None:
        self._write_due = None
        try:
            self._write_all()
        except OSError as error:
            due.set_exception(HarnessError(f"{self.path} cannot be written: {error}; make room"))
        else:
            due.set_result(None)

    def _write_all(self) -> None:
        text, self._noted = b"".join(self._noted), []
        while text:
            text = text[os.write(self._file, text) :]

    def _drop_taken(self) -> None:
        for path, file in self._taken:
            path.unlink(missing_ok=True)
            os.close(file)
        self._taken = []


def read_unfinished(path: Path) -> Unfinished:
    """Return what a journal holds; a last line that was cut short by the end is none."""
    answers: dict[str, Answered] = {}
    open_calls: dict[int, Decimal] = {}
    spent = Decimal(0)
    for line in read_lines(path):
        if "worst" in line:
            open_calls[line["sent"]] = Decimal(line["worst"])
        if "paid" in line:
            open_calls.pop(line["paid"], None)
            spent += Decimal(line["cost"])
        if "key" in line:
            answers[line["key"]] = answered(line, "resumed")
    return Unfinished(answers=answers, spent=spent + sum(open_calls.values(), Decimal(0)))


def read_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the JSON objects of a file; the last line may be cut short, any other that cannot be read is an error."""
    lines: Sequence[bytes] = path.read_bytes().split(b"\n")
    for number, text in enumerate(lines, 1):
        if not text:
            continue
        try:
            found = json.loads(text)
        except ValueError as error:
            if number == len(lines):
                return
            raise HarnessError(f"{path}, line {number} is no JSON: {error}; delete the file, or restore it") from None
        yield found


def as_kept(answers: Mapping[str, Answered]) -> bytes:
    """Return answers as a recording holds them, by key."""
    return b"".join(json.dumps(answers[key].as_line(key)).encode() + b"\n" for key in sorted(answers))


def _create(folder: Path) -> tuple[Path, int]:
    """Create the journal of a run: locked before others can see it by its name, or they would take it over."""
    name = uuid.uuid4().hex
    hidden, path = folder / f"new-{name}", folder / f"open-{name}.jsonl"
    file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(path)
    return path, file


def _take(path: Path) -> tuple[Path, int] | None:
    """Lock the journal of a run that ended without closing it; one that is held, or too old, is not taken."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:  # its run is done meanwhile
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    if os.fstat(file).st_nlink == 0:
        os.close(file)
        return None
    if time.time() - path.stat().st_mtime > YOUNG:
        path.unlink(missing_ok=True)
        os.close(file)
        return None
    return path, file
