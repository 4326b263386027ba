"""What tests observe, judged by a suite: the check `observed`, and a target for a project that has no other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from harness.data.datasets import Dataset
from harness.errors import HarnessError
from harness.plugins.checks import Check, check
from harness.plugins.hooks import hookimpl
from harness.plugins.targets import Connect, Datasets, pick
from harness.values.identity import Identity
from harness.values.measurements import Measurement


@check("observed")
def observation_check() -> Iterator[Measurement]:
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
def connect_tests(datasets: Datasets, *, revision: str) -> Iterator[Tested]:
    """Open nothing: the tests do that."""
    yield Tested(datasets=datasets, revision=revision)


@hookimpl
def harness_checks() -> Mapping[str, Check]:
    """Offer `check: observed`."""
    return {"observed": observation_check}


@hookimpl
def harness_targets() -> Mapping[str, Connect]:
    """Offer `target: {kind: observed}`."""
    return {"observed": connect_tests}
