"""Keeps histories in a store that holds one value for a key, as Feast and Hopsworks do: read, add, write back."""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from struct import Struct
from typing import Protocol, TypeVar

from fraud_target.online import DELAY, LONGEST, SEEN, SPENT, History
from fraud_target.payments import Chargeback, Payment
from fraud_target.store import MOST_EVENTS, StoreDown

T = TypeVar("T")
SPENDING, SEEING, FRAUDS, LOADED = "fraud_spent", "fraud_seen", "fraud_frauds", "fraud_loaded"
WIDTHS = {SPENDING: SPENT.size, SEEING: SEEN.size, FRAUDS: SEEN.size, LOADED: 1}
INSTANT = Struct(">q")
SECONDS = 1.0  # for one question, whatever the store does


@dataclass(frozen=True, kw_only=True)
class Row:
    """One key's events, in the order of time, and how often it was written: stores keep the row that is newest."""

    events: bytes = b""
    writes: int = 0

    def pack(self) -> bytes:
        """Return one value."""
        return INSTANT.pack(self.writes) + self.events

    @classmethod
    def unpack(cls, value: bytes | None) -> "Row":
        """Return what a value holds; no value is an empty row."""
        return cls(events=value[INSTANT.size :], writes=INSTANT.unpack_from(value)[0]) if value else cls()

    def between(self, width: int, after: int, until: int) -> bytes:
        """Return the events after an instant, up to and with another."""
        events = _split(self.events, width)
        begin, end = (bisect_left(events, INSTANT.pack(max(at, -1) + 1)) for at in (after, until))
        return b"".join(events[begin:end])

    def with_event(self, width: int, event: bytes) -> "Row":
        """Return the row with one more event; one that is there already is not added."""
        events = _split(self.events, width)
        if event not in events:
            insort(events, event)
        return Row(events=b"".join(events[-MOST_EVENTS:]), writes=self.writes + 1)


class Rows(Protocol):
    """What we ask of a key-value feature store; OSError if it does not answer."""

    def read(self, table: str, keys: Sequence[int]) -> Mapping[int, bytes]:
        """Return the values of the keys that have one."""

    def write(self, table: str, rows: Mapping[int, Row]) -> None:
        """Replace the values of keys."""


class RowStore:
    """A feature store on rows; only one process may write, as what is read is written back."""

    def __init__(self, rows: Rows) -> None:
        self._rows, self._thread = rows, ThreadPoolExecutor(1, "rows")

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return each payment's history, those before it in the batch included, and add the payments."""
        return await self._ask(lambda: self._taken(payments))

    async def report(self, chargeback: Chargeback) -> None:
        """Add a fraud to its terminal."""
        event = SEEN.pack(chargeback.seconds, chargeback.transaction_id)
        await self._ask(lambda: self._add_event(FRAUDS, chargeback.terminal_id, event))

    async def ready(self) -> bool:
        """Tell whether a whole history is loaded."""
        try:
            return await self._ask(self._is_loaded)
        except StoreDown:
            return False

    async def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _taken(self, payments: Sequence[Payment]) -> list[History]:
        if not self._is_loaded():
            raise StoreDown("the store holds no whole history; load it with `fraud-target load`")
        spent = self._read(SPENDING, [payment.customer_id for payment in payments])
        seen = self._read(SEEING, [payment.terminal_id for payment in payments])
        frauds = self._read(FRAUDS, [payment.terminal_id for payment in payments])
        found = [_taken(payment, spent, seen, frauds) for payment in payments]
        self._rows.write(SPENDING, spent)
        self._rows.write(SEEING, seen)
        return found

    def _read(self, table: str, keys: Sequence[int]) -> dict[int, Row]:
        values = self._rows.read(table, sorted(set(keys)))
        return {key: Row.unpack(values.get(key)) for key in keys}

    def _add_event(self, table: str, key: int, event: bytes) -> None:
        self._rows.write(table, {key: self._read(table, [key])[key].with_event(WIDTHS[table], event)})

    def _is_loaded(self) -> bool:
        return bool(self._read(LOADED, [0])[0].events)

    async def _ask(self, question: Callable[[], T]) -> T:
        """Return an answer that came in time; the thread asks one question after the other."""
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.get_running_loop().run_in_executor(self._thread, question)
        except TimeoutError:
            raise StoreDown(f"the store does not answer within {SECONDS:g} s") from None
        except OSError as trouble:
            raise StoreDown(f"the store does not answer: {trouble}"[:200]) from trouble


def fill(rows: Rows, table: str, histories: Mapping[int, Sequence[bytes]]) -> None:
    """Put whole histories in, over those that are there."""
    before = rows.read(table, sorted(histories))
    found = {
        key: Row(events=b"".join(sorted(set(events))[-MOST_EVENTS:]), writes=Row.unpack(before.get(key)).writes + 1)
        for key, events in histories.items()
    }
    rows.write(table, found)


def instant_of(event: bytes) -> int:
    """Return when an event was, in seconds of the epoch."""
    seconds: int = INSTANT.unpack_from(event)[0]
    return seconds


def _taken(payment: Payment, spent: dict[int, Row], seen: dict[int, Row], frauds: Mapping[int, Row]) -> History:
    """Return a payment's history and add it to the rows."""
    now, customer, terminal = payment.seconds, payment.customer_id, payment.terminal_id
    delayed = (now - DELAY - LONGEST, now - DELAY)
    found = History(
        spent=spent[customer].between(SPENT.size, now - LONGEST, now),
        seen=seen[terminal].between(SEEN.size, *delayed),
        frauds=frauds[terminal].between(SEEN.size, *delayed),
    )
    spent[customer] = spent[customer].with_event(SPENT.size, SPENT.pack(now, payment.cents, payment.transaction_id))
    seen[terminal] = seen[terminal].with_event(SEEN.size, SEEN.pack(now, payment.transaction_id))
    return found


def _split(events: bytes, width: int) -> list[bytes]:
    return [events[at : at + width] for at in range(0, len(events), width)]
