"""What a rail is, and what it looks at: the turns of a chat, the passages that were found, the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag_target.index import Hit

Stage = Literal["input", "retrieval", "output"]


class Unproven(Exception):
    """A rail did not do its work, so nobody knows whether what it should have looked at is safe."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """What has been said so far: all turns of the chat, the question last; passages; the answer."""

    turns: Sequence[str]
    hits: Sequence[Hit] = ()
    answer: str = ""

    @property
    def question(self) -> str:
        """Return the question."""
        return self.turns[-1]


class Rail(Protocol):
    """Looks at one stage of an exchange."""

    @property
    def name(self) -> str:
        """Return what it is called in a policy."""

    @property
    def stage(self) -> Stage:
        """Return what it looks at."""

    @property
    def sentinel(self) -> Exchange:
        """Return what it must find, whatever else it finds."""

    def flags(self, exchange: Exchange) -> Sequence[bool]:
        """Tell of each text of its stage (each passage, for retrieval) whether it is to be held back."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rail said of the texts of its stage."""

    rail: str
    flags: Sequence[bool]

    @property
    def found(self) -> bool:
        """Tell whether anything is to be held back."""
        return any(self.flags)


class Engine(Protocol):
    """Runs the rails of a stage in their order."""

    def run(self, stage: Stage, exchange: Exchange) -> Sequence[Finding]:
        """Return what each rail found, up to the first that blocks (of passages: of all); Unproven if one fails."""


def look(rail: Rail, exchange: Exchange) -> Finding:
    """Return what a rail finds; Unproven if it raises, or says anything but true or false of each text."""
    try:
        flags = rail.flags(exchange)
    except Exception as failure:
        raise Unproven(f"rail {rail.name!r} raised {type(failure).__name__}") from failure
    wanted = len(exchange.hits) if rail.stage == "retrieval" else None
    if not isinstance(flags, list | tuple) or any(flag is not True and flag is not False for flag in flags):
        raise Unproven(f"rail {rail.name!r} answered something else than a list of true and false")
    if not flags if wanted is None else len(flags) != wanted:
        raise Unproven(f"rail {rail.name!r} looked at {len(flags)} texts, of {wanted or 'at least one'}")
    return Finding(rail=rail.name, flags=flags)
