"""What the generator is told and what it tells: plain files, as it runs in a process of its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter

from harness import Expect

PLAN = "plan.json"
DUE = "due.npy"
SHOTS = "shots.npz"
FAULT = "fault.txt"  # why the generator could not send its load

Shot = TypeVar("Shot", int, NDArray[np.int64])  # the number of a request, or those of many

# Statuses of requests that got no HTTP answer.
TIMED_OUT, CLOSED, REFUSED, GARBLED, OTHER_JSON, NO_TLS, UNREACHABLE, BROKEN = 0, -1, -2, -3, -4, -5, -6, -7
WHY = {
    TIMED_OUT: "timed out",
    CLOSED: "connection closed",
    REFUSED: "connection refused",
    GARBLED: "not HTTP",
    OTHER_JSON: "other JSON than expected",
    NO_TLS: "no TLS connection",
    UNREACHABLE: "host unreachable",
    BROKEN: "a stream without its first token or its end",
}
ANY_SUCCESS = Expect()


def describe_failures(statuses: Sequence[int]) -> str:
    """Return what went wrong with requests, by their status, and how often."""
    return ", ".join(
        f"{count} x {WHY.get(status, f'HTTP {status}')}" for status, count in Counter(statuses).most_common(3)
    )


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where requests go."""

    host: str
    port: int
    tls: bool = False

    def __str__(self) -> str:
        """Return host and port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What a streamed answer holds: a text from its first token on, and one in its last line; without it, it broke."""

    first: bytes
    last: bytes


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One load: where to, which requests (as bytes on the wire, in turn), and within which limits.

    `expects` holds what is an answer to each of the requests; without it, any status of 2xx is. With `marks`, answers
    are streams.
    """

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    endpoints: tuple[Endpoint, ...]
    requests: Sequence[bytes]
    connections: int
    timeout: float
    expects: Sequence[Expect] = ()
    marks: Marks | None = None

    def endpoint_of(self, shot: Shot) -> Shot:
        """Return which endpoint gets a request: all in turn, and each is first as often as any other."""
        count = len(self.endpoints)
        return (shot + shot // count) % count

    def request_of(self, shot: int) -> bytes:
        """Return what is sent: the same to every endpoint before the next."""
        return self.requests[self._turn(shot)]

    def expect_of(self, shot: int) -> Expect:
        """Return what is an answer to it."""
        return self.expects[self._turn(shot)] if self.expects else ANY_SUCCESS

    def _turn(self, shot: int) -> int:
        return shot // len(self.endpoints) % len(self.requests)

    def write(self, folder: Path, due: NDArray[np.float64]) -> None:
        """Write the plan, and when each request is due."""
        np.save(folder / DUE, due)
        (folder / PLAN).write_bytes(PLANS.dump_json(self, by_alias=True))


PLANS = TypeAdapter(Plan)


def read_plan(folder: Path) -> tuple[Plan, list[float]]:
    """Return the plan in a folder, and when each request is due."""
    return PLANS.validate_json((folder / PLAN).read_bytes()), np.load(folder / DUE).tolist()
