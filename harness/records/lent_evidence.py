"""Evidence in an object store, lent with the ledger: who opens one can often write to the other.

The process that measures reads and adds files that are named by a digest. It changes and removes none.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError

if TYPE_CHECKING:
    from harness.records.evidence_store import Bundle  # Arrow, which a ledger does without

NAME = re.compile(r"[0-9a-f]{64}(\.\w+)?")
PART = 16 * 1024 * 1024  # bytes of a file that are sent at once
Ask = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class LentFiles:
    """The files of evidence that another process holds, as it answers `ask`."""

    ask: Ask

    def contains(self, name: str) -> bool:
        """Tell whether a file is there."""
        return bool(self.ask("evidence_contains", name=name))

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        found = bytearray()
        while part := b64decode(self.ask("evidence_read", name=name, start=len(found))):
            found += part
        return bytes(found)

    def write(self, name: str, content: bytes) -> None:
        """Add a file."""
        for start in range(0, len(content), PART):
            self.ask("evidence_part", name=name, part=b64encode(content[start : start + PART]).decode())
        self.ask("evidence_write", name=name)

    def list(self, folder: str) -> Sequence[str]:
        """Raise: who measures lists nothing."""
        raise HarnessError(f"the files of {folder!r} are not listed for the process that measures")

    def delete(self, name: str) -> None:
        """Raise: who measures removes nothing."""
        raise HarnessError(f"evidence {name} is not removed for the process that measures")


@dataclass(kw_only=True)
class EvidenceLender:
    """What the process that holds the evidence does for the one that measures; with no store, that opens its own."""

    store: "Bundle | None"
    _parts: dict[str, list[bytes]] = field(default_factory=dict)
    _last: tuple[str, bytes] = ("", b"")

    def answers(self) -> Mapping[str, Callable[[Mapping[str, Any]], object]]:
        """Return what is answered to each question."""
        return {
            "evidence": lambda _: self.store and self.store.where,
            "evidence_contains": lambda asked: _name(asked) in self._lent(),
            "evidence_read": self._read,
            "evidence_part": lambda asked: self._parts.setdefault(_name(asked), []).append(b64decode(asked["part"])),
            "evidence_write": self._write,
        }

    def _lent(self) -> "Bundle":
        if self.store is None:
            raise HarnessError("no evidence is lent, as it lies in a folder")
        return self.store

    def _read(self, asked: Mapping[str, Any]) -> str:
        name, start = _name(asked), asked["start"]
        if start == 0:
            self._last = (name, self._lent().read(name))
        if self._last[0] != name:
            raise HarnessError(f"evidence {name} is read from its start")
        return b64encode(self._last[1][start : start + PART]).decode()

    def _write(self, asked: Mapping[str, Any]) -> None:
        name = _name(asked)
        content = b"".join(self._parts.pop(name, ()))
        store = self._lent()
        if name not in store:
            store.write(name, content)
        elif store.read(name) != content:
            raise HarnessError(f"evidence {name} in {store.where} is there already, with another content")


def lent_store(ask: Ask) -> "Bundle | None":
    """Return the store of evidence that another process lends; None where this one opens its own."""
    from harness.records.evidence_store import Bundle  # noqa: PLC0415 - see above

    where = ask("evidence")
    return Bundle(where=where, files=LentFiles(ask=ask)) if where else None


def _name(asked: Mapping[str, Any]) -> str:
    name = str(asked["name"])
    if not NAME.fullmatch(name):
        raise HarnessError(f"evidence {name!r} is not lent: its name is no digest")
    return name
