"""The report `otel`: each verdict as an OpenTelemetry event `gen_ai.evaluation.result`, in OTLP's JSON form."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from harness import Report, Reporter, Run, Verdict, hookimpl, write_atomic

FILE = "evaluations.otlp.json"
EVENT = "gen_ai.evaluation.result"
INFO, WARN = 9, 13  # severity numbers of OpenTelemetry's logs


def report(found: Report, out: Path) -> str:
    """Write the verdicts of all runs as one request that a collector takes at `/v1/logs`."""
    logs = [_resource_logs(run) for run in found.runs]
    path = write_atomic(out / FILE, json.dumps({"resourceLogs": logs}, ensure_ascii=False, allow_nan=False))
    return f"wrote {path}: {sum(len(run.verdicts) for run in found.runs)} events {EVENT}"


def _resource_logs(run: Run) -> Mapping[str, Any]:
    about = {"service.name": run.candidate.revision, "service.version": run.candidate.digest}
    records = [_record(run, verdict) for verdict in run.verdicts]
    scope = {"name": "promotion-harness", "version": run.environment.get("harness", "")}
    return {
        "resource": {"attributes": list(_attributes(about))},
        "scopeLogs": [{"scope": scope, "logRecords": records}],
    }


def _record(run: Run, verdict: Verdict) -> Mapping[str, Any]:
    """Return a verdict as a log record with the event's name; what was not measured has an error, and no score."""
    return {
        "timeUnixNano": str(_nanoseconds(run.finished)),
        "eventName": EVENT,
        "severityNumber": INFO if verdict.outcome == "pass" else WARN,
        "attributes": list(_attributes({**_standard(verdict), **_own(run, verdict)})),
    }


def _standard(verdict: Verdict) -> Mapping[str, object]:
    """Return the attributes that OpenTelemetry's conventions name."""
    return {
        "gen_ai.evaluation.name": verdict.name,
        "gen_ai.evaluation.score.value": verdict.estimate.value if verdict.estimate else None,
        "gen_ai.evaluation.score.label": verdict.outcome,
        "gen_ai.evaluation.explanation": verdict.reason,
        "error.type": "not_measured" if verdict.outcome == "error" else None,
    }


def _own(run: Run, verdict: Verdict) -> Mapping[str, object]:
    """Return who evaluated, in which version, and the interval: the conventions name none of them."""
    name, version = _evaluator(run, verdict)
    found = verdict.estimate
    return {
        "harness.evaluator.name": name,
        "harness.evaluator.version": version,
        "harness.interval.lower": found.lower if found else None,
        "harness.interval.upper": found.upper if found else None,
        "harness.interval.level": found.level if found else None,
        "harness.n": found.n if found else None,
        "harness.run.id": run.id,
        "harness.run.digest": run.digest,
        "harness.suite": run.suite,
        "harness.step": verdict.step,
        "harness.severity": verdict.requirement.severity,
    }


def _evaluator(run: Run, verdict: Verdict) -> tuple[str, str]:
    """Return the judge and its digest, where a judge scored; else the check and the version of its plugin."""
    said = [text for each in run.measured.get(("candidate", verdict.key), ()) if (text := each.evidence.get("judge"))]
    if said:
        name, _, digest = said[0].partition(" ")
        return name, digest
    return verdict.check, run.plugins.get(verdict.check.partition(".")[0], "")


def _attributes(values: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
    """Yield attributes as OTLP has them; what is None is left out."""
    for key, value in values.items():
        if isinstance(value, float):
            yield {"key": key, "value": {"doubleValue": value}}
        elif isinstance(value, int):
            yield {"key": key, "value": {"intValue": str(value)}}
        elif value is not None:
            yield {"key": key, "value": {"stringValue": str(value)}}


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


@hookimpl
def harness_reporters() -> Mapping[str, Reporter]:
    """Offer `--report otel`."""
    return {"otel": report}
