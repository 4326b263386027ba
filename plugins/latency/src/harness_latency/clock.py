"""Wakes the generator when a request is due, within microseconds, however many connections it watches."""

import select
import selectors
from contextlib import suppress
from pathlib import Path

SLACK = Path("/proc/self/timerslack_ns")  # how much later than asked Linux may wake a process: 50 us at first

Ready = list[tuple[selectors.SelectorKey, int]]


class Alarm(selectors.DefaultSelector):
    """The selector of this system, waited for with `select`: epoll and libuv wake on whole milliseconds."""

    def select(self, timeout: float | None = None) -> Ready:
        """Return what is ready, at most a timeout later."""
        if timeout is None or timeout > 0:
            select.select((self.fileno(),), (), (), timeout)
        return super().select(0)


def wake_exactly() -> None:
    """Ask the system for no slack; where it has no such thing, it wakes us as it does."""
    with suppress(OSError):
        SLACK.write_text("1", encoding="ascii")
