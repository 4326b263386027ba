"""What a gate decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from harness.values.identity import Identity
from harness.values.keys import MetricKey
from harness.values.outcomes import GateOutcome
from harness.values.versions import RECORD_VERSION


@dataclass(frozen=True, kw_only=True)
class GateFinding:
    """One thing a gate found, and what it makes of the outcome: about a metric, a suite, or the candidate itself."""

    outcome: GateOutcome
    reason: str
    suite: str = ""
    key: MetricKey | None = None

    def __str__(self) -> str:
        return self.line(str(self.key or ""))

    def line(self, name: str) -> str:
        """Return the finding with the metric under this name: `fail: fraud: recall: at most 62 % ...`."""
        outcome = "" if self.outcome == "pass" else self.outcome
        return ": ".join(filter(None, (outcome, self.suite, name, self.reason)))


@dataclass(frozen=True, kw_only=True)
class GateDecision:
    """What a gate decided for one candidate, why, what to beware of, and on what exactly.

    `findings` are all of them if it passes, else those against it, the worst first. `gate_digest` is of the gate as
    it was read. By suite: `runs` are the digests of the runs that were decided on, `suites` those of the suite files
    they held, `datasets` those of each dataset, `plugins` the distribution and version of each plugin. `policy` is the
    commit that gate and suites were read from, if not from the working tree. One that is not `enforced` blocks nothing.
    `approvals` say who approved and how, where that was asked; `waived` are the digests of the signed waivers used.
    Where several candidates were decided about at once, `parts` names each, and `candidate` is all of them together.
    """

    record_version: int = RECORD_VERSION
    project: str
    gate: str
    gate_digest: str
    candidate: Identity
    outcome: GateOutcome
    findings: tuple[GateFinding, ...]
    warnings: tuple[str, ...] = ()
    runs: Mapping[str, str]
    suites: Mapping[str, str]
    datasets: Mapping[str, Mapping[str, str]]
    plugins: Mapping[str, Mapping[str, str]]
    decided: datetime
    blocks: bool
    policy: str = ""
    enforced: bool = True
    approvals: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    parts: Mapping[str, Identity] = field(default_factory=dict)

    @property
    def would_block(self) -> bool:
        """Tell whether this blocks nothing only because its stage is not enforced yet."""
        return not self.enforced and self.outcome in ("fail", "error", "inconclusive")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the findings as lines."""
        return tuple(map(str, self.findings))
