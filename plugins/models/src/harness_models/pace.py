"""How many calls are in flight: more while all goes well, half as many when the other side says it is too much."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

FIRST = 16.0  # calls at once to begin with
LONGEST = 60.0  # seconds that an answer may ask to wait


class Pace:
    """Admits calls to one endpoint: additive increase, multiplicative decrease, as in TCP (Chiu and Jain 1989)."""

    def __init__(self, most: int) -> None:
        self.most = float(most)
        self.limit = min(FIRST, self.most)
        self.in_flight = 0
        self._grows_fast = True
        self._cut = 0.0
        self._quiet_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[float]:
        """Wait for a place among the calls in flight, and keep it meanwhile; gives when it was taken."""
        while self.in_flight >= int(self.limit):
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        self.in_flight += 1
        try:
            if (left := self._quiet_until - time.monotonic()) > 0:
                await asyncio.sleep(left)
            yield time.monotonic()
        finally:
            self.in_flight -= 1
            self._wake()

    def speed_up(self) -> None:
        """Allow more calls: after an answer."""
        self.limit = min(self.most, self.limit + (1.0 if self._grows_fast else 1.0 / self.limit))
        self._wake()

    def slow_down(self, since: float, wait: float = 0.0) -> None:
        """Allow half as many, once for all calls that were on their way `since` before the last cut."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + min(wait, LONGEST))
        if since < self._cut:
            return
        self._cut, self._grows_fast = time.monotonic(), False
        self.limit = max(1.0, self.limit / 2)

    def _wake(self) -> None:
        free = int(self.limit) - self.in_flight
        while self._waiting and free > 0:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1
