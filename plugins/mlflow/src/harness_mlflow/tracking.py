"""Logs runs to MLflow, so that what was judged stands beside what was trained."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric
from pydantic import TypeAdapter

from harness import GateDecision, Report, Run, Verdict
from harness_mlflow.troubles import wrap_errors

UNFIT = re.compile(r"[^\w.\- ]")
LONGEST_NAME = 200
LONGEST_TAG = 5000
MOST_AT_ONCE = 1000
BOUNDS = ("value", "lower", "upper")
RUN, DECISION = TypeAdapter(Run), TypeAdapter(GateDecision)


def track(found: Report) -> str:
    """Log each run to the experiment of its project, or the decision on them alone; return where it is.

    The runs that a gate decides on were logged when they were made.
    """
    uri = mlflow.get_tracking_uri()
    what = "the decision" if found.decision else "the runs"
    with wrap_errors(f"MLflow at {_without_password(uri)} did not take {what}", "check MLFLOW_TRACKING_URI"):
        client = MlflowClient()
        logged = _log_decision(client, found.decision) if found.decision else _log_runs(client, found.runs)
    count = "decision" if found.decision else f"{len(found.runs)} run{'' if len(found.runs) == 1 else 's'}"
    places = [f"experiment {project!r} at {place(uri, number)}" for project, number in logged.items()]
    return f"MLflow  {count} logged to {', '.join(places)}"


def metrics_of(verdicts: Sequence[Verdict]) -> Mapping[str, float]:
    """Return value, lower and upper of each verdict, under names that MLflow takes and no two share."""
    found: dict[str, float] = {}
    used: Counter[str] = Counter()
    for verdict in verdicts:
        name = _name(verdict)
        used[name] += 1
        numbered = f"{name} {used[name]}" if used[name] > 1 else name
        bounds = {bound: getattr(verdict.estimate, bound, None) for bound in BOUNDS}
        found |= {f"{numbered}/{bound}": value for bound, value in bounds.items() if value is not None}
    return found


def place(uri: str, experiment: str) -> str:
    """Return the page of an experiment where a server shows it, else the store; without user and password."""
    shown = _without_password(uri)
    return f"{shown.rstrip('/')}/#/experiments/{experiment}" if shown.startswith("http") else shown


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


def _name(verdict: Verdict) -> str:
    versus = f" versus {verdict.requirement.versus}" if verdict.requirement.versus else ""
    labels = "".join(f" {label} {value}" for label, value in verdict.labels.items())
    return UNFIT.sub("_", f"{verdict.step}.{verdict.metric}{labels}{versus}")[:LONGEST_NAME]


def _log_runs(client: MlflowClient, runs: Sequence[Run]) -> Mapping[str, str]:
    experiments = {project: experiment_of(client, project) for project in sorted({run.project for run in runs})}
    for run in runs:
        _log(client, run, experiments[run.project])
    return experiments


def _log_decision(client: MlflowClient, decision: GateDecision) -> Mapping[str, str]:
    experiment, moment = experiment_of(client, decision.project), _stamp(decision.decided)
    tags = {
        "gate": decision.gate,
        "outcome": decision.outcome,
        "candidate": decision.candidate.revision,
        "candidate_digest": decision.candidate.digest,
    }
    made = client.create_run(experiment, start_time=moment, run_name=f"gate {decision.gate}", tags=_as_tags(tags))
    status = "FAILED"
    try:
        client.log_dict(made.info.run_id, DECISION.dump_python(decision, mode="json"), "decision.json")
        status = "FAILED" if decision.outcome == "error" else "FINISHED"
    finally:
        client.set_terminated(made.info.run_id, status, moment)
    return {decision.project: experiment}


def _log(client: MlflowClient, run: Run, experiment: str) -> None:
    with _track_run(client, run, experiment) as tracked:
        metrics = [Metric(name, value, _stamp(run.finished), 0) for name, value in metrics_of(run.verdicts).items()]
        for start in range(0, len(metrics), MOST_AT_ONCE):
            client.log_batch(tracked, metrics=metrics[start : start + MOST_AT_ONCE])
        client.log_dict(tracked, {"outcome": run.outcome, **RUN.dump_python(run, mode="json")}, "run.json")


@contextmanager
def _track_run(client: MlflowClient, run: Run, experiment: str) -> Iterator[str]:
    """Open an MLflow run; it ends as FAILED where nothing was measured, or where it could not be logged whole."""
    made = client.create_run(experiment, start_time=_stamp(run.started), run_name=run.suite, tags=_tags(run))
    status = "FAILED"
    try:
        yield made.info.run_id
        status = "FAILED" if run.outcome == "error" else "FINISHED"
    finally:
        client.set_terminated(made.info.run_id, status, _stamp(run.finished))


def experiment_of(client: MlflowClient, name: str) -> str:
    """Return the id of the experiment of that name, which is made where there is none."""
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _tags(run: Run) -> dict[str, str]:
    tags = {
        "suite": run.suite,
        "outcome": run.outcome,
        "candidate": run.candidate.revision,
        "candidate_digest": run.candidate.digest,
        "run": run.id,
        "run_digest": run.digest,
        "trigger": run.trigger,
    }
    return _as_tags(tags)


def _as_tags(values: Mapping[str, str | None]) -> dict[str, str]:
    return {f"harness.{name}": value[:LONGEST_TAG] for name, value in values.items() if value}


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
