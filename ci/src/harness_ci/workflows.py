"""The durable workflow of a pipeline: DBOS keeps which step is done, jobs keep what each did."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfiguredInstance

from harness import HarnessError, copy_ledger
from harness_ci.canaries import Canary
from harness_ci.checkouts import Repositories
from harness_ci.elsewhere import Elsewhere
from harness_ci.events import Event
from harness_ci.jobs import Ended, Job, perform_job
from harness_ci.notices import post_notice
from harness_ci.pipelines import PipelinesFile, Stage, TargetPipeline
from harness_ci.planning import Plan
from harness_ci.ramps import ALL, Ramp, keep_moment, watch_share
from harness_ci.servers import run_elsewhere
from harness_ci.steps import (
    GOES_ON,
    OUTCOMES,
    Candidate,
    Places,
    Stages,
    read_decision,
    read_passed,
    read_promoted,
    read_returned,
    read_why,
)
from harness_ci.store import Pipeline, Store

PAUSE = 0.2
NOT_TAKEN = "ALARM: the candidate of stage {name} may still have traffic; take it away by hand"
NOT_UNDONE = "ALARM: whom stage {name} deployed is not promoted and may still serve; start by hand who is promoted"


class Stopped(Exception):
    """A pipeline ends here: its state, and why."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(state, reason)
        self.state, self.reason = state, reason


@dataclass(frozen=True, kw_only=True)
class _Work:
    """All that the steps of one pipeline need."""

    plan: Plan
    target: TargetPipeline
    stages: Stages
    places: Places


@DBOS.dbos_class()
class Pipelines(DBOSConfiguredInstance):
    """Carries pipelines through their stages."""

    def __init__(self, file: PipelinesFile, root: Path, state: Path, store: Store) -> None:
        self.file, self.root, self.state, self.store = file, root, state, store
        self.repositories = Repositories(folder=state / "repositories", root=root)
        super().__init__(config_name="pipelines")

    def checkouts(self) -> Sequence[Path]:
        """Return the checkouts of pipelines that are still there."""
        return list((self.state / "pipelines").glob("*/checkout"))

    @DBOS.workflow(name="pipeline")
    def run(self, pipeline_id: str) -> None:
        """Carry one pipeline to its end; what it ends with is kept in the store, once."""
        try:
            work = self._open(pipeline_id)
            self._prepare(work)
            undone = [self._undo_deployment(name, work) for name in work.plan.undo]
            candidate = None
            examined = []
            for name in work.plan.stages:
                if work.target.stages[name].examines:
                    examined.append(self._examine(name, work))
                else:
                    candidate = self._pass_stage(name, work, candidate)
            self._answer_degradation(work)
            state, reason = "passed", "; ".join((*undone, *examined, *work.plan.notes))
        except Stopped as stopped:
            state, reason = stopped.state, stopped.reason
        except HarnessError as error:
            state, reason = "error", str(error)
        self._step("end", self._end, pipeline_id, state, reason)

    def _open(self, pipeline_id: str) -> _Work:
        pipeline = self._pipeline(pipeline_id)
        target = self.file.targets.get(pipeline.target)
        if target is None:
            raise Stopped("error", f"target {pipeline.target!r} is not in the pipelines file any more")
        missing = [name for name in (*pipeline.plan.undo, *pipeline.plan.stages) if name not in target.stages]
        if missing:
            raise Stopped("error", f"stage {missing[0]!r} is not in the pipelines file any more; send the event again")
        places = Places(pipeline=pipeline_id, folder=self.state / "pipelines" / pipeline_id)
        stages = Stages(file=self.file, target=target, root=self.root)
        return _Work(plan=pipeline.plan, target=target, stages=stages, places=places)

    def _pipeline(self, pipeline_id: str) -> Pipeline:
        found = self.store.pipeline(pipeline_id)
        if found is None:
            raise Stopped("error", f"no pipeline {pipeline_id}")
        return found

    def _prepare(self, work: _Work) -> None:
        """Check out the code, and copy the ledger, where there is anything to run."""
        if not (work.plan.stages or work.plan.rollback or work.plan.undo):
            return
        pipeline = work.places.pipeline
        self._step("checkout", self._check_out, self._pipeline(pipeline).target, work)
        before = self._step("before", self._ran_before, pipeline)
        if before:
            raise Stopped("skipped", f"pipeline {before} ran the same commit")
        self._step("ledger", self._copy_ledger, work)

    def _check_out(self, target: str, work: _Work) -> None:
        head = self.repositories.check_out(target, work.target, work.plan, work.places.checkout)
        self.store.change(work.places.pipeline, head=head)

    def _ran_before(self, pipeline_id: str) -> str | None:
        before = self.store.ran_before(self._pipeline(pipeline_id))
        return before.id if before else None

    def _copy_ledger(self, work: _Work) -> None:
        copy_ledger(work.stages.ledger_url(), work.places.folder / "ledger.db")

    def _pass_stage(self, name: str, work: _Work, candidate: str | None) -> str:
        """Return the candidate that a stage passed; Stopped where it does not."""
        stage, stages = work.target.stages[name], work.stages
        self._start_elsewhere(name, stage, work)
        for job in stages.candidate_jobs(name, stage, work.plan, work.places):
            self._go_on(job, work, GOES_ON if job.key == f"{name}-run" else (0,))
        sign = stages.sign_job(name, work.plan, work.places) if stage.suites else None
        if sign:
            self._go_on(sign, work)
        if stage.approve:
            self._await_approval(name, work)
        found = self._ask_gate(stage, stages.gate_job(name, stage, work.plan, work.places, candidate), work)
        self._promote(name, stage, work, found)
        return found

    def _examine(self, name: str, work: _Work) -> str:
        """Measure again who is promoted to the stage that one examines, and say who that is.

        Where its gate fails, that is a degradation, which is answered next as any other, if anything is opted into.
        """
        stage = work.target.stages[name]
        other = str(stage.examines)
        who = self._read_champion(name, work.target.stages[other], work)
        about = f"{who.revision} ({who.digest}), who is promoted by stage {other}"
        try:
            found = self._pass_stage(name, work, None)
        except Stopped as stopped:
            if stopped.state == "failed" and work.target.on.degradation != "notify":
                self._step(f"{name}-degraded", self._degrade, name, work.places.pipeline, who.revision)
            raise Stopped(stopped.state, f"{stopped.reason}; examined was {about}") from stopped
        if found not in (who.digest, who.revision):
            raise Stopped("error", f"stage {name} measured {found}, and should have {about}; look at its `params`")
        return f"stage {name} examined {about}"

    def _degrade(self, name: str, pipeline_id: str, revision: str) -> None:
        target, subject = self._pipeline(pipeline_id).target, f"stage {name} failed for {revision}"
        key = f"{target}:examined:{pipeline_id}:{name}"
        self.store.add_event(Event(key=key, kind="degradation", target=target, subject=subject), time.time())

    def _start_elsewhere(self, name: str, stage: Stage, work: _Work) -> None:
        """Start runs on other servers, one after the other, and follow each to its end; no pull request does."""
        if stage.start and work.plan.pull is not None:
            message = "starts runs elsewhere with a credential, and no pull request may"
            raise Stopped("error", f"stage {name} {message}; let `code` begin with a stage without `start`")
        for number, asked in enumerate(stage.start):
            key = f"{name}-start-{number}"
            self._require(Ended(**self._step(key, self._follow, asked, key, work.places)), key)

    def _follow(self, asked: Elsewhere, key: str, places: Places) -> Mapping[str, Any]:
        about = f"{places.pipeline}/{key}", self._pipeline(places.pipeline).head, places.job(key)
        return vars(run_elsewhere(asked, self.root, *about, lambda: self._has_ended(places.pipeline)))

    def _ask_gate(self, stage: Stage, job: Job, work: _Work) -> str:
        """Return the candidate that a gate passed; what it decided, however it did, is kept for those who ask."""
        ended = Ended(**self._step(job.key, self._perform, job, work.places))
        decision = read_decision(ended, stage.gate, work.places.pipeline)
        if decision and work.plan.pull is None:
            self._step(f"{job.key}-kept", self.store.keep_decision, decision)
        if ended.code or ended.problem:
            state = "error" if ended.problem else OUTCOMES.get(ended.code, "error")
            raise Stopped(state, f"{job.key}: {ended.problem or read_why(ended)}")
        if decision is None:
            raise Stopped("error", f"{job.key}: nothing says what it decided on: {ended.said}")
        return decision.digest

    def _promote(self, name: str, stage: Stage, work: _Work, candidate: str) -> None:
        if stage.promote and work.plan.pull is None:
            champion = self._read_control(name, stage, work) if stage.canary else None
            if stage.deploy or stage.canary:
                self._step(f"{name}-deploys", self.store.begin_deployment, work.places.pipeline, name)
            who = read_passed(name, work.places)
            self._deploy(name, stage, who, work)
            if stage.canary and champion and champion.digest != who.digest:
                self._ramp(name, stage.canary, who, champion, work)
            self._go_on(work.stages.promote_job(name, stage, work.places, candidate), work)
            self._step(f"{name}-promoted", self.store.settle_deployment, work.places.pipeline, name)

    def _undo_deployment(self, name: str, work: _Work) -> str:
        """Start again who is promoted to a stage, and say who that is; Stopped, as an alarm, where that fails."""
        stage = work.target.stages[name]
        try:
            who = self._read_champion(name, stage, work)
            self._deploy(f"{name}-undo", stage, who, work)
            self._give_all(f"{name}-undo", stage, who, work)
        except (Stopped, HarnessError) as error:
            why = error.reason if isinstance(error, Stopped) else error
            raise Stopped("error", f"{NOT_UNDONE.format(name=name)}: {why}") from error
        return f"stage {name} had deployed whom it did not promote; {who.revision}, who is promoted, was deployed again"

    def _deploy(self, name: str, stage: Stage, who: Candidate, work: _Work) -> None:
        """Start a candidate, before anything is moved to it: a deployment that fails promotes nothing."""
        for job in work.stages.deploy_jobs(name, stage, work.plan, work.places, who):
            self._go_on(job, work)

    def _read_champion(self, name: str, stage: Stage, work: _Work) -> Candidate:
        """Return who is promoted to a stage by the signed record; HarnessError where nobody is, or nobody can say."""
        job = work.stages.audit_job(name, stage, work.places)
        return read_promoted(Ended(**self._step(job.key, self._perform, job, work.places)))

    def _read_control(self, name: str, stage: Stage, work: _Work) -> Candidate:
        """Return beside whom a canary is looked at: who is promoted; Stopped where nobody is."""
        try:
            return self._read_champion(f"{name}-champion", stage, work)
        except HarnessError as error:
            message = "a canary is looked at beside who is promoted; let the first one pass without `canary`"
            raise Stopped("error", f"{name}-canary: {message}: {error}") from error

    def _ramp(self, name: str, ramp: Ramp, who: Candidate, champion: Candidate, work: _Work) -> None:
        """Lead traffic to a candidate beside the champion, share by share; Stopped, with none, where it may not."""
        canary = ramp.beside(*(getattr(each, ramp.arm.holds) for each in (who, champion)))
        try:
            for weight in ramp.weights:
                self._go_on(work.stages.split_job(name, ramp, weight, work.plan, work.places, who), work)
                self._step(f"{name}-canary-{weight}", self._watch_share, name, ramp, weight, canary, work.places)
            self._go_on(work.stages.split_job(name, ramp, ALL, work.plan, work.places, who), work)
        except Stopped as stopped:
            self._take_back(name, ramp, who, stopped, work)
            raise

    def _watch_share(self, name: str, ramp: Ramp, weight: int, canary: Canary, places: Places) -> None:
        """Return where a candidate may have a larger share; Stopped where it may have none."""
        began, held = (keep_moment(places.job(f"{name}-split-{each}")) for each in (ramp.weights[0], weight))
        is_last, is_cancelled = weight == ramp.weights[-1], lambda: self._has_ended(places.pipeline)
        for look in watch_share(ramp, canary, began, held, is_last=is_last, is_cancelled=is_cancelled):
            if look.state not in (None, "passed"):
                raise Stopped(look.state, f"{name}-canary at {weight} %: {look.known}")
            self.store.change(places.pipeline, state=f"canary at {weight} %", reason=look.known)
        self.store.change(places.pipeline, state="running", reason="")

    def _take_back(self, name: str, ramp: Ramp, who: Candidate, stopped: Stopped, work: _Work) -> None:
        """Take all traffic from a candidate; of a pipeline that ended meanwhile, the one that undoes it does."""
        if stopped.state == "cancelled":
            return
        job = work.stages.split_job(name, ramp, 0, work.plan, work.places, who)
        ended = Ended(**self._step(job.key, self._perform, job, work.places))
        if ended.code:
            raise Stopped("error", f"{NOT_TAKEN.format(name=name)}: {ended.said}; {stopped.reason}")

    def _give_all(self, name: str, stage: Stage, who: Candidate, work: _Work) -> None:
        """Give all traffic to who is promoted, where a stage leads traffic."""
        if stage.canary:
            self._go_on(work.stages.split_job(name, stage.canary, ALL, work.plan, work.places, who), work)

    def _go_on(self, job: Job, work: _Work, codes: tuple[int, ...] = (0,)) -> Ended:
        """Return how a command ended; Stopped where the pipeline ends with it."""
        return self._require(Ended(**self._step(job.key, self._perform, job, work.places)), job.key, codes)

    def _require(self, ended: Ended, key: str, codes: tuple[int, ...] = (0,)) -> Ended:
        if ended.code not in codes:
            raise Stopped("error" if ended.problem else "failed", f"{key}: {ended.said}")
        return ended

    def _perform(self, job: Job, places: Places) -> Mapping[str, Any]:
        if self._has_ended(places.pipeline):
            raise Stopped("cancelled", "")
        ended = perform_job(job, places.job(job.key), lambda: self._has_ended(places.pipeline))
        return vars(ended)

    def _has_ended(self, pipeline_id: str) -> bool:
        found = self.store.pipeline(pipeline_id)
        return found is None or found.ended is not None

    def _await_approval(self, name: str, work: _Work) -> None:
        self._step(f"{name}-approval", self._wait_for_approval, name, work.places.pipeline)

    def _wait_for_approval(self, name: str, pipeline_id: str) -> None:
        self.store.change(pipeline_id, state=f"waiting for approval of {name}")
        while name not in self._pipeline(pipeline_id).approved:
            if self._has_ended(pipeline_id):
                raise Stopped("cancelled", "")
            time.sleep(PAUSE)
        self.store.change(pipeline_id, state="running")

    def _answer_degradation(self, work: _Work) -> None:
        """Roll back, where that is asked, and start again whom that led back to."""
        if work.plan.rollback:
            self._go_on(work.stages.rollback_job(work.places, "; ".join(work.plan.notify)), work)
            stage = work.target.promoting
            if stage and (stage.deploy or stage.canary):
                who = read_returned(work.places)
                self._deploy("rollback", stage, who, work)
                self._give_all("rollback", stage, who, work)

    def _end(self, pipeline_id: str, state: str, reason: str) -> None:
        """Keep how a pipeline ended, and tell the owner: of what fired, and of what did not pass."""
        if self._has_ended(pipeline_id):
            return
        pipeline = self._pipeline(pipeline_id)
        if (
            pipeline.plan.notify
            or pipeline.plan.undo
            or (state not in ("passed", "skipped") and pipeline.plan.pull is None)
        ):
            told = self.tell_owner(pipeline, state, reason)
            reason = "; ".join(filter(None, (reason, told)))
        self.store.change(pipeline_id, state=state, reason=reason, ended=time.time())

    def tell_owner(self, pipeline: Pipeline, state: str, reason: str) -> str:
        """Tell the owner of a pipeline how it stands, once for each state; return what went wrong with that."""
        target = self.file.targets.get(pipeline.target)
        key = f"{pipeline.id}/{state}"
        if target is None or target.notify is None or self.store.is_done(key):
            return ""
        notice = {"project": self.file.project, "target": pipeline.target, "pipeline": pipeline.id, "state": state}
        about = {"reason": reason, "fired": pipeline.plan.notify, "revision": pipeline.plan.revision}
        try:
            post_notice(target.notify.read(self.root), key, {**notice, **about})
        except HarnessError as error:
            return str(error)
        self.store.mark_done(key, time.time())
        return ""

    def _step(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        return DBOS.run_step({"name": name}, function, *arguments)
