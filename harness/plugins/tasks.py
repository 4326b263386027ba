"""The unit that is executed, the same in a thread, a process, a worker machine or a resumed run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.data.datasets import Dataset
from harness.values.cost import Cost
from harness.values.identity import CANDIDATE, Identity
from harness.values.measurements import Measurement


@dataclass(frozen=True, kw_only=True)
class TargetSpec:
    """Which target to measure: the candidate or a baseline, how to open it, and who it said it was.

    `endpoints` holds, by name, the URLs that it may call.
    """

    name: str = CANDIDATE
    kind: str
    config: Mapping[str, Any]
    endpoints: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """One check on one target: everything a process needs that has only the plugins installed.

    `profiled` names, for each dataset, the columns that any step of the suite asks a profile of; `endpoints`,
    by name, the URLs it may call besides its target's.
    """

    step: str
    check: str
    target: TargetSpec
    arguments: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    profiled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclusive: bool = False
    seed: int = 0
    deadline: datetime | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """What came of a task: measurements, or why there are none, and what it took."""

    task: Task
    measurements: Sequence[Measurement] = ()
    error: str | None = None
    cost: Cost = field(default_factory=Cost)


Perform = Callable[[Task], TaskResult]
Executor = Callable[[Sequence[Task], Perform], Iterable[TaskResult]]
