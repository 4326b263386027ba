"""What `from harness import ...` gives a plugin in its own environment: the same names, made of plain values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import UsageError

Function = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Built:
    """A sample as it was asked for, such as `samples.proportion(k=3, n=4)`; the host builds it."""

    name: str
    given: Sequence[Any]
    named: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Builders:
    """Stands for `harness.samples`: whatever function is asked for, its call is what the host makes."""

    prefix: str = ""

    @property
    def rows(self) -> "Builders":
        """Return the builders of samples of rows."""
        return Builders(prefix="rows.")

    def __getattr__(self, name: str) -> Function:
        """Return what takes the arguments of a function of `harness.samples`."""
        return partial(_build, self.prefix + name)


def _build(name: str, *given: Any, **named: Any) -> Built:
    return Built(name=name, given=given, named=named)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric as a check saw it; fields as of `harness.Measurement`."""

    metric: str
    sample: Any
    better: str = "higher"
    unit: str = "rows"
    event: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, str | Path] = field(default_factory=dict)
    failure: str = ""
    text: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which column is what."""

    id: str | None = None
    label: str | None = None
    score: str | None = None
    decision: str | None = None
    time: str | None = None
    weight: str | None = None
    human: str | None = None
    cluster: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A named table of the suite; its rows come from the host when they are asked for."""

    name: str
    uri: str
    digest: str
    size: int
    columns: Mapping[str, str]
    roles: Roles
    fetch: Callable[[str, Sequence[str] | None], Any] = field(repr=False, compare=False)

    def rows(self, columns: Sequence[str] | None = None) -> Any:
        """Return the rows of the named columns (default all) as one Arrow table."""
        return self.fetch(self.name, columns)

    def column(self, role: str) -> str:
        """Return the column that plays a role; without one, say which key declares it."""
        found = getattr(self.roles, role, None)
        if found is None:
            raise UsageError(f"dataset {self.name!r} declares no {role!r} column; add `{role}: COLUMN` to it")
        return str(found)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Yield the rows in Arrow batches."""
        yield from self.rows(columns).to_batches()


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named measuring function."""

    name: str
    measure: Function


def check(name: str, **_described: Any) -> Callable[[Function], Check]:
    """Make a function a check; what else is said of it stands in the plugin's description."""
    return lambda measure: Check(name=name, measure=measure)


def hookimpl(function: Function) -> Function:
    """Return the function: the worker calls `harness_checks` by its name."""
    return function
