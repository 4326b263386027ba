"""The last step of a run: makes one record of its steps, wherever each of them was measured."""

import platform
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import TypeVar

from harness.errors import HarnessError
from harness.judging.judge import read_together
from harness.records.digests import fields_digest
from harness.running.judging import JudgedStep
from harness.running.options import RunOptions
from harness.suite.suites import Suite
from harness.values.calls import join_calls
from harness.values.cost import total_cost
from harness.values.runs import Run
from harness.values.versions import RECORD_VERSION

ENVIRONMENT = {
    "harness": version("promotion-harness"),
    "python": platform.python_version(),
    "system": platform.system(),
    "machine": platform.machine(),
}
Value = TypeVar("Value")


def assemble_run(suite: Suite, steps: Sequence[JudgedStep], options: RunOptions) -> Run:
    """Return the record of a suite whose steps are judged.

    Steps that saw another candidate, baseline or table are an error: then there is no one thing to judge.
    """
    candidates = {step.inputs.candidate.revision: None for step in steps}
    if any(step.inputs.candidate != steps[0].inputs.candidate for step in steps):
        raise HarnessError(
            f"suite {suite.name!r}: the steps saw different candidates: {' and '.join(candidates)}; "
            f"pin the version and run again"
        )
    if any(step.inputs.suite_digest != suite.digest for step in steps):
        raise HarnessError(f"suite {suite.name!r}: its file changed while its steps were measured; run again")
    measurements = [measurement for step in steps for measurement in step.finished.measurements]
    verdicts = [verdict for step in steps for verdict in step.verdicts]
    record = partial(
        Run,
        record_version=RECORD_VERSION,
        id=uuid.uuid4().hex[:12],
        project=options.project,
        suite=suite.name,
        suite_digest=suite.digest,
        candidate=steps[0].inputs.candidate,
        baselines=_merge(suite, "baseline", [step.inputs.baselines for step in steps]),
        datasets=_merge(suite, "dataset", [step.inputs.datasets for step in steps]),
        plugins=_merge(suite, "plugin", [step.finished.plugins for step in steps]),
        environment=ENVIRONMENT,
        params=suite.values,
        trigger=options.trigger,
        origin=options.origin,
        seed=options.seed,
        as_of=options.as_of,
        started=min(step.started for step in steps),
        finished=max(step.ended for step in steps),
        cost=total_cost(step.finished.cost for step in steps),
        calls=join_calls(step.finished.calls for step in steps),
        earlier=tuple(dict.fromkeys(id for step in steps for id in step.earlier)),
        measurements=tuple(measurements),
        verdicts=tuple(read_together(verdicts, measurements)),
    )
    return record(digest=fields_digest(Run, record.keywords))


def _merge(suite: Suite, what: str, seen: Sequence[Mapping[str, Value]]) -> Mapping[str, Value]:
    merged: dict[str, Value] = {}
    for name, value in (pair for mapping in seen for pair in mapping.items()):
        if merged.setdefault(name, value) != value:
            raise HarnessError(
                f"suite {suite.name!r}: {what} {name!r} changed while its steps were measured; run again"
            )
    return merged
