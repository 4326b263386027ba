"""A stage that moves: where it is recorded, which registries it moves, and whom it trusts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Signer

from harness.errors import HarnessError
from harness.files import write_atomic
from harness.promotion.moves import Move, read_moves
from harness.promotion.registries import Registry
from harness.records.entries import Entry
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.locks import StillLocked
from harness.signing.anchors import drop_anchor, find_loss, keep_anchor
from harness.signing.envelopes import sign_statement
from harness.signing.statements import Statement
from harness.signing.trust import Trust
from harness.signing.verifying import verify
from harness.values.identity import Identity, short_identity

SUFFIX = ".intoto.json"


@contextmanager
def before_moving() -> Iterator[None]:
    """Say of whatever goes wrong inside that nothing was moved."""
    try:
        yield
    except HarnessError as error:
        raise type(error)(f"nothing was moved: {error}") from error


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage with all that promoting to it takes.

    `store` is where evidence and anchors are kept, `lock` keeps out others, `out` is where statements are written.
    """

    project: str
    name: str
    registries: Sequence[Registry]
    ledger: Ledger
    store: Bundle
    trust: Trust
    lock: Callable[[], AbstractContextManager[StillLocked]]
    out: Path

    @property
    def model(self) -> str:
        """Return the registered model that is promoted, where a registry knows one."""
        return next((name for each in self.registries if isinstance(name := each.config.get("model"), str)), "")

    def entries(self) -> Sequence[Entry]:
        """Return the ledger's entries."""
        return self.ledger.entries()

    def moves(self, entries: Sequence[Entry]) -> Sequence[Move]:
        """Return the moves of this stage among them."""
        return read_moves(self.ledger, entries, self.name)

    def loss(self, entries: Sequence[Entry]) -> str:
        """Return what the ledger lost of what is signed and kept beside the evidence, in words; nothing if whole."""
        return find_loss(self.store, self.ledger, entries, self.project, self.trust)

    def whole_entries(self) -> Sequence[Entry]:
        """Return the ledger's entries. HarnessError if it lost some: it would not say who was promoted, or revoked."""
        entries = self.entries()
        loss = self.loss(entries)
        if loss:
            raise HarnessError(f"nothing was moved: {loss}")
        return entries

    def keep(self, move: Move) -> None:
        """Keep the statement of a move beside the evidence, where it anchors the ledger."""
        keep_anchor(self.store, move.envelope)

    def forget(self, move: Move) -> None:
        """Keep the statement of a move that moved nothing no longer; what a store does not delete stays."""
        with suppress(HarnessError):
            drop_anchor(self.store, move.envelope)

    def served(self) -> Identity | None:
        """Return who is promoted now. HarnessError if the registries do not agree, which no move leaves behind."""
        found = {registry.name: registry.read_back() for registry in self.registries}
        if len({who.key if who else None for who in found.values()}) > 1:
            shown = ", ".join(f"{name} has {short_identity(who) if who else 'nobody'}" for name, who in found.items())
            raise HarnessError(f"the registries of {self.name} do not agree: {shown}; set them by hand to the same one")
        return next(iter(found.values()))

    def sign(self, statement: Statement, signer: Signer, now: datetime) -> str:
        """Return a signed statement, which this stage's own trust accepts; else HarnessError, and nothing is kept."""
        text = sign_statement(statement, [signer])
        self.verify(text, statement.predicate_type, now)
        return text

    def verify(self, text: str, predicate_type: str, now: datetime | None = None) -> None:
        """Refuse a signed statement that whom the project trusts did not make for this stage: Untrusted."""
        verify(text, self.trust, predicate_type=predicate_type, project=self.project, stage=self.name, now=now)

    def write(self, statement: Statement, text: str) -> Path:
        """Write a signed statement and return its file."""
        path = self.out / f"{self.name}-{statement.name}-{statement.digest[7:19]}{SUFFIX}"
        try:
            return write_atomic(path, text)
        except OSError as error:
            raise HarnessError(f"{path} was not written: {error}; nothing was moved, make room there") from error
