"""What a run is asked for, as plain data, and what it works with, which only lives in a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from harness.plugins.tasks import Task, TaskResult
from harness.records.evidence_store import Bundle
from harness.records.ledger import Ledger
from harness.records.registrations import Question


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a suite is to be run: values alone, so that they can be stored and a run resumed elsewhere."""

    project: str
    as_of: datetime
    executor: str = "threads"
    evidence: str = "ids"
    trigger: str = "manual"
    origin: Literal["cli", "pytest", "interactive"] = "cli"
    seed: int = 0
    timeout: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class RunServices:
    """What a run works with: where rows are kept, the ledger that looks are counted in, and whom to tell of progress.

    `on_open` is told what is going to be asked before anything is measured.
    `endpoints` are the URLs by name that its tasks call instead of the suite's of that name, such as a proxy's in front
    of a language model.
    """

    evidence_store: Bundle
    ledger: Ledger | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    on_open: Callable[[Question], None] = lambda question: None
    on_start: Callable[[Task], None] = lambda task: None
    on_result: Callable[[TaskResult], None] = lambda result: None
