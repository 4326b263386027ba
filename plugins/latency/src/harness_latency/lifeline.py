"""Ties a process to the one that started it: a load must not go on when nobody waits for it any more."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STDIN = 0


@contextmanager
def lifeline() -> Iterator[int]:
    """Give a file descriptor to start a child with as its standard input; it ends when this process does, however."""
    read, write = os.pipe()
    try:
        yield read
    finally:
        os.close(read)
        os.close(write)


def end_with_parent() -> None:
    """End this process when its standard input ends."""
    threading.Thread(target=exit_at_end_of_input, daemon=True).start()


def exit_at_end_of_input() -> None:
    """Wait until standard input ends, then exit at once."""
    while os.read(STDIN, 1):
        pass
    os._exit(1)
