"""Runs that a stage starts on another server: what the file says of them, and how one is followed to its end.

A run is known by its key, which the server shows: so one that was asked for by a process that was killed is found
again, and none is asked for twice.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from harness import HarnessError, write_atomic
from harness_ci.jobs import Ended
from harness_ci.spans import Secret, Span, Strict

PAUSE = 5.0  # seconds between looks
APPEARS = 120.0  # seconds in which a run that was asked for must be seen
PAYLOAD = 10  # keys that GitHub takes, of which two are ours
ADDRESS = r"^https?://[^\s?#@]+$"
Address = Annotated[str, Field(pattern=ADDRESS)]


class GitHubRun(Strict):
    """A workflow of GitHub Actions that `repository_dispatch` starts, and whose `run-name` is the key."""

    at: Literal["github"]
    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    workflow: Annotated[str, Field(pattern=r"^[\w.-]+\.ya?ml$")]
    event: Annotated[str, Field(min_length=1, max_length=100)]
    token: Secret
    api: Address = "https://api.github.com"
    params: Mapping[str, str] = {}
    timeout: Span = timedelta(hours=4)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.params) > PAYLOAD - 2:
            raise ValueError(
                f"GitHub takes {PAYLOAD} values, of which two are the key and the revision; leave some out"
            )
        return self


class JenkinsBuild(Strict):
    """A job of Jenkins that takes the parameter HARNESS_CI_KEY; `revision` names the one that is the commit."""

    at: Literal["jenkins"]
    url: Address
    job: Annotated[str, Field(pattern=r"^\w[\w. -]*(/\w[\w. -]*)*$")]
    user: str
    token: Secret
    params: Mapping[str, str] = {}
    revision: str | None = "HARNESS_CI_REVISION"
    timeout: Span = timedelta(hours=4)


class KubeflowRun(Strict):
    """A version of a pipeline in Kubeflow, run in an experiment; all three by their ids."""

    at: Literal["kubeflow"]
    url: Address
    pipeline: str
    version: str
    experiment: str
    token: Secret | None = None
    params: Mapping[str, str] = {}
    revision: str | None = None
    timeout: Span = timedelta(hours=4)


Elsewhere = Annotated[GitHubRun | JenkinsBuild | KubeflowRun, Field(discriminator="at")]


class Away(HarnessError):
    """A server did not answer, or said that it cannot now: asked again, it may."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a run stands, by its server's name for it; `passed` is None as long as it runs."""

    run: str
    passed: bool | None
    said: str


class Server(Protocol):
    """Starts runs, and finds them by their key; HarnessError where it refuses, Away where it may later."""

    def look(self, key: str) -> Standing | None:
        """Return how the run of a key stands; None where there is none."""
        ...

    def start(self, key: str, revision: str) -> None:
        """Ask for a run."""
        ...

    def cancel(self, run: str) -> None:
        """Ask that a run ends."""
        ...


def follow(
    server: Server, key: str, revision: str, folder: Path, timeout: float, is_cancelled: Callable[[], bool],
    *, pause: float = PAUSE, appears: float = APPEARS,
) -> Ended:  # fmt: skip
    """Ask for a run once, whoever asked for it before, and return how it ended; it takes `timeout` seconds at most.

    What was asked for and is not seen in `appears` seconds is an error: nobody knows whether it runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known: Standing | None = None
    seen = time.monotonic()
    while True:
        try:
            found, away = _look(server, key, revision, folder), ""
        except Away as error:
            found, away = None, str(error)
        except HarnessError as error:
            return _give_up(str(error))
        known = found or known
        if found or (away and known):
            seen = time.monotonic()
        if found and found.passed is not None:
            return Ended(code=0 if found.passed else 1, out="", err=found.said)
        over = _describe_end(folder, timeout, is_cancelled())
        if over and (known or not (folder / "asked").exists()):  # else it may begin yet, and is ended then
            return _give_up(f"{known.said if known else away or 'not started'}; {over}{_end(server, known)}")
        if not found and not (away and known) and time.monotonic() - seen > appears:
            return _give_up(_describe_missing(known, away, folder, appears, key))
        time.sleep(pause)


def _look(server: Server, key: str, revision: str, folder: Path) -> Standing | None:
    """Return how the run stands; where there is none, and nobody asked for it yet, ask."""
    found = server.look(key)
    asked = folder / "asked"
    if found is None and not asked.exists():
        write_atomic(asked, str(time.time()))  # before it is asked: what is asked twice runs twice
        try:
            server.start(key, revision)
        except Away:
            raise
        except HarnessError:  # it said no, so nothing runs
            asked.unlink()
            raise
    return found


def _describe_end(folder: Path, timeout: float, is_cancelled: bool) -> str:
    """Return why a run is not waited for any longer; nothing where it is."""
    if is_cancelled:
        return "cancelled"
    return f"took longer than {timeout:.0f} s" if time.time() > _moment_asked(folder) + timeout else ""


def _moment_asked(folder: Path) -> float:
    asked = folder / "asked"
    return float(asked.read_text()) if asked.exists() else time.time()


def _describe_missing(known: Standing | None, away: str, folder: Path, appears: float, key: str) -> str:
    if known:
        return f"{known.said}, and is not there any more: somebody cancelled or removed it"
    if not (folder / "asked").exists():
        return f"{away}; nothing was started; send the event again when it is back"
    said = f"{away}, and " if away else ""
    return f"{said}no run {key} was seen {appears:.0f} s after it was asked for; look there, then send the event again"


def _end(server: Server, known: Standing | None) -> str:
    """End a run, and return what became of that, in words."""
    if known is None:
        return ""
    try:
        server.cancel(known.run)
    except HarnessError as error:
        return f", and it could not be ended there: {error}"
    return ", and was ended there"


def _give_up(problem: str) -> Ended:
    return Ended(code=1, out="", err="", problem=problem)
