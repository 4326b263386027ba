"""Performs work units on threads; exclusive ones alone, after the others."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness.hooks import hookimpl
from harness.work import Done, Executor, Perform, Work


def threads(works: Sequence[Work], perform: Perform) -> Iterable[Done]:
    """Yield what came of each work, in the order given."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        shared = {index: pool.submit(perform, work) for index, work in enumerate(works) if not work.exclusive}
        done = {index: future.result() for index, future in shared.items()}
    done |= {index: perform(work) for index, work in enumerate(works) if work.exclusive}
    return [done[index] for index in range(len(works))]


@hookimpl
def harness_executors() -> Mapping[str, Executor]:
    """Offer `--executor threads`, the default."""
    return {"threads": threads}
