"""What the service accepts: payments and chargebacks, strictly typed and bounded."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST_PAYMENTS = 256
YEARS = range(1971, 2200)


def _plain_utc(instant: datetime) -> datetime:
    """Return an instant in UTC without a zone, as all times of the data are."""
    if instant.year not in YEARS:
        raise ValueError(f"must lie in the years {YEARS[0]} to {YEARS[-1]}")
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


Id = Annotated[int, Field(ge=0, lt=2**53)]
Instant = Annotated[datetime, AfterValidator(_plain_utc)]
Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Payment(BaseModel):
    """One card payment that asks for a score; times without a zone are UTC."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    transaction_id: Id
    tx_time: Instant
    customer_id: Id
    terminal_id: Id
    amount: Amount

    @cached_property
    def seconds(self) -> int:
        """Return when the payment was made, in whole seconds of the epoch."""
        return seconds_of(self.tx_time)

    @cached_property
    def cents(self) -> int:
        """Return the amount in cents."""
        return round(self.amount * 100)


class Payments(BaseModel):
    """Payments that are scored in their order, each after those before it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    payments: Annotated[list[Payment], Field(min_length=1, max_length=MOST_PAYMENTS)]


class Chargeback(BaseModel):
    """A payment that turned out to be fraud."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    transaction_id: Id
    tx_time: Instant
    terminal_id: Id

    @cached_property
    def seconds(self) -> int:
        """Return when the payment was made, in whole seconds of the epoch."""
        return seconds_of(self.tx_time)


def seconds_of(instant: datetime) -> int:
    """Return whole seconds of the epoch of an instant in UTC without a zone."""
    return int(instant.replace(tzinfo=UTC, microsecond=0).timestamp())
