"""The rates of the simulated card business: who pays where, how often, how much, and how fraud strikes."""

import math
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import IntEnum

import numpy as np

PLANTS = ("schema", "concept", "bias", "drift")
MAY_BE_ZERO = {"seed", "amount_limit", "terminal_hit_share", "customer_hit_share", "plant_days"}
SHARES = ("terminal_hit_share", "customer_hit_share", "hit_payment_share")


class Stream(IntEnum):
    """Keep the random draws of one part of the process apart from those of the others."""

    CUSTOMERS = 0
    TERMINALS = 1
    TRAFFIC = 2
    TERMINALS_HIT = 3
    CUSTOMERS_HIT = 4
    FRAUD = 5
    REPORTS = 6
    PLANT = 7
    AGES = 8


@dataclass(frozen=True, kw_only=True)
class Process:
    """The whole simulation in one value: equal processes write equal bytes."""

    end: date
    seed: int = 0
    days: int = 79
    customers: int = 16_000
    terminals: int = 100_000
    side: float = 100.0
    radius: float = 5.0
    least_mean_amount: float = 5.0
    most_mean_amount: float = 100.0
    most_payments_a_day: float = 4.0
    amount_limit: float = 220.0
    terminal_hit_share: float = 0.0002
    terminal_hit_days: int = 28
    customer_hit_share: float = 0.0025
    customer_hit_days: int = 5
    hit_payment_share: float = 1 / 3
    hit_payment_factor: float = 5.0
    mature_days: int = 7
    plant: str | None = None
    plant_days: int = 14

    def __post_init__(self) -> None:
        """Refuse rates no business can have."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not (value > 0 or (value == 0 and field.name in MAY_BE_ZERO)):
                least = "0 or more" if field.name in MAY_BE_ZERO else "more than 0"
                raise ValueError(f"{field.name} must be {least}, found {value}")
        for name in SHARES:
            if getattr(self, name) > 1:
                raise ValueError(f"{name} must be a share, at most 1, found {getattr(self, name)}")
        if self.least_mean_amount > self.most_mean_amount:
            raise ValueError(f"least_mean_amount {self.least_mean_amount} is above {self.most_mean_amount}, the most")
        if self.plant is not None and self.plant not in PLANTS:
            raise ValueError(f"no fault {self.plant!r} can be planted; plant one of {', '.join(PLANTS)}")

    @property
    def terminals_hit_a_day(self) -> int:
        """Return how many terminals fall to fraudsters every day."""
        return math.ceil(self.terminals * self.terminal_hit_share - 1e-9)

    @property
    def customers_hit_a_day(self) -> int:
        """Return how many customers' cards fall to fraudsters every day."""
        return math.ceil(self.customers * self.customer_hit_share - 1e-9)

    @property
    def start(self) -> date:
        """Return the first day."""
        return self.end - timedelta(days=self.days - 1)

    @property
    def closes(self) -> datetime:
        """Return the instant the last day is over."""
        return datetime.combine(self.end + timedelta(days=1), time())

    def has_fault_on(self, day: int) -> bool:
        """Tell whether the planted fault shows on this day."""
        return self.plant is not None and day >= self.days - self.plant_days

    def random(self, stream: Stream, day: int = 0) -> np.random.Generator:
        """Return the generator of one stream and day, whatever was drawn before."""
        return np.random.default_rng((self.seed, stream, day))
