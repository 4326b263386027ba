"""A registry that does not answer, or not as MLflow does: nothing moves, in bounded time, and the way out is said."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from harness_mlflow.registry import Store, locate_model

from conftest import Command, scored_rows
from harness import Absent, HarnessError
from tests.support.loopback import Handler, serve
from tests.support.registered import GATES, SUITE
from tests.support.signing import new_signers, write_trust

SIGNERS = new_signers()
BOUND = 60  # seconds for each command, on a busy machine; the hang below is given up after two


def answers(status: int, body: str, kind: str = "text/html") -> Callable[[], AbstractContextManager[str]]:
    """Return a server that answers everything alike."""

    class Same(Handler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_DELETE = do_GET

    return lambda: serve(Same)


@contextmanager
def refuses() -> Iterator[str]:
    """Give a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def hangs() -> Iterator[str]:
    """Give a port that takes connections and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


TROUBLES: Mapping[str, Callable[[], AbstractContextManager[str]]] = {
    "refuses": refuses,
    "hangs": hangs,
    "fails": answers(500, '{"error_code": "INTERNAL_ERROR", "message": "out of connections"}', "application/json"),
    "is another page": answers(200, "<html><body>Sign in</body></html>"),
    "says nothing": answers(200, ""),
    "is another service": answers(200, "{}", "application/json"),
    "is not there": answers(404, "<html><body>no such page</body></html>"),
}


@pytest.fixture
def judged(project: Path, harness: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose candidate may be promoted."""
    for name in ("MAX_RETRIES", "TIMEOUT", "BACKOFF_FACTOR"):
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", "1")
    rows = scored_rows(400)
    made = pa.array([f"models:/fraud/2@sha256:{'2' * 64}"] * 400)
    pq.write_table(rows.append_column("made", made), project / "scores.parquet")
    (project / "s.suite.yaml").write_text(SUITE)
    write_trust(project / "ci", SIGNERS)
    (project / "ci" / "gates.yaml").write_text(GATES)
    assert 0 == harness("run", "s.suite.yaml", "--signer", "file:ci/ci.key").code
    return project


def test_a_server_that_does_not_answer_as_mlflow_moves_nothing_in_bounded_time(judged: Path, harness: Command) -> None:
    release = ("--signer", "file:ci/release.key")
    commands = {
        "gate": ("gate", "production", "--candidate", "models:/fraud/2"),
        "promote": ("promote", "production", "--candidate", "models:/fraud/2", *release),
        "rollback": ("rollback", "production", *release),
        "audit": ("audit",),
    }
    for trouble, server in TROUBLES.items():
        with server() as uri:
            (judged / "ci" / "gates.yaml").write_text(GATES.replace("URI", uri))
            for name, arguments in commands.items():
                began = time.monotonic()

                done = harness(*arguments)

                about = (trouble, name, done)
                assert time.monotonic() - began < BOUND, about
                assert (1 if name == "audit" else 3) == done.code, about
                said = done.out + done.err
                assert name in ("gate", "audit") or "nothing was moved: registry mlflow" in said, about
                assert "registry mlflow cannot say who is promoted: MLflow was asked for fraud@champion" in said, about
                assert "check tracking_uri and that the store answers" in said, about
        assert not (judged / ".harness" / "promotions").exists(), trouble


@pytest.mark.parametrize("model", ["models:/fraud/2", "models:/fraud@champion"])
@pytest.mark.parametrize("trouble", ["says nothing", "is another service"])
def test_a_server_that_names_no_files_names_no_model(trouble: str, model: str) -> None:
    with TROUBLES[trouble]() as uri, pytest.raises(HarnessError, match="cannot be looked up: .*the server") as raised:
        locate_model(model, Store(tracking_uri=uri))

    assert not isinstance(raised.value, Absent)


@pytest.mark.parametrize(("given", "expected"), [({}, "20 2"), ({"MLFLOW_HTTP_REQUEST_TIMEOUT": "300"}, "300 2")])
def test_a_server_is_given_up_within_a_minute_unless_the_environment_says_otherwise(
    given: Mapping[str, str], expected: str
) -> None:
    names = ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    asked = f"import os, harness_mlflow; print(*(os.environ[name] for name in {names}))"
    env = {name: value for name, value in os.environ.items() if name not in names}

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, env={**env, **given})

    assert expected == done.stdout.strip(), done.stderr
