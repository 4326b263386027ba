"""Keeps what payments did lately, by customer and by terminal: one round trip reads a history and adds to it."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeVar, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from fraud_target.online import DELAY, LONGEST, SEEN, SPENT, History
from fraud_target.payments import Chargeback, Payment

T = TypeVar("T")
LOADED = "fraud:loaded"  # set when a whole history is in: features of half a history would be wrong scores
MOST_EVENTS = 5_000  # kept for one customer or terminal, whatever is sent
SECONDS = 0.25  # to connect, and to answer

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

    def __init__(self, url: str, *, connections: int = 256) -> None:
        pool = ConnectionPool.from_url(
            url,
            max_connections=connections,
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
            retry=Retry(NoBackoff(), 1),  # a connection may be stale after a restart; what is sent twice counts once
        )
        self._redis = Redis.from_pool(pool)
        self._digest = ""

    async def take(self, payments: Sequence[Payment]) -> Sequence[History]:
        """Return each payment's history and add the payments, all in one round trip."""
        found = await self._answered(self._taken(payments))
        if any(parts is None for parts in found):
            raise StoreDown("the store holds no whole history; load it with `fraud-target load`")
        return [History(spent=parts[0], seen=parts[1], frauds=parts[2]) for parts in found if parts is not None]

    async def report(self, chargeback: Chargeback) -> None:
        """Add a fraud to its terminal."""
        member = SEEN.pack(chargeback.seconds, chargeback.transaction_id)
        await self._answered(
            cast(Awaitable[int], self._redis.zadd(frauds_key(chargeback.terminal_id), {member: chargeback.seconds}))
        )

    async def ready(self) -> bool:
        """Tell whether a whole history is loaded."""
        try:
            return bool(await self._answered(self._redis.exists(LOADED)))
        except StoreDown:
            return False

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _taken(self, payments: Sequence[Payment]) -> list[list[bytes] | None]:
        """Run the script for each payment; a store that forgot the script is taught it again."""
        try:
            return await self._sent(payments)
        except NoScriptError:
            self._digest = await self._redis.script_load(TAKE)
            return await self._sent(payments)

    async def _sent(self, payments: Sequence[Payment]) -> list[list[bytes] | None]:
        if not self._digest:
            raise NoScriptError
        if len(payments) == 1:
            return [
                await cast(Awaitable[list[bytes] | None], self._redis.evalsha(self._digest, 4, *_asked(payments[0])))
            ]
        pipeline = self._redis.pipeline(transaction=False)
        for payment in payments:
            pipeline.evalsha(self._digest, 4, *_asked(payment))
        return list(await pipeline.execute())

    async def _answered(self, question: Awaitable[T]) -> T:
        """Return an answer that came in time."""
        try:
            async with asyncio.timeout(4 * SECONDS):
                return await question
        except (RedisError, OSError, TimeoutError) as trouble:
            raise StoreDown(f"the store does not answer: {type(trouble).__name__}") from trouble


def spent_key(customer: int) -> str:
    """Return where a customer's payments are kept."""
    return f"fraud:c:{customer}"


def seen_key(terminal: int) -> str:
    """Return where a terminal's payments are kept."""
    return f"fraud:t:{terminal}"


def frauds_key(terminal: int) -> str:
    """Return where a terminal's frauds are kept."""
    return f"fraud:f:{terminal}"


def _asked(payment: Payment) -> list[str | int | bytes]:
    """Return the script's keys and arguments."""
    now = payment.seconds
    keys = [LOADED, spent_key(payment.customer_id), seen_key(payment.terminal_id), frauds_key(payment.terminal_id)]
    windows = [now, now - LONGEST, now - DELAY, now - DELAY - LONGEST]
    spent = SPENT.pack(now, payment.cents, payment.transaction_id)
    return [*keys, *windows, spent, SEEN.pack(now, payment.transaction_id)]
