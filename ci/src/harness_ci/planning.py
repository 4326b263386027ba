"""Waiting events of one lane become one pipeline: which stages, for which revision, and who is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness_ci.events import Event, Kind
from harness_ci.pipelines import TargetPipeline

KINDS: Sequence[Kind] = ("code", "data", "model", "schedule", "degradation", "undo")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a pipeline is going to do; kept with it, so that an edit of the file changes no pipeline under way.

    `undo` are the stages in which somebody was deployed who was not promoted.
    """

    kind: str
    stages: tuple[str, ...] = ()
    rollback: bool = False
    undo: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    revision: str | None = None
    base: str | None = None
    pull: int | None = None
    fork: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        """Return the plan that was kept."""
        values: dict[str, Any] = {
            key: tuple(each) if isinstance(each, list) else each for key, each in document.items()
        }
        return cls(**values)


def plan_pipeline(events: Sequence[Event], target: TargetPipeline, refusal: str | None) -> Plan:
    """Return the plan for the events of a lane, oldest first; `refusal` says why a degradation may only notify."""
    if events[-1].pull is not None:
        return _plan_pull_request(events[-1], target)
    kinds = {event.kind for event in events}
    degraded = [event.subject for event in events if event.kind == "degradation"]
    acts = bool(degraded) and target.on.degradation != "notify" and not refusal
    came = [
        target.schedule[event.subject]
        for event in events
        if event.subject in target.schedule and event.kind == "schedule"
    ]
    asked = [
        *(target.on.code if "code" in kinds else ()),
        *((target.on.data or ()) if "data" in kinds else ()),
        *((target.on.model or ()) if "model" in kinds else ()),
        *(name for scheduled in came for name in scheduled.stages),
        *(target.on.degradation if acts and target.retrains_on_degradation else ()),
    ]
    return Plan(
        kind=next(kind for kind in KINDS if kind in kinds),
        stages=tuple(name for name in target.stages if name in asked),
        rollback=acts and target.on.degradation == "rollback",
        undo=tuple(dict.fromkeys(event.subject for event in events if event.kind == "undo")),
        notify=tuple(degraded),
        revision=next((event.revision for event in reversed(events) if event.revision), None),
        notes=(refusal,) if degraded and refusal else (),
    )


def _plan_pull_request(event: Event, target: TargetPipeline) -> Plan:
    """Return a plan of the first stage alone: nothing of a pull request is trained, promoted or recorded."""
    return Plan(
        kind="code",
        stages=target.on.code[:1],
        revision=event.revision,
        base=event.base,
        pull=event.pull,
        fork=event.fork,
    )
