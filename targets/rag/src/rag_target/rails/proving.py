"""Proves that rails find what they must: each has a sentinel, and a rail that misses it is worth nothing."""

import time
from collections.abc import Callable, Sequence
from threading import Lock

from rag_target.rails.stages import Engine, Rail, Unproven, look

LASTS = 60.0  # seconds


def prove(rails: Sequence[Rail], engine: Engine) -> None:
    """Ask each rail for its sentinel, alone and as the engine runs it; Unproven if one is missed."""
    for rail in rails:
        if not look(rail, rail.sentinel).found:
            raise Unproven(f"rail {rail.name!r} missed its sentinel")
        if not any(each.found for each in engine.run(rail.stage, rail.sentinel)):
            raise Unproven(f"the engine let the sentinel of rail {rail.name!r} pass")


class Proof:
    """A proof that is asked for again after a minute, by whoever comes first."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask, self._lock, self._until = ask, Lock(), 0.0

    def renew(self) -> None:
        """Ask for the proof if there is none that is good."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._until = 0.0
                self._ask()
                self._until = time.monotonic() + LASTS
