"""Events become pipelines, one at a time in each lane; what is stuck or late is found again."""

import logging
import shutil
import time
from collections.abc import Sequence

from dbos import DBOS, SetWorkflowID

from harness_ci.events import Event
from harness_ci.pipelines import PipelinesFile, TargetPipeline
from harness_ci.planning import Plan, plan_pipeline
from harness_ci.store import Pipeline, Store
from harness_ci.workflows import Pipelines

VERSION = "4"  # raise it when the steps of the workflow change: pipelines under way begin anew, and find what is done
DAY = 86400.0
QUEUE = "pipelines"
LOG = logging.getLogger("harness_ci")
ATTEMPTS = 3  # of a workflow that fails itself, which is a fault of this code or of its database
DEAD = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


class Dispatcher:
    """Begins pipelines, and looks after those under way."""

    def __init__(self, file: PipelinesFile, store: Store, pipelines: Pipelines) -> None:
        self.file, self.store, self._pipelines = file, store, pipelines

    def take(self, event: Event) -> str:
        """Keep an event and begin what it leads to; return `new`, `joined` or `known`."""
        return self.take_all([event])[0]

    def take_all(self, events: Sequence[Event]) -> Sequence[str]:
        """Keep the events of one delivery, then begin what they lead to together."""
        kept = [self._keep(event) for event in events]
        self.dispatch()
        return kept

    def _keep(self, event: Event) -> str:
        now = time.time()
        if event.kind == "degradation" and self.store.join_degradation(event, now):
            return "joined"
        return "new" if self.store.add_event(event, now) else "known"

    def dispatch(self) -> None:
        """Begin a pipeline in each lane where events wait and nothing runs; first of all, undo deployments."""
        self._undo_deployments()
        for lane in self.store.lanes_waiting():
            name = lane.partition("#")[0]
            target = self.file.targets.get(name)
            if target is not None:
                self._begin(lane, name, target)

    def _undo_deployments(self) -> None:
        """Let who is promoted be started again, wherever a pipeline ended that had started somebody else."""
        for target, pipeline, stage in self.store.deployments_left():
            LOG.error("pipeline %s deployed in stage %s of %s, and promoted nothing; undone", pipeline, stage, target)
            undo = Event(key=f"undo:{pipeline}:{stage}", kind="undo", target=target, subject=stage)
            self.store.add_event(undo, time.time())
            self.store.settle_deployment(pipeline, stage)

    def _begin(self, lane: str, name: str, target: TargetPipeline) -> None:
        def plan(events: Sequence[Event]) -> Plan:
            return plan_pipeline(events, target, refusal)

        now = time.time()
        refusal = refuse_retrain(self.store.pipelines(target=name), target, now)
        deadline = target.deadline.total_seconds()
        begun = self.store.begin_pipeline(lane, plan, version=VERSION, now=now, deadline=deadline)
        if begun:
            self.start(begun)

    def start(self, pipeline: Pipeline) -> None:
        """Start the workflow of a pipeline; one that was started already is left alone."""
        with SetWorkflowID(pipeline.workflow):
            DBOS.enqueue_workflow(QUEUE, self._pipelines.run, pipeline.id)

    def look_after(self) -> None:
        """Begin what waits, revive what is stuck, and alarm about what is late."""
        now = time.time()
        for pipeline in self.store.pipelines(active=True):
            if now > pipeline.ends_by:
                self._give_up(pipeline, now)
            else:
                self._revive(pipeline)
        self.dispatch()

    def _revive(self, pipeline: Pipeline) -> None:
        """Start a pipeline whose workflow is missing, dead, or of another version, as a new workflow."""
        status = DBOS.get_workflow_status(pipeline.workflow)
        if status is None:
            self.start(pipeline)
        elif status.status in DEAD and pipeline.attempt >= ATTEMPTS:
            reason = f"its workflow ended as {status.status} {ATTEMPTS} times: {status.error}; see the log"
            told = self._pipelines.tell_owner(pipeline, "error", reason)
            reason = "; ".join(filter(None, (reason, told)))
            self.store.change(pipeline.id, state="error", reason=reason, ended=time.time())
        elif status.status in DEAD or pipeline.version != VERSION:
            LOG.warning("pipeline %s: workflow %s is %s; begun anew", pipeline.id, pipeline.workflow, status.status)
            DBOS.cancel_workflow(pipeline.workflow)
            self.store.change(pipeline.id, attempt=pipeline.attempt + 1, version=VERSION)
            revived = self.store.pipeline(pipeline.id)
            if revived:
                self.start(revived)

    def _give_up(self, pipeline: Pipeline, now: float) -> None:
        """End a pipeline that is past its deadline, and tell its owner."""
        late = f"did not end by its deadline, {now - pipeline.ends_by:.0f} s ago, and was given up"
        LOG.error("pipeline %s of %s %s", pipeline.id, pipeline.target, late)
        told = self._pipelines.tell_owner(pipeline, "late", late)
        self.store.change(pipeline.id, state="late", reason="; ".join(filter(None, (late, told))), ended=now)
        DBOS.cancel_workflow(pipeline.workflow)

    def remove_checkouts(self) -> None:
        """Remove the code of pipelines that ended a day ago; what their commands printed and made stays."""
        for folder in self._pipelines.checkouts():
            found = self.store.pipeline(folder.parent.name)
            if found and found.ended is not None and time.time() - found.ended > DAY:
                shutil.rmtree(folder, ignore_errors=True)

    def cancel(self, pipeline_id: str) -> bool:
        """End a pipeline and the command that it runs; tell whether it was under way."""
        found = self.store.pipeline(pipeline_id)
        if found is None or not self.store.change(pipeline_id, state="cancelled", ended=time.time()):
            return False
        DBOS.cancel_workflow(found.workflow)
        self.dispatch()
        return True


def refuse_retrain(pipelines: Sequence[Pipeline], target: TargetPipeline, now: float) -> str | None:
    """Return why a degradation may not retrain or roll back now, from the latest pipelines of its target."""
    acted = [each for each in pipelines if each.plan.notify and (each.plan.stages or each.plan.rollback)]
    recent = [each for each in acted if now - each.begun < target.retrains.per.total_seconds()]
    if acted and now - acted[0].begun < target.retrains.cool_down.total_seconds():
        return f"only told: pipeline {acted[0].id} answered a degradation within {target.retrains.cool_down}"
    if len(recent) >= target.retrains.at_most:
        return f"only told: {len(recent)} pipelines answered degradations within {target.retrains.per}"
    return None
