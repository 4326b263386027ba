"""A locustfile beside the user's own: writes down every request, as Locust's statistics round to two digits."""

import os
from pathlib import Path
from typing import IO, Any

from locust import events


def add_folder(parser: Any) -> None:
    """Let the command line say where to write."""
    parser.add_argument("--harness-samples", default="", include_in_web_ui=False)


def record(environment: Any, **_: Any) -> None:
    """Write when each request began, how long it took, and its status; one file for each process."""
    path = Path(environment.parsed_options.harness_samples, f"{os.getpid()}.tsv")
    file = path.open("w", encoding="ascii")
    environment.events.request.add_listener(lambda **request: _write(file, request))
    environment.events.quitting.add_listener(lambda **_: file.flush())


def _write(file: IO[str], request: dict[str, Any]) -> None:
    response, failed = request.get("response"), request.get("exception") is not None
    status = int(getattr(response, "status_code", 0) or 0) or (0 if failed else 200)
    status = min(status, 0) if failed and status < 400 else status
    file.write(f"{request['start_time']!r}\t{request['response_time']!r}\t{status}\n")


events.init_command_line_parser.add_listener(add_folder)  # type: ignore[no-untyped-call]
events.init.add_listener(record)  # type: ignore[no-untyped-call]
