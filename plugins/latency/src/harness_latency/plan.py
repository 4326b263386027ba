"""What the generator is told and what it tells: plain files, as it runs in a process of its own."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

PLAN = "plan.json"
DUE = "due.npy"
SHOTS = "shots.npz"

Shot = TypeVar("Shot", int, NDArray[np.int64])  # the number of a request, or those of many

# Statuses of requests that got no HTTP answer.
TIMED_OUT, CLOSED, REFUSED, GARBLED = 0, -1, -2, -3
WHY = {TIMED_OUT: "timed out", CLOSED: "connection closed", REFUSED: "connection refused", GARBLED: "not HTTP"}


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
class Plan:
    """One load: where to, which requests (as bytes on the wire, in turn), and within which limits."""

    endpoints: tuple[Endpoint, ...]
    requests: Sequence[bytes]
    connections: int
    timeout: float

    def endpoint_of(self, shot: Shot) -> Shot:
        """Return which endpoint gets a request: all in turn, and each is first as often as any other."""
        count = len(self.endpoints)
        return (shot + shot // count) % count

    def request_of(self, shot: int) -> bytes:
        """Return what is sent: the same to every endpoint before the next."""
        return self.requests[shot // len(self.endpoints) % len(self.requests)]

    def write(self, folder: Path, due: NDArray[np.float64]) -> None:
        """Write the plan, and when each request is due."""
        np.save(folder / DUE, due)
        plain = {**asdict(self), "requests": [request.decode("latin-1") for request in self.requests]}
        (folder / PLAN).write_text(json.dumps(plain), encoding="ascii")


def read_plan(folder: Path) -> tuple[Plan, list[float]]:
    """Return the plan in a folder, and when each request is due."""
    plain = json.loads((folder / PLAN).read_text(encoding="ascii"))
    plan = Plan(
        endpoints=tuple(Endpoint(**endpoint) for endpoint in plain["endpoints"]),
        requests=[request.encode("latin-1") for request in plain["requests"]],
        connections=plain["connections"],
        timeout=plain["timeout"],
    )
    return plan, np.load(folder / DUE).tolist()
