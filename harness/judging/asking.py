"""Finds in an earlier run what is asked now, whatever its steps and its suite were called then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from harness.values.keys import MetricKey
from harness.values.measurements import Measurement
from harness.values.runs import Run
from harness.values.verdicts import Verdict

Found = TypeVar("Found", Measurement, Verdict)
Asked = tuple[str, str, tuple[tuple[str, str], ...]]


def rename_run(run: Run, measured: Sequence[Measurement]) -> Run:
    """Return a run with only what asked the same as some measurements of now, under the names of their steps.

    What was asked twice in the run stands once, judged by the verdicts of both: it was one look.
    """
    steps: dict[Asked, list[str]] = {}
    for key, asked in {measurement.key: _question(measurement) for measurement in measured}.items():
        steps.setdefault(asked, []).append(key.step)
    asked_by_key = {measurement.key: _question(measurement) for measurement in run.measurements}
    return replace(
        run,
        measurements=tuple(_rename_measurements(run, steps)),
        verdicts=tuple(
            _rename(verdict, step) for verdict in run.verdicts for step in _names_of(verdict.key, asked_by_key, steps)
        ),
    )


def _question(measurement: Measurement) -> Asked:
    """Return what a measurement answers; one that does not say so is known by its step."""
    return measurement.asked or measurement.step, measurement.metric, measurement.key.labels


def _rename_measurements(run: Run, steps: Mapping[Asked, Sequence[str]]) -> Sequence[Measurement]:
    found: dict[tuple[str, Asked, str], Measurement] = {}
    for measurement in run.measurements:
        asked = _question(measurement)
        for step in steps.get(asked, ()):
            found.setdefault((measurement.target, asked, step), _rename(measurement, step))
    return list(found.values())


def _rename(found: Found, step: str) -> Found:
    return found if found.step == step else replace(found, step=step)


def _names_of(
    key: MetricKey, asked_by_key: Mapping[MetricKey, Asked], steps: Mapping[Asked, Sequence[str]]
) -> Sequence[str]:
    asked = asked_by_key.get(key)
    return steps.get(asked, ()) if asked else ()
