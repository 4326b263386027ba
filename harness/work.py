"""The unit that is executed, the same in a thread, a process, a worker machine or a resumed run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.datasets import Dataset
from harness.model import CANDIDATE, Identity, Measurement


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Which target to measure: the candidate or a baseline, how to open it, and who it said it was."""

    name: str = CANDIDATE
    kind: str
    config: Mapping[str, Any]
    identity: Identity | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One check on one target: everything a process needs that has only the plugins installed.

    `profiled` names, for each dataset, the columns that any step of the suite asks a profile of.
    """

    step: str
    check: str
    subject: Subject
    arguments: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    datasets: Mapping[str, Dataset] = field(default_factory=dict)
    profiled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclusive: bool = False
    seed: int = 0
    deadline: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of a work unit: measurements, or why there are none."""

    work: Work
    measurements: Sequence[Measurement] = ()
    error: str | None = None
    seconds: float = 0.0


Perform = Callable[[Work], Done]
Executor = Callable[[Sequence[Work], Perform], Iterable[Done]]
