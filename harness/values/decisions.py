"""What a gate decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.values.identity import Identity
from harness.values.outcomes import GateOutcome


@dataclass(frozen=True, kw_only=True)
class GateDecision:
    """What a gate decided for one candidate, why, what to beware of, and from which runs."""

    project: str
    gate: str
    candidate: Identity
    outcome: GateOutcome
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    runs: Mapping[str, str]
    decided: datetime
    blocks: bool
