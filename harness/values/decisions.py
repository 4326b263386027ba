"""What a gate decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.values.identity import Identity
from harness.values.outcomes import GateOutcome
from harness.values.versions import RECORD_VERSION


@dataclass(frozen=True, kw_only=True)
class GateDecision:
    """What a gate decided for one candidate, why, what to beware of, and on what exactly.

    `gate_digest` is of the gate as it was read. By suite: `runs` are the digests of the runs that were decided on,
    `suites` those of the suite files they held, `datasets` those of each dataset, `plugins` the distribution and
    version of each plugin.
    """

    record_version: int = RECORD_VERSION
    project: str
    gate: str
    gate_digest: str
    candidate: Identity
    outcome: GateOutcome
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    runs: Mapping[str, str]
    suites: Mapping[str, str]
    datasets: Mapping[str, Mapping[str, str]]
    plugins: Mapping[str, Mapping[str, str]]
    decided: datetime
    blocks: bool
