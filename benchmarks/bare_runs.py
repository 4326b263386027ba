"""A run as the gate and later looks read it, without a suite or a table: for benchmarks that judge by themselves."""

from collections.abc import Sequence
from datetime import datetime

from harness.values.canonical import sha256
from harness.values.identity import Identity
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.verdicts import Verdict

SUITE = "s"


def bare_run(
    who: Identity,
    at: datetime,
    verdicts: Sequence[Verdict],
    measurements: Sequence[Measurement] = (),
    champion: Identity | None = None,
) -> Run:
    """Return the run of the one suite there is, judged at a moment."""
    return Run(
        id=f"{at:%y%m%d}",
        digest=sha256(f"{at}"),
        project="p",
        suite=SUITE,
        suite_digest=sha256(SUITE),
        candidate=who,
        baselines={"champion": champion} if champion else {},
        verdicts=tuple(verdicts),
        measurements=tuple(measurements),
        as_of=at,
        started=at,
        finished=at,
    )
