"""Turns a target and its rows into requests as they go over the wire."""

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Protocol, runtime_checkable
from urllib.parse import SplitResult, urlsplit

from harness import Dataset, HarnessError, Target, UsageError
from harness_latency.plan import Endpoint

PORTS = {"http": 80, "https": 443}
MOST = 10_000  # different requests; more are sent again in turn


class Call(Protocol):
    """One request, as a target makes it of a row."""

    @property
    def method(self) -> str:
        """Return GET, POST or PUT."""

    @property
    def path(self) -> str:
        """Return the path below the target's URL, with its query."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers besides Host and Content-Length."""

    @property
    def body(self) -> bytes:
        """Return the body, or nothing."""


@runtime_checkable
class Asked(Protocol):
    """What a target must offer besides its URL for load to be put on it."""

    def call(self, row: Mapping[str, object]) -> Call:
        """Return the request for one row."""


def endpoint(url: str | None) -> Endpoint:
    """Return where a URL points to."""
    if url is None:
        raise UsageError("this target has no url, so there is nothing to time; use `kind: http`, or one that is served")
    parts = _parts(url)
    return Endpoint(host=parts.hostname or "", port=parts.port or PORTS[parts.scheme], tls=parts.scheme == "https")


def requests(target: Target, data: Dataset | None, count: int) -> Sequence[bytes]:
    """Return up to `count` requests, one for each row of the data (without data, one); they are sent in turn."""
    if not isinstance(target, Asked):
        raise UsageError("this target makes no requests of rows (it has no `call`); use `kind: http` with a `request`")
    rows: Sequence[Mapping[str, object]] = [{}] if data is None else first_rows(data, min(count, MOST))
    url = _parts(target.url or "")
    return [on_the_wire(target.call(row), url) for row in rows]


def first_rows(data: Dataset, count: int) -> Sequence[Mapping[str, object]]:
    """Return the first rows of a dataset."""
    rows = list(islice(chain.from_iterable(batch.to_pylist() for batch in data.batches()), count))
    if not rows:
        raise HarnessError(f"dataset {data.name!r} ({data.uri}) has no rows to make requests of")
    return rows


def on_the_wire(call: Call, url: SplitResult) -> bytes:
    """Return a request as HTTP/1.1 bytes."""
    headers = {"Host": url.netloc.rpartition("@")[2], "Content-Length": str(len(call.body)), **call.headers}
    lines = [f"{call.method} {url.path.rstrip('/')}{call.path or '/'} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    broken = [line for line in lines if "\r" in line or "\n" in line]
    if broken:
        raise UsageError(f"a request's path or header holds a line break: {broken[0]!r}; take it out")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + call.body


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise UsageError(f"load goes to http://HOST:PORT or https://HOST; found {url!r}")
    return parts
