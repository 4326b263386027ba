"""How far a run is and how long it still takes, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness.plugins.tasks import TaskResult

Told = Callable[[TaskResult], None]


@contextmanager
def show_progress(suite: str, works: int) -> Iterator[Told]:
    """Show a bar on standard error while work units end; where that is no terminal, show nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(suite, total=works)

        def message(done: TaskResult) -> None:
            progress.update(task, advance=1, description=f"{suite}: {done.task.step}")

        yield message
