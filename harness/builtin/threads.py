"""Performs work units on threads; exclusive ones alone, after the others; who hangs is left behind."""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from harness.hooks import hookimpl
from harness.work import Done, Executor, Perform, Work

GRACE = timedelta(seconds=1)  # for works that end late, or were not started, and tell so themselves
Ended = SimpleQueue[tuple[int, Done | BaseException]]


def threads(works: Sequence[Work], perform: Perform) -> Iterable[Done]:
    """Return what came of each work, in the order given; one that does not end in time has an error instead."""
    numbered = list(enumerate(works))
    together = [(at, work) for at, work in numbered if not work.exclusive]
    done = _performed(together, perform, os.cpu_count() or 1)
    for at, work in numbered:
        done |= _performed([(at, work)], perform, 1) if work.exclusive else {}
    return [done.get(at) or _left_behind(work) for at, work in numbered]


def _performed(works: Sequence[tuple[int, Work]], perform: Perform, at_once: int) -> dict[int, Done]:
    """Return what ended in time."""
    ended, done = _started(works, perform, at_once), dict[int, Done]()
    while len(done) < len(works):
        try:
            at, outcome = ended.get(timeout=_seconds_left(works[0][1]))
        except Empty:
            break
        if isinstance(outcome, BaseException):
            raise outcome
        done[at] = outcome
    return done


def _started(works: Sequence[tuple[int, Work]], perform: Perform, at_once: int) -> Ended:
    """Return where outcomes arrive; the threads are daemons, as Python would wait for others before it exits."""
    waiting, ended = SimpleQueue[tuple[int, Work]](), Ended()
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


def _outcome(work: Work, perform: Perform) -> Done | BaseException:
    try:
        return perform(work)
    except BaseException as trouble:  # noqa: BLE001 - raised again where it is waited for
        return trouble


def _seconds_left(work: Work) -> float | None:
    if work.deadline is None:
        return None
    return max(work.deadline + GRACE - datetime.now(UTC), GRACE).total_seconds()


def _left_behind(work: Work) -> Done:
    ended = f"{work.deadline:%H:%M:%S} UTC" if work.deadline else "now"
    told = f"step {work.step!r} did not end: the run's time ended at {ended}, and it was left behind"
    return Done(work=work, error=f"{told}; look for what {work.check!r} waits for")


@hookimpl
def harness_executors() -> Mapping[str, Executor]:
    """Offer `--executor threads`, the default."""
    return {"threads": threads}
