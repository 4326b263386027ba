"""The time of a run covers opening its data and targets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import Command
from harness import HarnessError, UsageError
from harness.cli.project import span
from harness.running.timeouts import open_in_time

SHORT = timedelta(seconds=0.2)
HANGS = """
import time
from contextlib import contextmanager
from harness import hookimpl

@contextmanager
def hangs(datasets, *, data: str, seconds: float):
    time.sleep(seconds)
    raise ValueError("opened after all")
    yield

@hookimpl
def harness_targets():
    return {"hangs": hangs}
"""
SUITE = """name: s
data: {d: {source: scores.parquet}}
target: {kind: hangs, config: {data: d, seconds: 30.0}}
steps: [{check: rows.rate, with: {column: ok}, require: {rate: {at_least: 0.5}}}]
"""


def test_what_does_not_open_in_time_is_an_error_and_is_closed_when_it_does() -> None:
    opens, closed = threading.Event(), threading.Event()

    @contextmanager
    def opening() -> Iterator[str]:
        opens.wait(30)
        yield "late"
        closed.set()

    with pytest.raises(HarnessError, match=r"when the run's time of 0\.2 s ended"), open_in_time(opening(), SHORT):
        pass
    opens.set()

    assert closed.wait(30)


@pytest.mark.parametrize("timeout", [None, timedelta(seconds=30)])
def test_what_opens_in_time_is_given_and_closed(timeout: timedelta | None) -> None:
    seen: list[str] = []

    with pytest.raises(KeyError):
        _fail_inside(seen, timeout)

    assert ["in time", "closed"] == seen


def _fail_inside(seen: list[str], timeout: timedelta | None) -> None:
    @contextmanager
    def opening() -> Iterator[str]:
        try:
            yield "in time"
        except KeyError:
            seen.append("closed")
            raise

    with open_in_time(opening(), timeout) as opened:
        seen.append(opened)
        raise KeyError


def test_what_raises_while_it_is_opened_raises_here() -> None:
    @contextmanager
    def opening() -> Iterator[str]:
        raise ValueError("no such model")
        yield

    with pytest.raises(ValueError, match="no such model"), open_in_time(opening(), timedelta(seconds=30)):
        pass


def test_a_target_that_hangs_while_it_opens_ends_the_suite_in_time(
    harness: Command, project: Path, scores: Path
) -> None:
    (project / "hangs.py").write_text(HANGS)
    (project / "pyproject.toml").write_text('[tool.harness]\nproject = "demo"\nplugins = ["hangs"]\n')
    (project / "s.suite.yaml").write_text(SUITE)

    done = harness("run", "s.suite.yaml", "--timeout", "1s")

    assert 3 == done.code
    assert "s: its data and targets were not open when the run's time of 1 s ended" in done.err


@pytest.mark.parametrize("timeout", ["0s", "0h", "00d"])
def test_no_time_at_all_is_refused(timeout: str) -> None:
    with pytest.raises(UsageError, match=f"--timeout '{timeout}' leaves no time"):
        span(timeout)
