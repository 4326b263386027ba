"""What a run is asked for, as plain data, and what it works with, which only lives in a process."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from harness.plugins.doors import Door
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
    `door` leads to the language models that its steps may call, if there is one.
    """

    evidence_store: Bundle
    ledger: Ledger | None = None
    door: Door | None = None
    on_open: Callable[[Question], None] = lambda question: None
    on_start: Callable[[Task], None] = lambda task: None
    on_result: Callable[[TaskResult], None] = lambda result: None
