"""Sends a call to its endpoint: again only where it got no answer, with jitter, and not beyond its deadline."""

import asyncio
import random
import time
from dataclasses import dataclass
from decimal import Decimal

from harness_models.books import Books, Sent
from harness_models.calls import Call, RefusedCallError
from harness_models.pace import Pace
from harness_models.upstream import BrokenError, Reply, UnreachableError, Upstream

OK = 200
BUSY = (429, 503, 529)  # it was not worked on
LOST = (408, 502, 504)  # nobody knows whether it was
TRIES = 6
FIRST_WAIT, LONGEST_WAIT = 0.25, 20.0  # seconds between tries
DEAD_AFTER = 20  # calls in a row that got no reply at all, whatever was tried


@dataclass(frozen=True, kw_only=True)
class Replied:
    """What an endpoint replied to a call, whatever its status."""

    status: int
    kind: str
    body: bytes
    sent: Sent


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Why a try got no answer, how long to wait before the next, and whether it may have cost its worst case."""

    why: str
    kind: str
    wait: float = 0.0
    may_cost: bool = True
    is_silent: bool = False


class Sender:
    """Sends the calls of one endpoint."""

    def __init__(self, upstream: Upstream, books: Books, most: int) -> None:
        self.upstream, self.books = upstream, books
        self.pace = Pace(most)
        self.silent = 0  # calls in a row that got no reply

    async def send(self, call: Call, key: str) -> Replied:
        """Return what the endpoint replied to a call; where it did not, or there is no money, the call is refused."""
        until = time.monotonic() + call.endpoint.deadline
        for tried in range(1, 10**6):
            async with self.pace.admit() as since:
                found = await self._try(call, key, until, since)
            if isinstance(found, Replied) or not found.is_silent:
                self.silent = 0
            if isinstance(found, Replied):
                return found
            wait = max(found.wait, _jitter(tried))
            is_out = tried >= TRIES and found.kind != "busy"
            if is_out or time.monotonic() + wait > until:
                self.silent += found.is_silent
                status = 504 if found.kind == "timed_out" else 429 if found.kind == "busy" else 502
                raise RefusedCallError(status, found.kind, f"no answer after {tried} tries: {found.why}")
            await asyncio.sleep(wait)
        raise AssertionError("a call ends by its deadline")

    async def _try(self, call: Call, key: str, until: float, since: float) -> Replied | Lost:
        if self.silent >= DEAD_AFTER:
            message = f"endpoint {call.place.endpoint!r} gave no reply to {self.silent} calls in a row; start it again"
            raise RefusedCallError(503, "dead", message)
        if (left := until - time.monotonic()) <= 0:
            raise RefusedCallError(504, "timed_out", "its deadline passed before it could be sent; see the pace")
        sent = self.books.send(call)
        try:
            await self.books.journal.written()
            found = await self._post(call, key, min(left, call.endpoint.seconds), sent)
        except BaseException:  # nobody knows what became of it
            self.books.settle(sent, sent.worst)
            raise
        if isinstance(found, Lost):
            self.books.settle(sent, sent.worst if found.may_cost else Decimal(0))
        self._heed(found, since)
        return found

    async def _post(self, call: Call, key: str, seconds: float, sent: Sent) -> Replied | Lost:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        try:
            reply = await self.upstream.post(call.place.path, call.body, headers, seconds)
        except UnreachableError as error:
            return Lost(why=f"cannot connect: {error}", kind="errored", may_cost=False, is_silent=True)
        except TimeoutError:
            return Lost(why=f"it took longer than {seconds:g} s", kind="timed_out", is_silent=True)
        except BrokenError as error:
            return Lost(why=f"the connection broke: {error}", kind="errored")
        return _read_reply(reply, sent)

    def _heed(self, found: Replied | Lost, since: float) -> None:
        """Take from what became of a try how many calls may be in flight."""
        if isinstance(found, Replied):
            self.pace.speed_up()
        elif found.kind in ("busy", "timed_out"):
            self.pace.slow_down(since, found.wait)


def _read_reply(reply: Reply, sent: Sent) -> Replied | Lost:
    if reply.status in BUSY:
        wait = _seconds(reply.headers.get("retry-after", ""))
        return Lost(why=f"status {reply.status}", kind="busy", wait=wait, may_cost=False)
    if reply.status in LOST:
        return Lost(why=f"status {reply.status}", kind="errored")
    kind = reply.headers.get("content-type", "application/octet-stream").partition(";")[0].strip().lower()
    return Replied(status=reply.status, kind=kind, body=reply.body, sent=sent)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0 <= found < 3600 else 0.0


def _jitter(tried: int) -> float:
    """Return how long to wait after so many tries: any time up to a bound that doubles, so that calls part."""
    return random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**tried))
