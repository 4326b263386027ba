"""The features of one payment from the history a store returns: the same numbers as the offline table."""

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from fraud_target.features import (
    DAY_SECONDS,
    FIRST_WEEKEND_DAY,
    LABEL_DELAY_DAYS,
    LAST_NIGHT_HOUR,
    WINDOW_DAYS,
)
from fraud_target.payments import Payment

# Members of the store's sorted sets, as bytes: customers' payments, terminals' payments and frauds.
SPENT = struct.Struct(">qqq")  # seconds, cents, transaction
SEEN = struct.Struct(">qq")  # seconds, transaction
LONGEST = max(WINDOW_DAYS) * DAY_SECONDS
DELAY = LABEL_DELAY_DAYS * DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class History:
    """What a store knows of a payment's customer and terminal: members of SPENT and SEEN, by time, end to end."""

    spent: bytes
    seen: bytes
    frauds: bytes


def features_of(payment: Payment, history: History) -> list[float]:
    """Return the features in the order of FEATURES."""
    now = payment.seconds
    return [
        payment.amount,
        float((now // DAY_SECONDS + 3) % 7 >= FIRST_WEEKEND_DAY),
        float(now % DAY_SECONDS // 3600 <= LAST_NIGHT_HOUR),
        *_customer(payment, history.spent),
        *_terminal(now, history),
    ]


def _customer(payment: Payment, spent: bytes) -> list[float]:
    """Return count and mean amount of the customer's payments in each window, this one included (once)."""
    others = [event for event in SPENT.iter_unpack(spent) if event[2] != payment.transaction_id]
    instants = [event[0] for event in others]
    found: list[float] = []
    for days in WINDOW_DAYS:
        within = others[bisect_right(instants, payment.seconds - days * DAY_SECONDS) :]
        count = len(within) + 1
        total = sum(event[1] for event in within) + payment.cents
        found += [float(count), total / (100 * count)]
    return found


def _terminal(now: int, history: History) -> list[float]:
    """Return count and share of fraud of the terminal's payments in windows that end when labels are known."""
    seen, frauds = (_instants(members) for members in (history.seen, history.frauds))
    found: list[float] = []
    for days in WINDOW_DAYS:
        begin, end = now - DELAY - days * DAY_SECONDS, now - DELAY
        count = _between(seen, begin, end)
        found += [float(count), _between(frauds, begin, end) / max(count, 1)]
    return found


def _instants(members: bytes) -> list[int]:
    return [event[0] for event in SEEN.iter_unpack(members)]


def _between(instants: Sequence[int], begin: int, end: int) -> int:
    """Count the instants after begin, up to and with end."""
    return bisect_right(instants, end) - bisect_right(instants, begin)
