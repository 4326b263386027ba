"""The fifth step of a run: holds a step's requirements to what it measured, now and in earlier looks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness.judging.judge import judge_requirements
from harness.judging.looks import Earlier
from harness.records.history import recall_runs
from harness.records.purged import purge_notes
from harness.running.finishing import FinishedStep
from harness.running.opening import OpenSuite, SuiteInputs
from harness.running.options import RunServices
from harness.suite.steps import Resolved
from harness.values.identity import CANDIDATE
from harness.values.verdicts import Verdict


@dataclass(frozen=True, kw_only=True)
class JudgedStep:
    """A step, measured and judged, with what it was held to: its part of a run.

    `earlier` are the ids of the recorded runs that it was judged together with.
    """

    finished: FinishedStep
    verdicts: Sequence[Verdict]
    inputs: SuiteInputs
    started: datetime
    ended: datetime
    earlier: tuple[str, ...] = ()


def judge_step(step: Resolved, finished: FinishedStep, opened: OpenSuite, services: RunServices) -> JudgedStep:
    """Return a step's verdicts; what its rows leave out is noted on each."""
    measured = finished.measurements
    store = replace(services.evidence_store, purged=opened.purged)
    earlier = recall_runs(opened.earlier, opened.identities, measured, store, opened.corrections)
    verdicts = judge_requirements(
        step.step.requirements, measured, step.name, step.check.name, finished.failures, earlier
    )
    notes = [*_rows_left_out(step, opened), *dict.fromkeys(filter(None, map(_note_of, earlier)))]
    notes += purge_notes([found.run for found in earlier], step.name, opened.purged)
    return JudgedStep(
        finished=finished,
        verdicts=[replace(verdict, notes=(*verdict.notes, *notes)) for verdict in verdicts],
        inputs=opened.inputs,
        started=opened.started,
        ended=datetime.now(UTC),
        earlier=tuple(found.run.id for found in earlier),
    )


def _note_of(found: Earlier) -> str:
    """Return what to know of an earlier run: that its rows were wrong, or that another candidate scored alike."""
    if not found.alike:
        return found.correction
    other = found.run.candidate
    named = f"{other.revision} ({other.digest[:19]}…)" if other.digest else other.revision
    message = "so both are one candidate: looks at it count, and a pass must hold without the rows it brings"
    return f"scored as {named} on the rows of both, {message}"


def _rows_left_out(step: Resolved, opened: OpenSuite) -> Sequence[str]:
    names = [name for name in step.arguments[CANDIDATE].values() if (CANDIDATE, name) not in opened.unusable]
    return [text for name in names for text in opened.datasets[name].filters if text.startswith("without")]
