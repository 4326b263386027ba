"""Runs one check on real rows by the path a run takes, so that a plugin's test sees what a user would."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.data.datasets import Dataset, verify
from harness.plugins.checks import Check
from harness.plugins.targets import Target
from harness.plugins.tasks import TargetSpec, Task
from harness.running.executors import measure_task
from harness.testing.fakes import FakeTarget, Rows, dataset
from harness.values.identity import Identity
from harness.values.measurements import Measurement


def measure(
    check: Check,
    rows: Rows | None = None,
    /,
    target: Target | None = None,
    endpoints: Mapping[str, str] | None = None,
    **params: Any,
) -> list[Measurement]:
    """Return what a check measures on `rows` (its `data`), with `params` as a suite's `with:`.

    Roles are verified, parameters validated and clusters heeded as in a run; what a run records as an error is
    raised. A parameter that takes a dataset takes rows too. `endpoints` are the base URLs that the check may call.
    """
    wanted = check.spec.datasets
    tables = {name: value for name, value in params.items() if name in wanted and not isinstance(value, str)}
    plain = {name: value for name, value in params.items() if name not in tables}
    reading = _reading(target or FakeTarget(), rows, tables)
    default = None if rows is None and target is None else "data"
    names = check.spec.dataset_names({**plain, **{name: name for name in tables}}, default)
    for name in names.values():
        verify(reading.dataset(name))
    work = Task(
        step=check.name,
        check=check.name,
        target=TargetSpec(kind="fake", config={}),
        arguments=names,
        params=check.spec.own_parameters(plain),
        endpoints=endpoints or {},
    )
    return measure_task(work, check, reading)


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """A target with the rows of one test laid over its datasets."""

    target: Target
    over: Mapping[str, Dataset] = field(default_factory=dict)

    @property
    def url(self) -> str | None:
        return self.target.url

    def identity(self) -> Identity:
        return self.target.identity()

    def dataset(self, name: str) -> Dataset:
        return self.over[name] if name in self.over else self.target.dataset(name)


def _reading(target: Target, rows: Rows | None, tables: Mapping[str, Rows]) -> _Reading:
    roles = target.roles() if isinstance(target, FakeTarget) else {}
    own = {} if rows is None else {"data": dataset(rows, **roles)}
    return _Reading(target=target, over={**{name: dataset(value, name) for name, value in tables.items()}, **own})
