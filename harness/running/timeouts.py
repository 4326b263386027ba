"""Waits for data and targets no longer than a run may take; who hangs is left behind, as checks are."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import TypeVar, cast

from harness.errors import HarnessError

Opened = TypeVar("Opened")


@contextmanager
def open_in_time(opening: AbstractContextManager[Opened], timeout: timedelta | None) -> Iterator[Opened]:
    """Give what a context manager opens, within a time if there is one; later is a HarnessError."""
    with ExitStack() as stack:
        opened = opening.__enter__() if timeout is None else _enter_in_time(opening, timeout)
        stack.push(opening)
        yield opened


def _enter_in_time(opening: AbstractContextManager[Opened], timeout: timedelta) -> Opened:
    entered: SimpleQueue[tuple[Opened | None, BaseException | None]] = SimpleQueue()
    is_late = threading.Event()

    def enter() -> None:
        try:
            entered.put((opening.__enter__(), None))
        except BaseException as trouble:  # noqa: BLE001 - raised again where it is waited for
            entered.put((None, trouble))
        else:
            if is_late.is_set():  # nobody else will close it
                opening.__exit__(None, None, None)

    threading.Thread(target=enter, daemon=True).start()
    try:
        opened, trouble = entered.get(timeout=timeout.total_seconds())
    except Empty:
        is_late.set()
        seconds = f"{timeout.total_seconds():g} s"
        message = f"its data and targets were not open when the run's time of {seconds} ended, and were left behind"
        raise HarnessError(f"{message}; look for what does not answer, or give more time") from None
    if trouble is not None:
        raise trouble
    return cast(Opened, opened)
