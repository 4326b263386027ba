"""What tests observe, judged by a suite: the check `observed`, and a target for a project that has no other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from harness.checks import Check, check
from harness.datasets import Dataset
from harness.errors import HarnessError
from harness.hooks import hookimpl
from harness.model import Identity, Measurement
from harness.targets import Connect, Datasets, pick


@check("observed")
def observed() -> Iterator[Measurement]:
    """Measure what tests observed: the rate of each `ok=`, the mean of each `value=`."""
    raise HarnessError("tests observe these metrics, so only pytest measures them: `pytest TESTS SUITE_FILE`")


@dataclass(frozen=True, kw_only=True)
class Tested:
    """Whatever the tests talked to, by the revision its suite gives it."""

    datasets: Datasets
    revision: str
    url: str | None = None

    def identity(self) -> Identity:
        """Return the revision, which is declared and not proven."""
        return Identity(revision=self.revision, parts={"proof": "declared"})

    def dataset(self, name: str) -> Dataset:
        """Return a dataset as the suite declares it."""
        return pick(self.datasets, name)


@contextmanager
def tested(datasets: Datasets, *, revision: str) -> Iterator[Tested]:
    """Open nothing: the tests do that."""
    yield Tested(datasets=datasets, revision=revision)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `check: observed`."""
    return {"observed": observed}


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: observed}`."""
    return {"observed": tested}
