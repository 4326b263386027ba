"""Turns runs and decisions into canonical JSON and into the digest that names what was found."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.errors import HarnessError
from harness.values.decisions import GateDecision
from harness.values.runs import Run

RUN = TypeAdapter(Run)
DECISION = TypeAdapter(GateDecision)
PASSING = ("id", "digest", "started", "finished", "as_of", "cost", "environment", "trigger", "origin")


def canonical(value: object) -> str:
    """Return JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_pretty(value: object) -> str:
    """Return JSON for people and files: indented, keys in the order given."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(text: str) -> str:
    """Return `sha256:` and the hexadecimal digest of a text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def run_digest(run: Run) -> str:
    """Return the digest of what a run found, the same for serial and parallel runs of the same thing.

    It leaves out id, times, clock, cost, host, trigger and the order of measurements and verdicts.
    """
    found = {key: value for key, value in as_json(run).items() if key not in PASSING}
    for listed in ("measurements", "verdicts"):
        found[listed] = sorted(map(canonical, found[listed]))
    return sha256(canonical(found))


def as_json(run: Run) -> dict[str, Any]:
    """Return a run as plain JSON values, its outcome first."""
    return {"outcome": run.outcome, **RUN.dump_python(run, mode="json")}


def from_json(text: str) -> Run:
    """Return the run that a JSON text records."""
    document = json.loads(text)
    document.pop("outcome", None)
    try:
        return RUN.validate_python(document)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:3])
        raise HarnessError(f"a recorded run cannot be read ({found}); it was written by another version") from error


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
