"""What the control plane remembers: events, pipelines, effects, and the data that it watches."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from harness_ci.events import Event
from harness_ci.planning import Plan

STORM = 60  # seconds in which alerts of one name are one
METADATA = sa.MetaData()
EVENTS = sa.Table(
    "harness_ci_events",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("lane", sa.String, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("received", sa.Float, nullable=False),
    sa.Column("pipeline", sa.String, index=True),  # empty while it waits
)
PIPELINES = sa.Table(
    "harness_ci_pipelines",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("target", sa.String, nullable=False, index=True),
    sa.Column("lane", sa.String, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("attempt", sa.Integer, nullable=False, default=1),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("begun", sa.Float, nullable=False),
    sa.Column("ends_by", sa.Float, nullable=False),
    sa.Column("ended", sa.Float),
    sa.Column("head", sa.String, nullable=False, default=""),
    sa.Column("approved", sa.Text, nullable=False, default="[]"),
)
sa.Index(
    "harness_ci_one_active",
    PIPELINES.c.lane,
    unique=True,
    sqlite_where=PIPELINES.c.ended.is_(None),
    postgresql_where=PIPELINES.c.ended.is_(None),
)
EFFECTS = sa.Table(
    "harness_ci_effects",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("done", sa.Float, nullable=False),
)
DECISIONS = sa.Table(
    "harness_ci_decisions",
    METADATA,
    sa.Column("gate", sa.String, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("decided", sa.String, nullable=False),
    sa.Column("pipeline", sa.String, nullable=False),
)
WATCHED = sa.Table(
    "harness_ci_watched",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
)
DEPLOYMENTS = sa.Table(
    "harness_ci_deployments",
    METADATA,
    sa.Column("pipeline", sa.String, primary_key=True),
    sa.Column("stage", sa.String, primary_key=True),
    sa.Column("settled", sa.Boolean, nullable=False),  # promoted, or about to be undone
)
PROTECTIONS = sa.Table(
    "harness_ci_protections",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("commit", sa.String, nullable=False),
    sa.Column("run", sa.String, nullable=False),
    sa.Column("environment", sa.String, nullable=False),
    sa.Column("asked", sa.Float, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Protection:
    """A run of GitHub Actions that waits to be told whether it may deploy a commit."""

    key: str
    target: str
    commit: str
    run: str
    environment: str
    asked: float


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """One way through stages: what it does, how it stands, and why."""

    id: str
    target: str
    lane: str
    plan: Plan
    state: str
    reason: str
    attempt: int
    version: str
    begun: float
    ends_by: float
    ended: float | None
    head: str
    approved: tuple[str, ...]

    @property
    def workflow(self) -> str:
        """Return the id of the durable workflow that carries it now."""
        return f"{self.id}.{self.attempt}"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a gate decided on a candidate, by its digest, in a pipeline."""

    gate: str
    digest: str
    outcome: str
    decided: str
    pipeline: str


class Store:
    """The tables; each call is one transaction."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, connect_args={"timeout": 30} if url.startswith("sqlite") else {})
        self._lock = threading.Lock()  # SQLite has one writer
        METADATA.create_all(self._engine)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with self._lock, self._engine.begin() as connection:
            yield connection

    def add_event(self, event: Event, now: float) -> bool:
        """Keep an event that waits; tell whether it is new."""
        row = {"key": event.key, "lane": event.lane, "body": json.dumps(event.to_json()), "received": now}
        try:
            with self._begin() as connection:
                connection.execute(EVENTS.insert().values(row))
        except IntegrityError:
            return False
        return True

    def lanes_waiting(self) -> Sequence[str]:
        """Return the lanes in which events wait and nothing runs."""
        active = sa.select(PIPELINES.c.lane).where(PIPELINES.c.ended.is_(None))
        waiting = sa.select(EVENTS.c.lane).where(EVENTS.c.pipeline.is_(None), EVENTS.c.lane.not_in(active)).distinct()
        with self._begin() as connection:
            return connection.execute(waiting).scalars().all()

    def begin_pipeline(
        self, lane: str, plan: Callable[[Sequence[Event]], Plan], *, version: str, now: float, deadline: float
    ) -> Pipeline | None:
        """Give all waiting events of a lane to one new pipeline; None where none waits, or one runs already."""
        waiting = EVENTS.c.lane == lane, EVENTS.c.pipeline.is_(None)
        made = uuid.uuid4().hex[:12]
        try:
            with self._begin() as connection:
                rows = connection.execute(sa.select(EVENTS).where(*waiting).order_by(EVENTS.c.received)).all()
                if not rows:
                    return None
                events = [Event(**json.loads(row.body)) for row in rows]
                values = {"id": made, "target": events[0].target, "lane": lane, "version": version, "begun": now}
                kept = {"plan": json.dumps(asdict(plan(events))), "state": "running", "ends_by": now + deadline}
                connection.execute(PIPELINES.insert().values(**values, **kept))
                taken = EVENTS.c.key.in_([row.key for row in rows])
                connection.execute(EVENTS.update().where(taken).values(pipeline=made))
        except IntegrityError:  # another process began one in this lane
            return None
        return self.pipeline(made)

    def join_degradation(self, event: Event, now: float) -> bool:
        """Keep a degradation as one more reason for the pipeline that answers one; tell whether there is such a one.

        It is the one that a degradation began and that runs, or that told the same less than a minute ago.
        """
        latest = next((each for each in self.pipelines(target=event.target) if each.plan.notify), None)
        if latest is None or not (latest.ended is None or _told(latest, event, now)):
            return False
        if self.add_event(event, now):
            with self._begin() as connection:
                connection.execute(EVENTS.update().where(EVENTS.c.key == event.key).values(pipeline=latest.id))
        return True

    def pipeline(self, pipeline_id: str) -> Pipeline | None:
        """Return a pipeline."""
        with self._begin() as connection:
            row = connection.execute(sa.select(PIPELINES).where(PIPELINES.c.id == pipeline_id)).one_or_none()
        return _pipeline(row) if row else None

    def pipelines(self, *, active: bool = False, target: str | None = None, limit: int = 1000) -> Sequence[Pipeline]:
        """Return pipelines, the latest first."""
        asked = sa.select(PIPELINES).order_by(PIPELINES.c.begun.desc()).limit(limit)
        asked = asked.where(PIPELINES.c.ended.is_(None)) if active else asked
        asked = asked.where(PIPELINES.c.target == target) if target else asked
        with self._begin() as connection:
            return [_pipeline(row) for row in connection.execute(asked)]

    def events_of(self, pipeline_id: str | None) -> Sequence[Event]:
        """Return the events of a pipeline, or those that wait."""
        asked = sa.select(EVENTS.c.body).where(EVENTS.c.pipeline == pipeline_id).order_by(EVENTS.c.received)
        with self._begin() as connection:
            return [Event(**json.loads(body)) for body in connection.execute(asked).scalars()]

    def ran_before(self, pipeline: Pipeline) -> Pipeline | None:
        """Return the pipeline that led the same commit through the same stages before, for a change of code alone."""
        if any(event.kind != "code" for event in self.events_of(pipeline.id)):
            return None
        return next((each for each in self.pipelines(target=pipeline.target) if _is_same(each, pipeline)), None)

    def change(self, pipeline_id: str, **values: Any) -> bool:
        """Change a pipeline that has not ended; tell whether it was."""
        asked = PIPELINES.update().where(PIPELINES.c.id == pipeline_id, PIPELINES.c.ended.is_(None)).values(**values)
        with self._begin() as connection:
            return bool(connection.execute(asked).rowcount)

    def approve(self, pipeline_id: str, stage: str) -> bool:
        """Keep that a stage was approved; tell whether the pipeline runs."""
        found = self.pipeline(pipeline_id)
        approved = sorted({*found.approved, stage}) if found else []
        return self.change(pipeline_id, approved=json.dumps(approved))

    def is_done(self, effect: str) -> bool:
        """Tell whether an effect was seen."""
        with self._begin() as connection:
            return connection.execute(sa.select(EFFECTS).where(EFFECTS.c.key == effect)).first() is not None

    def mark_done(self, effect: str, now: float) -> None:
        """Keep that an effect was seen."""
        if not self.is_done(effect):
            with self._begin() as connection:
                connection.execute(EFFECTS.insert().values(key=effect, done=now))

    def begin_deployment(self, pipeline_id: str, stage: str) -> None:
        """Keep that a stage starts somebody who is not promoted yet."""
        with suppress(IntegrityError), self._begin() as connection:
            connection.execute(DEPLOYMENTS.insert().values(pipeline=pipeline_id, stage=stage, settled=False))

    def settle_deployment(self, pipeline_id: str, stage: str) -> None:
        """Keep that whom a stage started was promoted, or is about to be replaced by who is."""
        same = DEPLOYMENTS.c.pipeline == pipeline_id, DEPLOYMENTS.c.stage == stage
        with self._begin() as connection:
            connection.execute(DEPLOYMENTS.update().where(*same).values(settled=True))

    def deployments_left(self) -> Sequence[tuple[str, str, str]]:
        """Return target, pipeline and stage of what was started and not promoted by a pipeline that ended."""
        asked = sa.select(PIPELINES.c.target, PIPELINES.c.id, DEPLOYMENTS.c.stage).where(
            DEPLOYMENTS.c.pipeline == PIPELINES.c.id, PIPELINES.c.ended.is_not(None), DEPLOYMENTS.c.settled.is_(False)
        )
        with self._begin() as connection:
            return [(row.target, row.id, row.stage) for row in connection.execute(asked)]

    def ask_protection(self, asked: Protection) -> bool:
        """Keep that a run waits to be told; tell whether it is new."""
        try:
            with self._begin() as connection:
                connection.execute(PROTECTIONS.insert().values(asdict(asked)))
        except IntegrityError:
            return False
        return True

    def protections(self, target: str) -> Sequence[Protection]:
        """Return the runs of a target that were not told yet."""
        told = sa.select(EFFECTS.c.key)
        asked = sa.select(PROTECTIONS).where(PROTECTIONS.c.target == target, PROTECTIONS.c.key.not_in(told))
        with self._begin() as connection:
            return [Protection(**row._asdict()) for row in connection.execute(asked)]

    def keep_decision(self, decision: Decision) -> None:
        """Keep what a gate decided last on a candidate."""
        same = DECISIONS.c.gate == decision.gate, DECISIONS.c.digest == decision.digest
        with self._begin() as connection:
            connection.execute(DECISIONS.delete().where(*same))
            connection.execute(DECISIONS.insert().values(**asdict(decision)))

    def decision(self, gate: str, digest: str) -> Decision | None:
        """Return what a gate decided last on a candidate."""
        asked = sa.select(DECISIONS).where(DECISIONS.c.gate == gate, DECISIONS.c.digest == digest)
        with self._begin() as connection:
            row = connection.execute(asked).one_or_none()
        return Decision(**row._asdict()) if row else None

    def decisions_of(self, pipeline_id: str) -> Sequence[Decision]:
        """Return what gates decided last in a pipeline."""
        with self._begin() as connection:
            rows = connection.execute(sa.select(DECISIONS).where(DECISIONS.c.pipeline == pipeline_id)).all()
        return [Decision(**row._asdict()) for row in rows]

    def times_changed(self, name: str, digest: str) -> int | None:
        """Return how often watched data changed, if they have again; None at first sight, or if they have not."""
        with self._begin() as connection:
            row = connection.execute(sa.select(WATCHED).where(WATCHED.c.name == name)).one_or_none()
        return None if row is None or row.digest == digest else int(row.times) + 1

    def keep_digest(self, name: str, digest: str, times: int) -> None:
        """Keep the digest of watched data, and how often it changed."""
        with self._begin() as connection:
            connection.execute(WATCHED.delete().where(WATCHED.c.name == name))
            connection.execute(WATCHED.insert().values(name=name, digest=digest, times=times))

    def digest_of(self, name: str) -> str | None:
        """Return the digest of watched data as it was kept last; None where they were never seen."""
        with self._begin() as connection:
            return connection.execute(sa.select(WATCHED.c.digest).where(WATCHED.c.name == name)).scalar_one_or_none()


def _is_same(earlier: Pipeline, later: Pipeline) -> bool:
    decided = earlier.state in ("passed", "failed", "inconclusive") and earlier.id != later.id
    return decided and earlier.head == later.head and set(later.plan.stages) <= set(earlier.plan.stages)


def _told(pipeline: Pipeline, event: Event, now: float) -> bool:
    return event.subject in pipeline.plan.notify and now - pipeline.begun < STORM


def _pipeline(row: sa.Row[Any]) -> Pipeline:
    values = row._asdict()
    plan, approved = Plan.from_json(json.loads(values.pop("plan"))), tuple(json.loads(values.pop("approved")))
    return Pipeline(**values, plan=plan, approved=approved)
