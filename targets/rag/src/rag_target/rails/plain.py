"""Runs rails one after the other in this process."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag_target.rails.stages import Exchange, Finding, Rail, Stage, look


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Rails in their order."""

    rails: Sequence[Rail]

    def run(self, stage: Stage, exchange: Exchange) -> Sequence[Finding]:
        """Return what each rail of a stage found; after one that blocks, none is asked."""
        found: list[Finding] = []
        for rail in self.rails:
            if rail.stage == stage:
                found.append(look(rail, exchange))
                if found[-1].found and stage != "retrieval":
                    break
        return found
