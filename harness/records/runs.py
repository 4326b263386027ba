"""Turns runs and decisions into JSON and back."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.values.decisions import GateDecision
from harness.values.runs import Run
from harness.values.versions import RECORD_VERSION

Value = TypeVar("Value")
RUN = TypeAdapter(Run)
DECISION = TypeAdapter(GateDecision)


def as_json(run: Run) -> dict[str, Any]:
    """Return a run as plain JSON values, its outcome first."""
    return {"outcome": run.outcome, **RUN.dump_python(run, mode="json")}


def from_json(text: str) -> Run:
    """Return the run that a JSON text records."""
    document = _read_record(text, "run")
    document.pop("outcome", None)
    return _validate_record(RUN, document, "run")


def decision_as_json(decision: GateDecision) -> dict[str, Any]:
    """Return a decision as plain JSON values."""
    found: dict[str, Any] = DECISION.dump_python(decision, mode="json")
    return found


def decision_from_json(text: str) -> GateDecision:
    """Return the decision that a JSON text records."""
    return _validate_record(DECISION, _read_record(text, "decision"), "decision")


def _read_record(text: str, kind: str) -> dict[str, Any]:
    document = _load_object(text, kind)
    version = document.get("record_version")
    if type(version) is not int or version != RECORD_VERSION:
        found = "no record_version" if version is None else f"version {version!r}"
        message = f"a recorded {kind} cannot be read: written by {found}; this one reads {RECORD_VERSION}"
        raise HarnessError(f"{message}; use the harness that wrote it, or start a new ledger")
    return document


def _load_object(text: str, kind: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HarnessError(f"a recorded {kind} is no JSON: {error}; restore it from a copy") from error
    if not isinstance(document, dict):
        raise HarnessError(f"a recorded {kind} is no JSON object but {type(document).__name__}; restore it from a copy")
    return document


def _validate_record(kind: TypeAdapter[Value], document: Mapping[str, Any], name: str) -> Value:
    try:
        return kind.validate_python(document)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
        raise HarnessError(f"a recorded {name} cannot be read ({found}); it was written by another version") from error


def summary(runs: Sequence[Run], outcome: str) -> Mapping[str, Any]:
    """Return what `summary.json` holds: the outcome of all, and each suite's run and digest."""
    suites = [
        {
            "suite": run.suite,
            "outcome": run.outcome,
            "run": run.id,
            "digest": run.digest,
            "candidate": run.candidate.revision,
        }
        for run in runs
    ]
    return {"outcome": outcome, "suites": suites}
