"""Keeps what payments did lately, by customer and by terminal: one round trip reads a history and adds to it."""

import asyncio
from collections.abc import Sequence
from hashlib import sha1
from typing import Any, Protocol

from hiredis import HiredisError

from fraud_target.online import DELAY, LONGEST, SEEN, SPENT, History
from fraud_target.payments import Chargeback, Payment
from fraud_target.wire import Command, Wire

LOADED = "fraud:loaded"  # set when a whole history is in: features of half a history would be wrong scores
MOST_EVENTS = 5_000  # kept for one customer or terminal, whatever is sent
SECONDS = 1.0  # to connect and to answer

# Reads three windows, then adds the payment. Sets, so a payment that is sent twice counts once.
TAKE = f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local spent = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], ARGV[1])
local seen = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[4], ARGV[3])
local frauds = redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. ARGV[4], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[6])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -{MOST_EVENTS + 1})
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -{MOST_EVENTS + 1})
return {{table.concat(spent), table.concat(seen), table.concat(frauds)}}
"""
DIGEST = sha1(TAKE.encode(), usedforsecurity=False).hexdigest()


class StoreDown(Exception):
    """The store does not answer, or holds no whole history."""


class FeatureStore(Protocol):
    """What the service asks of a store."""

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return each payment's history, and remember the payment for those after it; StoreDown if it cannot."""

    async def report(self, chargeback: Chargeback) -> None:
        """Remember a fraud."""

    async def ready(self) -> bool:
        """Tell whether it answers and holds a whole history."""

    async def close(self) -> None:
        """Let go of its connections."""


class ValkeyStore:
    """A store on Valkey or Redis."""

    def __init__(self, url: str) -> None:
        self._wire = Wire(url)

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return each payment's history and add the payments, all in one round trip."""
        found = await self._ask([_take_command(payment) for payment in payments])
        if any(parts is None for parts in found):
            raise StoreDown("the store holds no whole history; load it with `fraud-target load`")
        return [History(spent=parts[0], seen=parts[1], frauds=parts[2]) for parts in found]

    async def report(self, chargeback: Chargeback) -> None:
        """Add a fraud to its terminal."""
        member = SEEN.pack(chargeback.seconds, chargeback.transaction_id)
        await self._ask([("ZADD", frauds_key(chargeback.terminal_id), chargeback.seconds, member)])

    async def ready(self) -> bool:
        """Tell whether a whole history is loaded."""
        try:
            return bool((await self._ask([("EXISTS", LOADED)]))[0])
        except StoreDown:
            return False

    async def close(self) -> None:
        """Close the connection."""
        self._wire.drop()

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        """Return replies that came in time; a store that forgot the script is taught it again."""
        try:
            async with asyncio.timeout(SECONDS):
                replies = await self._wire.ask(*commands)
                if _forgot(replies):
                    replies = (await self._wire.ask(("SCRIPT", "LOAD", TAKE), *commands))[1:]
        except TimeoutError:
            self._wire.drop()  # a reply that comes after all must not be taken for the next one's
            raise StoreDown(f"the store does not answer within {SECONDS:g} s") from None
        except (HiredisError, OSError) as trouble:
            raise StoreDown(f"the store does not answer: {type(trouble).__name__}") from trouble
        for reply in replies:
            if isinstance(reply, HiredisError):
                raise StoreDown(f"the store refuses: {str(reply)[:80]}") from reply
        return replies


def _forgot(replies: Sequence[Any]) -> bool:
    return any(isinstance(reply, HiredisError) and str(reply).startswith("NOSCRIPT") for reply in replies)


def customer_key(customer: int) -> str:
    """Return where a customer's payments are kept."""
    return f"fraud:c:{customer}"


def terminal_key(terminal: int) -> str:
    """Return where a terminal's payments are kept."""
    return f"fraud:t:{terminal}"


def frauds_key(terminal: int) -> str:
    """Return where a terminal's frauds are kept."""
    return f"fraud:f:{terminal}"


def _take_command(payment: Payment) -> Command:
    """Return the call of the script for one payment."""
    now = payment.seconds
    return (
        *("EVALSHA", DIGEST, 4),
        *(
            LOADED,
            customer_key(payment.customer_id),
            terminal_key(payment.terminal_id),
            frauds_key(payment.terminal_id),
        ),
        *(now, now - LONGEST, now - DELAY, now - DELAY - LONGEST),
        *(SPENT.pack(now, payment.cents, payment.transaction_id), SEEN.pack(now, payment.transaction_id)),
    )
