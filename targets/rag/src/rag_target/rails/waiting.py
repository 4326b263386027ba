"""Waits for work, but not for ever; what hangs is left behind in a thread that ends with the process."""

from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def wait_for(work: Callable[[], T], seconds: float) -> T:
    """Return what work returns, or raise what it raises; TimeoutError if it takes longer."""
    done: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            done.put((None, failure))

    Thread(target=copy_context().run, args=(run,), daemon=True).start()
    try:
        found, failure = done.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"not done within {seconds:g} s") from None
    if failure is not None:
        raise failure
    return found  # type: ignore[return-value]
