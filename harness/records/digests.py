"""The digests of runs and decisions: which of their fields enter is written out, so that new fields change none."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any

from harness.values.calls import Calls
from harness.values.canonical import canonical, sha256
from harness.values.decisions import GateDecision, GateFinding
from harness.values.identity import Identity
from harness.values.keys import MetricKey
from harness.values.measurements import CrossCheck, Measurement
from harness.values.requirements import Requirement
from harness.values.runs import Data, Run
from harness.values.samples import Sample
from harness.values.verdicts import Estimate, Look, Verdict

# Of a run, all but its id, times, clock, cost, host, trigger and front door: what was found, whoever looked and when.
# Of a sample, what names its rows by their content, and not where or how much of them is stored.
ENTERS: Mapping[type, tuple[str, ...]] = {
    Run: (
        "record_version",
        "project",
        "suite",
        "suite_digest",
        "candidate",
        "baselines",
        "datasets",
        "plugins",
        "params",
        "seed",
        "measurements",
        "verdicts",
    ),
    Identity: ("revision", "digest", "parts"),
    Data: ("uri", "digest", "rows", "filters", "latest", "judged", "provenance"),
    Measurement: (
        "check",
        "step",
        "target",
        "metric",
        "labels",
        "sample",
        "better",
        "unit",
        "event",
        "evidence",
        "failure",
        "readings",
    ),
    CrossCheck: ("own", "beside", "then", "says"),
    Sample: ("statistic", "counts", "digest"),
    Calls: ("replay", "answers", "replayed"),  # not which of them were sent now, which are the same answers
    Verdict: (
        "check",
        "step",
        "metric",
        "labels",
        "outcome",
        "reason",
        "requirement",
        "estimate",
        "n_needed",
        "plans",
        "statistic",
        "better",
        "unit",
        "event",
        "notes",
        "look",
    ),
    Requirement: (
        "metric",
        "at_least",
        "at_most",
        "versus",
        "lose_at_most",
        "gain_at_least",
        "plan_for",
        "severity",
        "alpha",
        "looks",
        "where",
        "scope",
    ),
    Estimate: ("value", "lower", "upper", "level", "n", "n_eff", "method", "hits", "clusters", "p_fail"),
    Look: ("number", "planned", "evidence", "joined", "alone", "spent"),
    MetricKey: ("step", "metric", "labels"),
    GateFinding: ("outcome", "reason", "suite", "key"),
    GateDecision: (
        "record_version",
        "project",
        "gate",
        "gate_digest",
        "candidate",
        "outcome",
        "findings",
        "warnings",
        "runs",
        "suites",
        "datasets",
        "plugins",
        "decided",
        "blocks",
    ),
}

# Fields added after version 1, each with the value at which it stays out: records of before keep their digest.
ADDED: Mapping[type, Mapping[str, object]] = {
    Run: {"calls": None},
    GateDecision: {"policy": "", "enforced": True, "approvals": (), "waived": (), "parts": {}},
    Estimate: {"p_pass": None},
    Requirement: {"look_after": None, "waivable": True},
    Measurement: {"asked": ""},
    Data: {"read": None, "repeated": 0},
    Look: {"alpha": None, "size": 0, "waiting": 0, "taken": None, "withdrawn": False, "corrected": 0.0, "alike": ()},
}

PLAIN = (str, int)
WHOLE = 2**53  # from here on not every whole number is a float


def run_digest(run: Run) -> str:
    """Return the digest of what a run found."""
    return fields_digest(type(run), vars(run))


def fields_digest(kind: type[Run], fields: Mapping[str, object]) -> str:
    """Return the digest of what a run with these fields found, the same for serial and parallel runs of one thing.

    The order of measurements and verdicts does not enter.
    """
    found = _plain_fields(kind, fields)
    for listed in ("measurements", "verdicts"):
        found[listed] = sorted(map(canonical, found[listed]))
    return sha256(canonical(found))


def decision_digest(decision: GateDecision) -> str:
    """Return the digest of what a gate decided, and when."""
    return sha256(canonical(_plain(decision)))


def _plain(value: object) -> Any:
    """Return a value as JSON holds it, the same before and after it was written down."""
    if value is None or isinstance(value, PLAIN):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < WHOLE else value
    if is_dataclass(value):
        return _plain_fields(type(value), vars(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return value


def _plain_fields(kind: type, fields: Mapping[str, object]) -> dict[str, Any]:
    later = {name for name, out in ADDED.get(kind, {}).items() if fields.get(name, out) != out}
    return {name: _plain(fields[name]) for name in (*ENTERS[kind], *later)}
