"""A locustfile beside the user's own: keeps every request of every worker, as Locust's statistics are rounded."""

import os
import time
from pathlib import Path
from typing import Any

from gevent import monkey
from locust import events
from locust.runners import MasterRunner, WorkerRunner

SAMPLES, LAST = "harness-samples", "harness-last"  # messages: what a worker saw, and that it is asked for
PATIENCE = 60  # seconds for the workers to send what they saw


class Recorder:
    """What one process saw: when each request began, how long it took, and its status."""

    def __init__(self) -> None:
        self.began = 0.0  # of a worker: when its master said go, as the clocks of two machines differ
        self.seen: list[tuple[float, float, int]] = []
        self.sent: set[str] = set()

    def record(self, **request: Any) -> None:
        """Keep a request."""
        response, failed = request.get("response"), request.get("exception") is not None
        status = int(getattr(response, "status_code", 0) or 0) or (0 if failed else 200)
        status = min(status, 0) if failed and status < 400 else status
        self.seen.append((request["start_time"] - self.began, request["response_time"], status))

    def start(self, **_: Any) -> None:
        """Count a worker's time from here."""
        self.began, self.seen = time.time(), []

    def send(self, environment: Any, **_: Any) -> None:
        """Send the master what this worker saw."""
        seen, self.seen = self.seen, []
        environment.runner.send_message(SAMPLES, seen)

    def take(self, environment: Any, msg: Any, **_: Any) -> None:
        """Write down what a worker saw."""
        self.sent.add(msg.node_id)
        write(environment, msg.node_id, msg.data)

    def ask(self, environment: Any, **_: Any) -> None:
        """Have every worker send what it saw, before they are told to end."""
        workers, until = set(environment.runner.clients), time.monotonic() + PATIENCE
        environment.runner.send_message(LAST)
        while not workers <= self.sent and time.monotonic() < until:
            time.sleep(0.05)  # Locust made it gevent's: answers come in meanwhile


def write(environment: Any, name: str, seen: list[tuple[float, float, int]]) -> None:
    """Write a file for each process."""
    path = Path(environment.parsed_options.harness_samples, f"{name}.tsv")
    path.write_text("".join(f"{began!r}\t{took!r}\t{status}\n" for began, took, status in seen), encoding="ascii")


def end_with_parent() -> None:
    """End this process when its standard input does, which the harness that started it holds open."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    monkey.get_original("_thread", "start_new_thread")(wait, ())


def add_folder(parser: Any) -> None:
    """Let the command line say where to write."""
    parser.add_argument("--harness-samples", default="", include_in_web_ui=False)


def listen(environment: Any, **_: Any) -> None:
    """Record here, and on the workers that this master has."""
    recorder, runner = Recorder(), environment.runner
    if environment.parsed_options.harness_samples:  # on other machines nobody holds it open
        end_with_parent()
    if isinstance(runner, MasterRunner):
        runner.register_message(SAMPLES, recorder.take)
        environment.events.test_stop.add_listener(recorder.ask)
        return
    environment.events.request.add_listener(recorder.record)
    if isinstance(runner, WorkerRunner):
        runner.register_message(LAST, recorder.send)
        environment.events.test_start.add_listener(recorder.start)
    else:
        environment.events.quitting.add_listener(lambda **_: write(environment, "here", recorder.seen))


events.init_command_line_parser.add_listener(add_folder)  # type: ignore[no-untyped-call]
events.init.add_listener(listen)  # type: ignore[no-untyped-call]
