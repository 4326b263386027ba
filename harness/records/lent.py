"""A ledger lent to a process that runs the code of others: it reads, and adds runs, through the process that holds it.

What is asked and answered are JSON objects. What the other process says is believed no more than what a run says.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import HarnessError, UsageError
from harness.records.digests import run_digest
from harness.records.entries import Columns, Entry
from harness.records.ledger import Ledger
from harness.records.lent_evidence import EvidenceLender
from harness.records.registrations import KIND as REGISTRATION
from harness.records.runs import as_json, from_json
from harness.values.canonical import canonical
from harness.values.runs import Run

Frame = dict[str, Any]
PAGE = 20_000  # entries of one answer
CHUNK = 20  # bodies that are read at once
MOST = 16 * 1024 * 1024  # characters of bodies in one answer, after which no further chunk is added


class LentStorage:
    """The entries of a ledger that another process holds; `exchange` asks it, and returns its answer."""

    def __init__(self, exchange: Callable[[Frame], Frame]) -> None:
        self._exchange = exchange
        self._turn = threading.Lock()
        self.name = str(self.ask("name"))

    def ask(self, what: str, **about: object) -> Any:
        """Return what the other process answers. HarnessError if it refuses."""
        with self._turn:
            answer = self._exchange({"ask": what, **about})
        if "refused" in answer:
            raise (UsageError if answer.get("usage") else HarnessError)(answer["refused"])
        return answer["answer"]

    def entries(self, project: str) -> Sequence[Entry]:
        """Return the project's entries, oldest first, as they are kept."""
        found: list[Entry] = []
        while page := self.ask("entries", start=len(found)):
            found += map(Entry._make, page)
        return found

    def bodies(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Return the bodies of the entries with these numbers, those that there are."""
        found: dict[int, str] = {}
        missing = list(numbers)
        while missing and (page := dict(self.ask("bodies", numbers=missing))):
            found |= page
            missing = [number for number in missing if number not in found]
        return found

    def projects(self) -> Sequence[str]:
        """Return the projects that have runs, by name."""
        return list(self.ask("projects"))

    def append(self, project: str, kind: str, id: str, body: str, columns: Columns) -> str:
        """Append an entry; return its digest. HarnessError if it is none that a process may add which measures."""
        return str(self.ask("append", kind=kind, id=id, body=body, columns=dict(columns)))

    @property
    def signs(self) -> bool:
        """Tell whether somebody is named who signs."""
        return bool(self.ask("signs"))

    def sign(self, run: Run) -> str:
        """Return the signed statement of a run, which the other process signs and keeps."""
        return str(self.ask("sign", run=canonical(as_json(run))))


@dataclass(kw_only=True)
class Lender:
    """What a process that holds a ledger and perhaps a key does for one that measures, and nothing else.

    `sign` signs and keeps the statement of a run; with `records`, of those alone that were recorded through here.
    `sign_registration` does so of what a run is going to ask, by id, body and columns, as soon as that is recorded.
    """

    ledger: Ledger
    name: str
    sign: Callable[[Run], str] | None = None
    sign_registration: Callable[[str, str, Columns], None] | None = None
    records: bool = True
    evidence: EvidenceLender = field(default_factory=lambda: EvidenceLender(store=None))
    _recorded: set[str] = field(default_factory=set)
    _entries: Sequence[Entry] = ()

    def answer(self, asked: Frame) -> Frame:
        """Return the answer to what was asked, or why it is refused."""
        answers: Mapping[str, Callable[[Frame], object]] = {
            "name": lambda _: self.name,
            "signs": lambda _: self.sign is not None,
            "entries": self._page_of_entries,
            "bodies": self._page_of_bodies,
            "projects": lambda _: self.ledger.projects(),
            "append": self._append,
            "sign": self._sign,
            **self.evidence.answers(),
        }
        try:
            return {"answer": answers[asked["ask"]](asked)}
        except HarnessError as error:
            return {"refused": str(error), "usage": isinstance(error, UsageError)}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return {"refused": f"the process that measures asked for what nobody does: {type(error).__name__}: {error}"}

    def _page_of_entries(self, asked: Frame) -> Sequence[Entry]:
        if asked["start"] == 0:
            self._entries = self.ledger.entries()
        return self._entries[asked["start"] : asked["start"] + PAGE]

    def _page_of_bodies(self, asked: Frame) -> Sequence[tuple[int, str]]:
        wanted = set(asked["numbers"])
        entries = [entry for entry in self._entries if entry.seq in wanted]
        found: list[tuple[int, str]] = []
        while len(found) < len(entries) and sum(len(body) for _, body in found) < MOST:
            chunk = entries[len(found) : len(found) + CHUNK]
            found += zip((entry.seq for entry in chunk), self.ledger.bodies(chunk), strict=True)
        return found

    def _append(self, asked: Frame) -> str:
        if not self.records:
            raise HarnessError("nothing is recorded with --no-record")
        if asked["kind"] == REGISTRATION:
            return self._register(asked)
        if asked["kind"] != "run":
            raise HarnessError(f"a process that measures adds runs and registrations, and asked to add {asked['kind']}")
        run = self._read_run(asked["body"])
        digest = self.ledger.record_run(run)
        self._recorded.add(canonical(as_json(run)))
        return digest

    def _register(self, asked: Frame) -> str:
        id, body, columns = asked["id"], asked["body"], asked["columns"]
        digest = self.ledger.record(REGISTRATION, id, body, **columns)
        if self.sign_registration:
            self.sign_registration(id, body, columns)
        return digest

    def _sign(self, asked: Frame) -> str:
        run = self._read_run(asked["run"])
        if self.sign is None:
            raise HarnessError("nobody is named who signs")
        if self.records and canonical(as_json(run)) not in self._recorded:
            raise HarnessError(f"run {run.id} was not recorded, so it is not signed")
        return self.sign(run)

    def _read_run(self, text: str) -> Run:
        """Return the run of a text: of this ledger's project, and with the digest that it states."""
        run = from_json(text)
        if run.project != self.ledger.project:
            raise HarnessError(f"run {run.id} is of project {run.project!r}, and this one is {self.ledger.project!r}")
        if run_digest(run) != run.digest:
            raise HarnessError(f"run {run.id} has not the digest that it states")
        return run
