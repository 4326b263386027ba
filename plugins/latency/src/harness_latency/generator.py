"""Sends requests when they are due, whatever the answers do, and writes down when each was due, sent and answered.

Usage: python -m harness_latency.generator FOLDER (with plan.json and due.npy; writes shots.npz, or fault.txt).
It ends when its standard input does, which whoever started it holds open.
"""

import asyncio
import gc
import sys
import time
from array import array
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness_latency.clock import Alarm, wake_exactly
from harness_latency.connection import Connection
from harness_latency.faults import GeneratorFault, failure_to_open, raise_file_limit
from harness_latency.lifeline import end_with_parent
from harness_latency.plan import FAULT, SHOTS, TIMED_OUT, Plan, read_plan
from harness_latency.probing import Way, find_ways

LEAD = 0.2  # seconds between reading the plan and the first request
SWEEP = 0.05  # seconds between looks for requests that timed out
COLUMNS = ("due", "taken", "sent", "first", "done", "status", "began")  # of what is written; `began` is one number
IDLE = 2.0  # an idle connection older than this may be closed by the server as we send: open another


class Pool:
    """The connections to one endpoint; a request that finds none free waits, and its clock runs."""

    def __init__(self, load: "Load", way: Way) -> None:
        self.load, self.way = load, way
        self.free: list[tuple[Connection, float]] = []
        self.waiting: deque[int] = deque()
        self.opened = 0
        self.opening: set[asyncio.Task[None]] = set()

    def carry(self, shot: int, now: float) -> None:
        """Send a request on a free connection, or let it wait for one."""
        while self.free:
            connection, since = self.free.pop()
            if connection.alive and now - since < IDLE:
                self.load.send(connection, shot)
                return
            self._close(connection)
        self.waiting.append(shot)
        if self.opened < self.load.plan.connections:
            self.opened += 1
            task = asyncio.get_running_loop().create_task(self._open())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    def back(self, connection: Connection) -> None:
        """Take a connection that is done with its request."""
        if not connection.alive:
            self.opened -= 1
            self._reopen()
        elif shot := self._next():
            self.load.send(connection, shot[0])
        else:
            self.free.append((connection, time.monotonic()))

    def drop(self, connection: Connection) -> None:
        """Close a connection whose request timed out."""
        self._close(connection)
        self._reopen()

    async def _open(self) -> None:
        connection = Connection(self.load.finish_request, self.load.plan.marks)
        self.load.pool_of[connection] = self
        try:
            await self.way.open(connection, self.load.plan.timeout)
        except OSError as trouble:  # TimeoutError is one
            self._fail(trouble)
            return
        self.back(connection)

    def _fail(self, trouble: OSError) -> None:
        """End a request that waits for a connection which cannot be opened; our own fault ends the load."""
        try:
            status = failure_to_open(trouble, self.way.endpoint)
        except GeneratorFault as fault:
            self.load.stop(fault)
            return
        self.opened -= 1
        if shot := self._next():
            self.load.record(shot[0], status, False, time.monotonic())
        self._reopen()

    def _reopen(self) -> None:
        """Open a connection for the first request that waits, as the one it waited for is gone."""
        if shot := self._next():
            self.carry(shot[0], time.monotonic())

    def _next(self) -> tuple[int] | None:
        """Return the first waiting request that did not time out meanwhile."""
        while self.waiting:
            shot = self.waiting.popleft()
            if not self.load.has_ended(shot):
                return (shot,)
        return None

    def _close(self, connection: Connection) -> None:
        self.opened -= 1
        connection.abort()


class Load:
    """A plan being carried out: when each request was due, taken up, sent and answered, in seconds."""

    def __init__(self, plan: Plan, due: list[float], ways: list[Way]) -> None:
        self.plan = plan
        self.fault: GeneratorFault | None = None
        self.start, self.began = time.monotonic() + LEAD, time.time() + LEAD
        self.due = [self.start + seconds for seconds in due]
        self.taken, self.sent, self.first, self.done = (array("d", bytes(8 * len(due))) for _ in range(4))
        self.status = array("i", bytes(4 * len(due)))
        self.answered = bytearray(len(due))
        self.left = len(due)
        self.next = 0
        self.carried: dict[int, Connection] = {}
        self.pool_of: dict[Connection, Pool] = {}
        self.pools = [Pool(self, way) for way in ways]
        self.finished = asyncio.Event()

    async def run(self) -> None:
        """Carry out the plan until every request is answered or has timed out, or the generator is at fault."""
        loop = asyncio.get_running_loop()
        loop.call_at(self.due[0], self._fire)
        loop.call_later(SWEEP, self._sweep)
        await self.finished.wait()
        if self.fault:
            raise self.fault

    def stop(self, fault: GeneratorFault) -> None:
        """End the load: what could not be sent says nothing about the service."""
        self.fault = fault
        self.finished.set()

    def send(self, connection: Connection, shot: int) -> None:
        """Send a request now."""
        self.carried[shot] = connection
        self.sent[shot] = time.monotonic()
        connection.send(shot, self.plan.request_of(shot), self.plan.expect_of(shot))

    def finish_request(self, connection: Connection, shot: int, status: int, answered: bool, at: float) -> None:
        """Record the end of a request and give its connection back."""
        self.first[shot] = connection.first
        self.record(shot, status, answered, at)
        self.pool_of[connection].back(connection)

    def record(self, shot: int, status: int, answered: bool, at: float) -> None:
        """Record how and when a request ended."""
        self.done[shot], self.status[shot], self.answered[shot] = at, status, answered
        self.carried.pop(shot, None)
        self.left -= 1
        if not self.left:
            self.finished.set()

    def has_ended(self, shot: int) -> bool:
        """Tell whether a request has ended."""
        return self.done[shot] > 0

    def _fire(self) -> None:
        """Take up every request that is due, and come back when the next one is."""
        now = time.monotonic()
        while self.next < len(self.due) and self.due[self.next] <= now:
            shot = self.next
            self.next += 1
            self.taken[shot] = now
            self.pools[self.plan.endpoint_of(shot)].carry(shot, now)
            now = time.monotonic()
        if self.next < len(self.due):
            asyncio.get_running_loop().call_at(self.due[self.next], self._fire)

    def _sweep(self) -> None:
        """End the requests that were due longer ago than the timeout."""
        now = time.monotonic()
        limit = now - self.plan.timeout
        waiting = [shot for pool in self.pools for shot in pool.waiting if not self.has_ended(shot)]
        for shot in [shot for shot in [*self.carried, *waiting] if self.due[shot] < limit]:
            connection = self.carried.get(shot)
            self.record(shot, TIMED_OUT, False, now)
            if connection is not None:
                self.pool_of[connection].drop(connection)
        asyncio.get_running_loop().call_later(SWEEP, self._sweep)


async def run_plan(plan: Plan, due: list[float]) -> Load:
    """Return a load once all its requests have ended; a GeneratorFault says why it could not be sent."""
    load = Load(plan, due, await find_ways(plan))
    gc.collect()
    gc.disable()  # a collection is a pause, and would count as the server's
    await load.run()
    return load


def main(folder: Path) -> None:
    """Carry out the plan in a folder and write what happened, or why it could not be."""
    end_with_parent()
    plan, due = read_plan(folder)
    wake_exactly()
    raise_file_limit()
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(Alarm())) as runner:
            load = runner.run(run_plan(plan, due))
    except GeneratorFault as fault:
        (folder / FAULT).write_text(str(fault), encoding="utf-8")
        return
    seen: dict[str, NDArray[Any]] = {name: np.asarray(getattr(load, name)) for name in COLUMNS}
    seen["answered"] = np.frombuffer(load.answered, dtype=np.bool_)
    np.savez(folder / SHOTS, allow_pickle=False, **seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
