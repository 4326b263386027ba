"""Asks a handbook that runs as a service, here or elsewhere."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from pydantic import ValidationError

from rag_target.generation import Failure, Unanswered
from rag_target.opening import KEYS, NO_MODELS, Chat, Embeddings, Models
from rag_target.wire import AnswerBody

LOOPBACK = "127.0.0.1"
START_SECONDS, STOP_SECONDS, POLL = 120, 15, 0.2
LINES_SHOWN = 5
STRAIGHT = build_opener(ProxyHandler({}))  # no proxy knows this loopback
TIMEOUTS = (408, 504)


@dataclass(frozen=True, kw_only=True)
class RemoteHandbook:
    """A service at a URL."""

    url: str
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 90.0

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what each request carries."""
        key = {"X-API-Key": self.api_key} if self.api_key else {}
        return {"Content-Type": "application/json", **key}

    def ask(self, question: str) -> AnswerBody:
        """Return the service's answer; `Unanswered` if it gives none."""
        body = json.dumps({"question": question}).encode()
        asked = Request(f"{self.url}/v1/ask", data=body, headers=dict(self.headers))
        try:
            with STRAIGHT.open(asked, timeout=self.timeout) as reply:
                return AnswerBody.model_validate_json(reply.read())
        except HTTPError as error:
            raise _failure(error) from error
        except ValidationError as error:
            raise Unanswered("unparseable", f"{asked.full_url} answered something else: {error}") from error
        except TimeoutError as error:
            raise Unanswered("timed_out", f"{asked.full_url} did not answer within {self.timeout:g} s") from error
        except OSError as error:
            raise Unanswered("errored", f"{asked.full_url} does not answer: {error}") from error


@contextmanager
def run_service(options: Sequence[str], models: Models = NO_MODELS) -> Iterator[str]:
    """Give the URL of a service on loopback once it is ready; it is stopped afterwards."""
    port = _free_port()
    serve = "from rag_target.cli import main; main()"
    command = [sys.executable, "-c", serve, "serve", "--port", str(port), *options]
    url = f"http://{LOOPBACK}:{port}"
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        for name, model in (("chat", models.chat), ("embeddings", models.embeddings)):
            if model is not None:
                command += [f"--{name}", _write_model(model, Path(folder) / f"{name}.json")]
                env |= {KEYS[name]: model.api_key.get_secret_value()} if model.api_key else {}
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, env=env)
        try:
            _wait(process, url)
            yield url
        except TimeoutError as trouble:
            printed.seek(0)
            last = printed.read().decode(errors="replace").strip().splitlines()[-LINES_SHOWN:]
            said = "\n  ".join(last) or "nothing"
            raise ValueError(f"the service did not become ready: {trouble}; it printed:\n  {said}") from trouble
        finally:
            _stop(process)


def _write_model(model: Chat | Embeddings, file: Path) -> str:
    """Return the file that names a model, without its key."""
    file.write_text(model.model_dump_json(exclude={"api_key"}), encoding="utf-8")
    return str(file)


def _failure(error: HTTPError) -> Unanswered:
    """Return what a refusal of the service means, by its own word where it says one."""
    text = error.read().decode(errors="replace")
    why = f"{error.url} answered with status {error.code}: {text[:200]}"
    return Unanswered("timed_out" if error.code in TIMEOUTS else _status(text), why)


def _status(text: str) -> Failure:
    try:
        said = json.loads(text).get("status")
    except (ValueError, AttributeError):
        return "errored"
    return "unparseable" if said == "unparseable" else "errored"


def _free_port() -> int:
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    """Return when /readyz says yes."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise TimeoutError(f"it ended with {process.returncode}")
        try:
            with STRAIGHT.open(f"{url}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(POLL)
    raise TimeoutError(f"{url}/readyz does not answer, for {START_SECONDS} s")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process: first asked, then forced."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
