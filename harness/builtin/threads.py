"""Performs work units on threads; exclusive ones alone, after the others; who hangs is left behind."""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from harness.plugins.hooks import hookimpl
from harness.plugins.tasks import Executor, Perform, Task, TaskResult

GRACE = timedelta(seconds=1)  # for works that end late, or were not started, and tell so themselves
Ended = SimpleQueue[tuple[int, TaskResult | BaseException]]


def threads(works: Sequence[Task], perform: Perform) -> Iterable[TaskResult]:
    """Return what came of each work, in the order given; one that does not end in time has an error instead."""
    numbered = list(enumerate(works))
    together = [(at, work) for at, work in numbered if not work.exclusive]
    done = _perform_in_time(together, perform, os.cpu_count() or 1)
    for at, work in numbered:
        done |= _perform_in_time([(at, work)], perform, 1) if work.exclusive else {}
    return [done.get(at) or _timeout_outcome(work) for at, work in numbered]


def _perform_in_time(works: Sequence[tuple[int, Task]], perform: Perform, at_once: int) -> dict[int, TaskResult]:
    """Return what ended in time."""
    ended, done = _start_threads(works, perform, at_once), dict[int, TaskResult]()
    while len(done) < len(works):
        try:
            at, outcome = ended.get(timeout=_seconds_left(works[0][1]))
        except Empty:
            break
        if isinstance(outcome, BaseException):
            raise outcome
        done[at] = outcome
    return done


def _start_threads(works: Sequence[tuple[int, Task]], perform: Perform, at_once: int) -> Ended:
    """Return where outcomes arrive; the threads are daemons, as Python would wait for others before it exits."""
    waiting, ended = SimpleQueue[tuple[int, Task]](), Ended()
    for numbered in works:
        waiting.put(numbered)

    def work_on() -> None:
        with suppress(Empty):
            while True:
                at, work = waiting.get_nowait()
                ended.put((at, _outcome(work, perform)))

    for _ in range(min(at_once, len(works))):
        threading.Thread(target=work_on, daemon=True).start()
    return ended


def _outcome(work: Task, perform: Perform) -> TaskResult | BaseException:
    try:
        return perform(work)
    except BaseException as trouble:  # noqa: BLE001 - raised again where it is waited for
        return trouble


def _seconds_left(work: Task) -> float | None:
    if work.deadline is None:
        return None
    return max(work.deadline + GRACE - datetime.now(UTC), GRACE).total_seconds()


def _timeout_outcome(work: Task) -> TaskResult:
    ended = f"{work.deadline:%H:%M:%S} UTC" if work.deadline else "now"
    message = f"step {work.step!r} did not end: the run's time ended at {ended}, and it was left behind"
    return TaskResult(task=work, error=f"{message}; look for what {work.check!r} waits for")


@hookimpl
def harness_executors() -> Mapping[str, Executor]:
    """Offer `--executor threads`, the default."""
    return {"threads": threads}
