"""Turns a target and its rows into requests as they go over the wire."""

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from urllib.parse import SplitResult, urlsplit

from harness import Dataset, Expect, HarnessError, Request, Service, Target, UsageError
from harness_latency.plan import Endpoint

PORTS = {"http": 80, "https": 443}
MOST = 10_000  # different requests; more are sent again in turn


def endpoint(url: str | None) -> Endpoint:
    """Return where a URL points to."""
    if url is None:
        raise UsageError("this target has no url, so there is nothing to time; use `kind: http`, or one that is served")
    parts = _parts(url)
    return Endpoint(host=parts.hostname or "", port=parts.port or PORTS[parts.scheme], tls=parts.scheme == "https")


def requests(target: Target, data: Dataset | None, count: int) -> tuple[Sequence[bytes], Sequence[Expect]]:
    """Return up to `count` requests, which are sent in turn, and what each expects.

    There is one for each row of the data; without data, one.
    """
    if not isinstance(target, Service):
        raise UsageError(
            "this target makes no requests of rows (it has no `request` and `send`); use `kind: http` with a `request`"
        )
    rows: Sequence[Mapping[str, object]] = [{}] if data is None else first_rows(data, min(count, MOST))
    url = _parts(target.url or "")
    made = [target.request(row) for row in rows]
    return [on_the_wire(each, url) for each in made], [each.expect for each in made]


def first_rows(data: Dataset, count: int) -> Sequence[Mapping[str, object]]:
    """Return the first rows of a dataset."""
    rows = list(islice(chain.from_iterable(batch.to_pylist() for batch in data.batches()), count))
    if not rows:
        raise HarnessError(f"dataset {data.name!r} ({data.uri}) has no rows to make requests of")
    return rows


def on_the_wire(request: Request, url: SplitResult) -> bytes:
    """Return a request as HTTP/1.1 bytes."""
    headers = {"Host": url.netloc.rpartition("@")[2], "Content-Length": str(len(request.body)), **request.headers}
    lines = [f"{request.method} {url.path.rstrip('/')}{request.path or '/'} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    broken = [line for line in lines if "\r" in line or "\n" in line]
    if broken:
        raise UsageError(f"a request's path or header holds a line break: {broken[0]!r}; take it out")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body


def _parts(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise UsageError(f"load goes to http://HOST:PORT or https://HOST; found {url!r}")
    return parts
