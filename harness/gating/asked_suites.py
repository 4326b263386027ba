"""The suites that a gate asks for, as their files stand when it decides, and runs held to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.values.decisions import GateFinding
from harness.values.keys import metric_key
from harness.values.requirements import Requirement
from harness.values.runs import Run

Scalar = str | int | float | bool


@dataclass(frozen=True, kw_only=True)
class AskedSuite:
    """A suite as it stands when a gate decides, with the parameters that the gate pins.

    `requirements` are those of each step, `unwaivable` the steps for which no waiver stands. A suite that is asked for
    by name alone has no file, and is not compared.
    """

    name: str
    file: str = ""
    digest: str = ""
    params: Mapping[str, Scalar] = field(default_factory=dict)
    requirements: Sequence[tuple[str, Requirement]] = ()
    unwaivable: Sequence[str] = ()


def find_changes(suite: AskedSuite, run: Run) -> Iterator[GateFinding]:
    """Yield why a run did not hold the suite that is asked for: another file, other parameters, other requirements."""
    reasons = list(_compare_params(suite, run)) if suite.file else []
    if suite.file and run.suite_digest != suite.digest:
        reasons.append(f"its run held another {suite.file} than the one that stands there now; run the suite again")
    elif not reasons and suite.file:
        yield from _compare_requirements(suite, run)
    yield from (GateFinding(outcome="error", suite=suite.name, reason=reason) for reason in reasons)


def name_warnings(suites: Sequence[AskedSuite]) -> Iterator[str]:
    """Yield which suites are asked for by name alone, as any file of that name would do."""
    for suite in suites:
        if not suite.file:
            yield (
                f"suite {suite.name!r} is asked for by name alone, and any file of that name would do; "
                f"name the file, as in `suites: [../{suite.name}.suite.yaml]`"
            )


def _compare_params(suite: AskedSuite, run: Run) -> Iterator[str]:
    for name, pinned in suite.params.items():
        if run.params.get(name) != pinned:
            found = run.params.get(name, "nothing")
            yield f"its run was given {name}={found}; this gate asks for {name}={pinned}: run the suite so"


def _compare_requirements(suite: AskedSuite, run: Run) -> Iterator[GateFinding]:
    """Yield each requirement of the suite that the run did not judge, and each that it judged instead."""
    judged = [(verdict.step, verdict.requirement) for verdict in run.verdicts]
    for step, requirement in suite.requirements:
        if (step, requirement) not in judged:
            key = metric_key(step, requirement.metric, {})
            reason = f"this gate asks for {requirement.bound}, and its run did not judge that: the record was changed"
            yield GateFinding(outcome="error", suite=suite.name, key=key, reason=reason)
    foreign = [(step, requirement) for step, requirement in judged if (step, requirement) not in suite.requirements]
    for step, requirement in foreign[:1]:
        key = metric_key(step, requirement.metric, {})
        reason = f"its run judged {requirement.bound}, which the suite does not ask for: the record was changed"
        yield GateFinding(outcome="error", suite=suite.name, key=key, reason=reason)
