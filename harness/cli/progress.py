"""Which step of a suite runs, and how long it still takes: a bar on a terminal, a line every ten seconds elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from harness.plugins.tasks import Task, TaskResult

EVERY = 10.0  # seconds between two lines where standard error is no terminal


class Pace:
    """The tasks of a suite that run and that are done; `planned` are the seconds a task of a step is known to take."""

    def __init__(self, suite: str, steps: Sequence[str], planned: Mapping[str, float]) -> None:
        self.done = 0
        self._suite, self._steps, self._planned = suite, steps, planned
        self._began = self._last_end = time.monotonic()
        self._running: dict[tuple[str, str], float] = {}
        self._ended: list[str] = []

    def start(self, task: Task) -> None:
        """Note that a task runs."""
        self._running[task.step, task.target.name] = time.monotonic()

    def end(self, result: TaskResult) -> None:
        """Note that a task is done."""
        self._running.pop((result.task.step, result.task.target.name), None)
        self._ended.append(result.task.step)
        self._last_end = time.monotonic()
        self.done += 1

    def step_text(self) -> str:
        """Return what runs now: `scores: latency.open_loop runs`."""
        running = list(dict.fromkeys(step for step, _ in list(self._running)))
        idle = "judges" if self.done else "reads the data"
        return f"{self._suite}: {', '.join(running)} runs" if running else f"{self._suite}: {idle}"

    def left_text(self) -> str:
        """Return about how long the tasks still take, as planned or as those so far; nothing where nobody knows.

        Nobody does before a task ended, once the plan is used up, and while what they found is judged.
        """
        seconds = self._seconds_left()
        return f"about {max(seconds, 1):.0f} s left" if seconds else ""

    def line(self) -> str:
        """Return all of it in one line."""
        spent = f"{time.monotonic() - self._began:.0f} s so far"
        parts = [self.step_text(), f"{self.done} of {len(self._steps)} done", spent, self.left_text()]
        return ", ".join(filter(None, parts))

    def _seconds_left(self) -> float:
        now, waiting = time.monotonic(), list(self._steps)
        for step in self._ended:
            waiting.remove(step)
        spent = {step: now - since for (step, _), since in list(self._running.items())}
        planned = [self._planned[step] - spent.get(step, 0.0) for step in waiting if step in self._planned]
        if planned:
            return sum(max(seconds, 0.0) for seconds in planned)
        each = (self._last_end - self._began) / max(self.done, 1)
        return max(each * len(waiting) - (now - self._last_end), 0.0)


@contextmanager
def show_progress(pace: Pace, works: int) -> Iterator[tuple[Callable[[Task], None], Callable[[TaskResult], None]]]:
    """Show on standard error what runs; give what is to be told of a task that starts, and of one that ended."""
    with _bar(pace, works) if sys.stderr.isatty() else _lines(pace):
        yield pace.start, pace.end


@contextmanager
def _bar(pace: Pace, works: int) -> Iterator[None]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown, _repeat(0.2) as repeat:
        bar = shown.add_task(pace.step_text(), total=works, left="")
        repeat(lambda: shown.update(bar, completed=pace.done, description=pace.step_text(), left=pace.left_text()))
        yield


@contextmanager
def _lines(pace: Pace) -> Iterator[None]:
    with _repeat(EVERY) as repeat:
        repeat(lambda: click.echo(pace.line(), err=True))
        yield


@contextmanager
def _repeat(seconds: float) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Give what calls a function at this interval, from a thread of its own, until the block ends."""
    ended = threading.Event()

    def start(call: Callable[[], None]) -> None:
        def work() -> None:
            while not ended.wait(seconds):
                call()

        threading.Thread(target=work, daemon=True).start()

    try:
        yield start
    finally:
        ended.set()
