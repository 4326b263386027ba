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
    instants, cents, ids = _columns(spent, 3)
    if payment.transaction_id in ids:
        kept = [each for each in zip(instants, cents, ids, strict=True) if each[2] != payment.transaction_id]
        instants, cents = tuple(each[0] for each in kept), tuple(each[1] for each in kept)
    found: list[float] = []
    for days in WINDOW_DAYS:
        within = cents[bisect_right(instants, payment.seconds - days * DAY_SECONDS) :]
        count = len(within) + 1
        found += [float(count), (sum(within) + payment.cents) / (100 * count)]
    return found


def _terminal(now: int, history: History) -> list[float]:
    """Return count and share of fraud of the terminal's payments in windows that end when labels are known."""
    seen, frauds = (_columns(members, 2)[0] for members in (history.seen, history.frauds))
    found: list[float] = []
    for days in WINDOW_DAYS:
        begin, end = now - DELAY - days * DAY_SECONDS, now - DELAY
        count = _between(seen, begin, end)
        found += [float(count), _between(frauds, begin, end) / max(count, 1)]
    return found


def _columns(members: bytes, width: int) -> Sequence[tuple[int, ...]]:
    """Return the columns of members that lie end to end."""
    values = struct.unpack(f">{len(members) // 8}q", members)
    return [values[column::width] for column in range(width)]


def _between(instants: Sequence[int], begin: int, end: int) -> int:
    """Count the instants after begin, up to and with end."""
    return bisect_right(instants, end) - bisect_right(instants, begin)
