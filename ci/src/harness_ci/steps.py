"""A stage as commands: the target's own, its suites, its gate, its promotion."""

import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from harness import GateDecision, HarnessError, UsageError, list_credentials
from harness_ci.environments import child_environment
from harness_ci.jobs import Ended, Job
from harness_ci.pipelines import COPIED, STORES, PipelinesFile, Stage, TargetPipeline, Work, list_secrets
from harness_ci.planning import Plan
from harness_ci.ramps import Ramp
from harness_ci.spans import Secret
from harness_ci.store import Decision

HARNESS = str(Path(sys.executable).with_name("harness"))
GOES_ON = (0, 1, 2)  # of `harness run`: fail and inconclusive are for the gate to decide
SPLIT = 300.0  # seconds that setting a share may take
DECISION = TypeAdapter(GateDecision)
TRIGGERS = {"model": "manual", "schedule": "manual"}  # of `harness run`, whose own `schedule` is for who is promoted
OUTCOMES = {0: "passed", 1: "failed", 2: "inconclusive"}


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Who was decided on, or led back to; one without a digest goes by its revision."""

    revision: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a pipeline works: its checkout, and the folder of its jobs."""

    pipeline: str
    folder: Path

    @property
    def checkout(self) -> Path:
        """Return the folder of the target's code."""
        return self.folder / "checkout"

    def job(self, name: str) -> Path:
        """Return the folder of one command."""
        return self.folder / "jobs" / name

    def made(self, name: str) -> Path:
        """Return the folder that a command writes into."""
        return self.job(name) / "made"


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Makes the commands of stages, for one target of one file."""

    file: PipelinesFile
    target: TargetPipeline
    root: Path

    def candidate_jobs(self, name: str, stage: Stage, plan: Plan, places: Places) -> Iterator[Job]:
        """Yield what runs code of the candidate, its suites and its plugins; none of that code holds a credential."""
        if plan.pull is not None:
            against = plan.base or f"refs/remotes/origin/{self.target.repository.branch}"
            argv = [HARNESS, "validate", "--against", against, "--gates", self.file.gates]
            yield self._candidate_job(f"{name}-validate", argv, plan, places, 600)
        yield from self._work_jobs(name, stage.commands, plan, places)
        if stage.suites:
            yield self._run_job(name, stage, plan, places)

    def deploy_jobs(self, name: str, stage: Stage, plan: Plan, places: Places, who: Candidate) -> Iterator[Job]:
        """Yield what starts a candidate: the one that a gate passed, or the one that a rollback led back to."""
        return self._work_jobs(f"{name}-deploy", stage.deploy, plan, places, **_about(who))

    def split_job(self, name: str, ramp: Ramp, weight: int, plan: Plan, places: Places, who: Candidate) -> Job:
        """Return what gives a candidate a share of the traffic, in per cent, and all others the rest."""
        job = self._candidate_job(f"{name}-split-{weight}", list(ramp.split), plan, places, SPLIT)
        return replace(job, env={**job.env, **_about(who), "HARNESS_CI_WEIGHT": str(weight)})

    def _work_jobs(self, name: str, works: Sequence[Work], plan: Plan, places: Places, **more: str) -> Iterator[Job]:
        for number, work in enumerate(works):
            key, patience = f"{name}-{number}-{Path(work.run[0]).name}", work.timeout.total_seconds()
            job = self._candidate_job(key, list(work.run), plan, places, patience, repeatable=work.repeatable)
            yield replace(job, env={**job.env, **more})

    def _run_job(self, name: str, stage: Stage, plan: Plan, places: Places) -> Job:
        params = [word for key, value in stage.params.items() for word in ("--param", f"{key}={value}")]
        kept = ["--no-record", "--out", str(places.made(f"{name}-run"))]
        kept += ["--trigger", "schedule" if stage.examines else TRIGGERS.get(plan.kind, plan.kind)]
        kept += ["--replay", "strict"] if plan.fork else []
        argv, patience = [HARNESS, "run", *stage.suites, *params, *kept], stage.timeout.total_seconds()
        argv += ["--gates", self.file.gates, "--ledger"]
        if plan.pull is None and self._is_stored():
            return replace(self._trusted_job(f"{name}-run", [*argv, self.ledger_url()], places), timeout=patience)
        return self._candidate_job(f"{name}-run", [*argv, self.copied_ledger(places)], plan, places, patience)

    def _candidate_job(
        self, key: str, argv: list[str], plan: Plan, places: Places, timeout: float, *, repeatable: bool = True
    ) -> Job:
        more = {"HARNESS_CI_OUT": str(places.made(key)), "HARNESS_CI_KEY": f"{places.pipeline}/{key}"}
        env = child_environment(() if plan.fork else self.target.env, **more)
        return Job(key=key, argv=argv, cwd=places.checkout, env=env, timeout=timeout, repeatable=repeatable)

    def sign_job(self, name: str, plan: Plan, places: Places) -> Job | None:
        """Return what signs the runs of a stage; no pull request's are."""
        if plan.pull is not None or not self.file.signers:
            return None
        signer = self.file.signers.runs
        argv = [HARNESS, "runs", "sign", str(places.made(f"{name}-run")), *self._sign(signer), *self._real_ledger()]
        return self._trusted_job(f"{name}-sign", argv, places, signer)

    def gate_job(self, name: str, stage: Stage, plan: Plan, places: Places, candidate: str | None) -> Job:
        """Return what asks the gate of a stage; of a pull request on a copy of the ledger that is thrown away."""
        if not stage.suites and candidate is None:
            raise UsageError(
                f"stage {name} has no suites, and no stage before it decided on a candidate; give it suites"
            )
        asked = ["--run", str(places.made(f"{name}-run"))] if stage.suites else ["--candidate", str(candidate)]
        argv = [HARNESS, "gate", stage.gate, *asked, "--gates", self.file.gates, "--json"]
        if plan.pull is not None:  # its settings may name plugins of its own
            argv += ["--ledger", self.copied_ledger(places)]
            return self._candidate_job(f"{name}-gate", argv, plan, places, 3600)
        return self._trusted_job(f"{name}-gate", [*argv, *self._real_ledger()], places)

    def promote_job(self, name: str, stage: Stage, places: Places, candidate: str) -> Job:
        """Return what promotes the candidate that a gate passed."""
        out = ["--out", str(places.made(f"{name}-promote"))]
        argv = [HARNESS, "promote", stage.gate, "--candidate", candidate, "--gates", self.file.gates, *out]
        signer = self._promoter()
        return self._trusted_job(f"{name}-promote", [*argv, *self._sign(signer), *self._real_ledger()], places, signer)

    def audit_job(self, name: str, stage: Stage, places: Places) -> Job:
        """Return what says who is promoted to the gate of a stage."""
        argv = [HARNESS, "audit", stage.gate, "--gates", self.file.gates, "--json", *self._real_ledger()]
        return self._trusted_job(f"{name}-audit", argv, places)

    def rollback_job(self, places: Places, reason: str) -> Job:
        """Return what leads the promoting stage back."""
        stage = self.target.promoting
        argv = [HARNESS, "rollback", stage.gate if stage else "", "--gates", self.file.gates, "--reason", reason]
        signer, out = self._promoter(), ["--out", str(places.made("rollback"))]
        return self._trusted_job("rollback", [*argv, *self._sign(signer), *self._real_ledger(), *out], places, signer)

    def refuse_shared(self, name: str) -> None:
        """Raise where a target's `env` gives candidates what signs, opens the ledger, or is a secret of the file."""
        signers = self.file.signers
        known = [signers.runs, signers.promotions] if signers else [None]
        secret = {each for signer in known for each in list_credentials(os.environ, signer, self.ledger_url())}
        secret |= {each.env for each in list_secrets(self.file) if each.env}
        if shared := sorted(secret.intersection(self.target.env)):
            message = f"`env` gives candidates {', '.join(shared)}, which signs, opens the ledger or is a secret here"
            raise UsageError(f"target {name}: {message}; take it out: what signs and decides has it anyway")

    def _trusted_job(self, key: str, argv: list[str], places: Places, signer: str = "") -> Job:
        """Return a command that reads records and holds credentials, and runs no code of the candidate."""
        env = child_environment([*self.target.env, *list_credentials(os.environ, signer or None, self.ledger_url())])
        return Job(key=key, argv=argv, cwd=places.checkout, env=env, timeout=3600)

    def _promoter(self) -> str:
        """Return who signs promotions; the file is refused where a stage promotes and nobody does."""
        return self.file.signers.promotions if self.file.signers else ""

    def _sign(self, signer: str) -> list[str]:
        scheme, _, place = signer.partition(":")
        return ["--signer", f"file:{self.root / place}" if scheme == "file" else signer]

    def _real_ledger(self) -> list[str]:
        return ["--ledger", self.ledger_url()]

    def ledger_url(self) -> str:
        """Return the ledger's URL; that of a file is absolute. UsageError for one that candidates get no copy of."""
        written = self.file.ledger.read(self.root) if isinstance(self.file.ledger, Secret) else self.file.ledger
        if not written.startswith(COPIED):
            raise UsageError(
                f"`ledger` should begin with one of {', '.join(COPIED)}, as candidates are given a copy of it"
            )
        if written.startswith(STORES):
            return written
        return f"sqlite:///{(self.root / str(sa.make_url(written).database)).resolve()}"

    def _is_stored(self) -> bool:
        """Tell whether the ledger lies in a bucket or container: who measures is lent it, with the rows of evidence."""
        return self.ledger_url().startswith(STORES)

    def copied_ledger(self, places: Places) -> str:
        """Return the URL of the copy of the ledger that candidates may read, and do what they like with."""
        return f"sqlite:///{places.folder / 'ledger.db'}"


def _about(who: Candidate) -> Mapping[str, str]:
    return {"HARNESS_CI_REVISION": who.revision, "HARNESS_CI_DIGEST": who.digest}


def read_decision(ended: Ended, gate: str, pipeline: str) -> Decision | None:
    """Return what `harness gate --json` decided; None where it did not come to that."""
    try:
        found = json.loads(ended.out)
        outcome, decided = str(found["outcome"]), str(found["decided"])
        who = _read_candidate(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Decision(gate=gate, digest=who.digest, outcome=outcome, decided=decided, pipeline=pipeline)


def read_why(ended: Ended) -> str:
    """Return what stood against a candidate, as `harness gate --json` found it, else what was said last."""
    try:
        return "; ".join(DECISION.validate_json(ended.out).reasons) or ended.said
    except (ValueError, HarnessError):
        return ended.said


def read_passed(name: str, places: Places) -> Candidate:
    """Return whom the gate of a stage passed, as it printed."""
    return _read_candidate(json.loads((places.job(f"{name}-gate") / "out").read_text()))


def read_returned(places: Places) -> Candidate:
    """Return whom a rollback led back to, as its statement says; HarnessError where there is not one statement."""
    statements = list(places.made("rollback").glob("*.intoto.json"))
    if len(statements) != 1:
        raise HarnessError(f"the rollback left {len(statements)} statements, and one was looked for; deploy by hand")
    envelope = json.loads(statements[0].read_text())
    return _read_candidate(json.loads(base64.b64decode(envelope["payload"]))["predicate"])


def read_promoted(ended: Ended) -> Candidate:
    """Return whom `harness audit --json` says is promoted; HarnessError where nobody is, or nobody can say."""
    try:
        (found,) = json.loads(ended.out)
        if found["unknown"]:
            raise HarnessError(f"who is promoted is not known: {found['unknown']}")
        if found["promoted"] is None:
            raise HarnessError("nobody was promoted before, who could be started instead")
        return _read_candidate({"candidate": found["promoted"]})
    except (ValueError, KeyError, TypeError) as error:
        raise HarnessError(f"who is promoted is not known: {ended.said}") from error


def _read_candidate(document: Mapping[str, Any]) -> Candidate:
    found = document["candidate"]
    return Candidate(revision=str(found["revision"]), digest=str(found.get("digest") or found["revision"]))
