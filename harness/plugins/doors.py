"""The one door to language models: what a run asks of whoever opens it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from harness.values.calls import Calls, Replay
from harness.values.cost import Cost


@dataclass(frozen=True, kw_only=True)
class DoorOptions:
    """How models are called: the project's folder, where answers are kept, what may be replayed and spent.

    `budget` is in the currency of the prices; None has no limit. `environ` holds the keys, by their names.
    """

    root: Path
    store: Path
    replay: Replay = "off"
    budget: Decimal | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


class Door(Protocol):
    """An open door: all calls of a run's steps go through it, and it knows what they took."""

    def urls(self, suite: str, step: str, endpoints: Mapping[str, str]) -> Mapping[str, str]:
        """Return where a step of a suite reaches its endpoints; one that the door does not lead to is a UsageError."""

    def cost(self, suite: str, step: str) -> Cost:
        """Return what a step's calls took so far."""

    def calls(self, suite: str, step: str) -> Calls | None:
        """Return how a step's calls were answered so far; None if it made none."""

    def keep(self) -> None:
        """Keep what was recorded, as all runs ended; without it, answers are kept for whoever resumes."""


OpenDoor = Callable[[DoorOptions], AbstractContextManager[Door]]
